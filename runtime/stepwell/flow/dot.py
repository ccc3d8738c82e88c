"""A flow's graph in Graphviz's language."""

from __future__ import annotations

from stepwell.flow.graph import Graph, Step

_SHAPES = {"foreach": "trapezium", "branch": "invtrapezium", "switch": "diamond"}


def dot(graph: Graph) -> str:
    """The graph as a DOT document: a node a step, an edge for each step that follows."""
    lines = [f"digraph {graph.flow} {{", "  node [shape=box, style=rounded, fontname=Helvetica];"]
    for step in graph.values():
        lines.append(f'  "{step.name}" [label="{_label(step)}"{_shape(step)}];')
    lines += [_edge(step, target) for step in graph.values() for target in step.next]
    return "\n".join([*lines, "}"])


def _label(step: Step) -> str:
    if step.kind == "foreach":
        return f"{step.name}\\nfor each of {step.over}"
    return f"{step.name}\\nby {step.condition}" if step.kind == "switch" else step.name


def _edge(step: Step, target: str) -> str:
    keys = step.keys_to(target).replace("\\", "\\\\").replace('"', '\\"')
    return f'  "{step.name}" -> "{target}"' + (f' [label="{keys}"];' if keys else ";")


def _shape(step: Step) -> str:
    shape = "invhouse" if step.takes_inputs else _SHAPES.get(step.kind)
    return f', shape={shape}, style=""' if shape else ""

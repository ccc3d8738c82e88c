"""A flow's graph, drawn with characters."""

from __future__ import annotations

from stepwell.flow.blocks import Element, blocks
from stepwell.flow.graph import Graph


def draw(graph: Graph) -> str:
    """The graph from top to bottom; a step's first line of documentation stands beside it.

    ::

        start      find the carriers
         ╠═ for each of carriers
         ║   fit   fit one carrier's model
        join
        end
    """
    lines = list(_draw(blocks(graph), ""))
    width = max(len(left) for left, _ in lines) + 3
    return "\n".join(f"{left:<{width}}{right}".rstrip() for left, right in lines)


def _draw(elements: tuple[Element, ...], indent: str) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    for element in elements:
        step = element.step
        lines.append((indent + step.name, step.doc.partition("\n")[0]))
        if step.kind == "foreach":
            lines.append((f"{indent} ╠═ for each of {step.foreach}", ""))
            lines.extend(_draw(element.inner[0], f"{indent} ║   "))
        for branch in element.inner if step.kind == "branch" else ():
            lines.append((f"{indent} ├─┐", ""))
            lines.extend(_draw(branch, f"{indent} │ "))
    return lines

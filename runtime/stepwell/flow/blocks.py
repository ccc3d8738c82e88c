"""A graph as nested blocks: what drawing it and compiling it have in common."""

from __future__ import annotations

from dataclasses import dataclass

from stepwell.flow.graph import Graph, Scope, Step


@dataclass(frozen=True, slots=True)
class Element:
    """A step, and the blocks between it and the join that closes it if it splits.

    A branch has a block for each of its branches, a foreach one. A branch that leads straight to
    the join has an empty block.

    Attributes:
        after: the steps of its own block that may follow, a join behind what it joins; none where
            the block ends.
    """

    step: Step
    inner: tuple[tuple[Element, ...], ...] = ()
    after: tuple[str, ...] = ()


def blocks(graph: Graph, scopes: tuple[Scope, ...] = ()) -> tuple[Element, ...]:
    """The steps that stand in just these splits, in the order of a run; the first one is the first run.

    One follows another; after a switch only one of several does.
    """
    inside = [name for name in graph if graph.scopes(name) == scopes]
    return tuple(_element(graph, graph[name], scopes, inside) for name in inside)


def _element(graph: Graph, step: Step, scopes: tuple[Scope, ...], inside: list[str]) -> Element:
    if step.kind not in ("branch", "foreach"):
        return Element(step, after=tuple(name for name in step.next if name in inside))
    branches = step.next if step.kind == "branch" else (None,)
    inner = tuple(blocks(graph, (*scopes, Scope(step.name, branch))) for branch in branches)
    return Element(step, inner, (graph.join_of(step.name),))

"""A graph as nested blocks: what drawing it and compiling it have in common."""

from __future__ import annotations

from dataclasses import dataclass

from stepwell.flow.graph import START, Graph, Step


@dataclass(frozen=True, slots=True)
class Element:
    """A step, and the blocks between it and the join that closes it if it splits.

    A branch has a block for each of its branches, a foreach one. A branch that leads straight to
    the join has an empty block.
    """

    step: Step
    inner: tuple[tuple[Element, ...], ...] = ()


def blocks(graph: Graph, first: str = START, stop: str | None = None) -> tuple[Element, ...]:
    """The steps from `first` up to but without `stop`, one after another."""
    elements: list[Element] = []
    name: str | None = first
    while name is not None and name != stop:
        step = graph[name]
        if step.kind in ("branch", "foreach"):
            join = graph.join_of(name)
            elements.append(Element(step, tuple(blocks(graph, each, join) for each in step.next)))
            name = join
        else:
            elements.append(Element(step))
            name = step.next[0] if step.next else None
    return tuple(elements)

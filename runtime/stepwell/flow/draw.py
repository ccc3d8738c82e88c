"""A flow's graph, drawn with characters."""

from __future__ import annotations

from collections.abc import Iterator

from stepwell.flow.blocks import Element, blocks
from stepwell.flow.graph import Graph, Step

Line = tuple[str, Step | None]
"""What is drawn, and the step that begins there, if one does."""


def draw(graph: Graph) -> str:
    """The graph from top to bottom; a step's first line of documentation stands beside it.

    ::

        start      find the carriers
         ╠═ for each of carriers
         ║   fit   fit one carrier's model
         ║    ↻ state is 'more'
        join
         ◇ quality is 'poor'
         │ mend
         ◇ quality is 'good'
        end
    """
    lines = drawn(graph)
    width = max(len(left) for left, _ in lines) + 3
    docs = [step.doc.partition("\n")[0] if step else "" for _, step in lines]
    return "\n".join(f"{left:<{width}}{doc}".rstrip() for (left, _), doc in zip(lines, docs, strict=True))


def drawn(graph: Graph) -> list[Line]:
    """The lines of the graph, for another text beside each step."""
    return list(_Block(blocks(graph), "").lines())


class _Block:
    """A block of the graph, each of whose steps is drawn once; where a way comes to it again, ``→ step``."""

    def __init__(self, elements: tuple[Element, ...], indent: str) -> None:
        self._elements = {element.step.name: element for element in elements}
        self._indent = indent
        self._drawn: set[str] = set()
        # for each step those that follow it whichever way switches go, nearest first
        self._certain: dict[str, list[str]] = {}
        for name, element in reversed(self._elements.items()):
            ways = [[way, *self._certain[way]] for way in element.after if way != name]
            self._certain[name] = [one for one in ways[0] if all(one in way for way in ways)] if ways else []

    def lines(self) -> Iterator[Line]:
        if self._elements:
            yield from self._from(next(iter(self._elements)), None, self._indent)

    def _from(self, name: str | None, stop: str | None, indent: str) -> Iterator[Line]:
        while name is not None and name != stop:
            if name in self._drawn:
                yield f"{indent}→ {name}", None
                return
            self._drawn.add(name)
            element = self._elements[name]
            yield indent + name, element.step
            name = next(iter(self._certain[name]), None)
            if element.step.kind == "foreach":
                share = f", {element.step.tolerate:.3g} may fail" if element.step.tolerate else ""
                yield f"{indent} ╠═ for each of {element.step.over}{share}", None
                yield from _Block(element.inner[0], f"{indent} ║   ").lines()
            elif element.step.kind == "branch":
                for branch in element.inner:
                    yield f"{indent} ├─┐", None
                    yield from _Block(branch, f"{indent} │ ").lines()
            elif element.step.kind == "switch":
                yield from self._arms(element.step, name, indent)

    def _arms(self, step: Step, stop: str | None, indent: str) -> Iterator[Line]:
        for target in step.next:
            mark = "↻" if target == step.name else "◇"
            yield f"{indent} {mark} {step.condition} is {step.keys_to(target)}", None
            if target != step.name:
                yield from self._from(target, stop, f"{indent} │ ")

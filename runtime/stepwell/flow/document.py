"""A graph as a document that JSON holds, and back: what a run keeps of its flow. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stepwell.flow.graph import Graph, Step

Document = Sequence[dict[str, Any]]
"""An entry a step, in the order of a run; what a step has not is left out."""

_LONGEST_DOC = 200


def to_document(graph: Graph) -> list[dict[str, Any]]:
    """The graph without what only its source has: files, lines, and all but the first line of a text."""
    return [_entry(step) for step in graph.values()]


def from_document(flow: str, document: Document) -> Graph:
    """The graph of which `to_document` made the document."""
    return Graph(flow, [_step(entry) for entry in document])


def _entry(step: Step) -> dict[str, Any]:
    said = {
        "name": step.name, "kind": step.kind, "next": list(step.next), "foreach": step.foreach,
        "takes_inputs": step.takes_inputs, "doc": step.doc.partition("\n")[0][:_LONGEST_DOC],
        "tolerate": step.tolerate, "num_parallel": step.num_parallel, "parallel": step.parallel,
        "condition": step.condition, "cases": [list(case) for case in step.cases],
    }  # fmt: skip
    return {name: value for name, value in said.items() if value}


def _step(entry: dict[str, Any]) -> Step:
    cases = tuple((key, step) for key, step in entry.get("cases", ()))
    return Step(**{**entry, "next": tuple(entry.get("next", ())), "cases": cases})

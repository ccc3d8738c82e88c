"""What a run keeps of its graph."""

from __future__ import annotations

import json

from hypothesis import given, settings

from stepwell.flow.document import from_document, to_document
from stepwell.flow.graph import Graph, Step
from tests.runtime.flow.made_graphs import graphs


@settings(deadline=None, max_examples=60)
@given(graphs())
def test_a_graph_comes_back(graph: Graph) -> None:
    """Through JSON and back, a graph has the same steps, in the same order and the same splits."""
    found = from_document(graph.flow, json.loads(json.dumps(to_document(graph))))
    assert dict(found) == dict(graph) and list(found) == list(graph)
    assert [found.scopes(name) for name in found] == [graph.scopes(name) for name in graph]


def test_keys_of_a_switch_keep_their_types() -> None:
    """A switch over numbers, truth values and texts has them still."""
    cases = ((1, "a"), (True, "b"), ("1", "c"), (1.5, "end"))
    steps = [
        Step("start", "switch", ("a", "b", "c", "end"), condition="x", cases=cases),
        *(Step(name, "linear", ("end",)) for name in "abc"),
        Step("end", "end"),
    ]
    found = from_document("Made", json.loads(json.dumps(to_document(Graph("Made", steps)))))
    assert [(type(key), key, step) for key, step in found["start"].cases] == [
        (type(key), key, step) for key, step in cases
    ]


def test_what_only_the_source_has_is_left_out() -> None:
    """No file of the machine is in the document, and of a step's text the first line."""
    graph = Graph(
        "Made",
        [Step("start", "linear", ("end",), doc="one\ntwo", where="/home/ada/made.py:7"), Step("end", "end")],
    )
    assert to_document(graph) == [
        {"name": "start", "kind": "linear", "next": ["end"], "doc": "one"},
        {"name": "end", "kind": "end"},
    ]

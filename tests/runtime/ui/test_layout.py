"""Where the steps of a graph stand in its picture."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from typing import Any

from hypothesis import given, settings

from stepwell.flow.graph import Graph, Step
from stepwell.ui.layout import layout
from tests.runtime.flow.made_graphs import graphs


def overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(
        one["x"] < other["x"] + other["width"]
        and other["x"] < one["x"] + one["width"]
        and one["y"] < other["y"] + other["height"]
        and other["y"] < one["y"] + one["height"]
    )


def inside(one: dict[str, Any], frame: dict[str, Any]) -> bool:
    return bool(
        frame["x"] <= one["x"]
        and one["x"] + one["width"] <= frame["x"] + frame["width"]
        and frame["y"] < one["y"]
        and one["y"] + one["height"] < frame["y"] + frame["height"]
    )


@settings(deadline=None, max_examples=120)
@given(graphs())
def test_nothing_stands_on_anything_else(graph: Graph) -> None:
    """Every step of any graph has its place, within the picture, and no two overlap."""
    picture = layout(graph)
    nodes = picture["nodes"]
    assert sorted(node["step"] for node in nodes) == sorted(graph)
    whole = {"x": 0, "y": -1, "width": picture["width"] + 0.01, "height": picture["height"] + 2}
    assert all(inside(node, whole) for node in nodes)
    assert not [pair for pair in combinations(nodes, 2) if overlap(*pair)]


@settings(deadline=None, max_examples=120)
@given(graphs())
def test_frames_hold_what_a_foreach_does(graph: Graph) -> None:
    """Each foreach has a frame around the steps that are done for each of its items, and around no other."""
    picture = layout(graph)
    splits = [step.name for step in graph.values() if step.kind == "foreach"]
    assert len(picture["frames"]) == len(splits)
    nodes = {node["step"]: node for node in picture["nodes"]}
    within = {frozenset(name for name in graph if inside(nodes[name], frame)) for frame in picture["frames"]}
    assert within == {
        frozenset(name for name in graph if split in {scope.split for scope in graph.scopes(name)})
        for split in splits
    }


@settings(deadline=None, max_examples=120)
@given(graphs())
def test_each_step_leads_to_those_that_follow(graph: Graph) -> None:
    """There is a line for each step that follows another, from its lower edge to the other's upper edge,
    and it leads through no third step."""
    picture = layout(graph)
    nodes = {node["step"]: node for node in picture["nodes"]}
    assert sorted((line["from"], line["to"]) for line in picture["lines"]) == sorted(
        (step.name, name) for step in graph.values() for name in step.next
    )
    for line in picture["lines"]:
        if line["from"] == line["to"]:
            continue
        points = corners(line["path"])
        begin, end = nodes[line["from"]], nodes[line["to"]]
        assert points[0] == (
            round(begin["x"] + begin["width"] / 2, 1),
            round(begin["y"] + begin["height"], 1),
        )
        assert points[-1] == (round(end["x"] + end["width"] / 2, 1), round(end["y"], 1))
        assert all(after[1] >= before[1] for before, after in pairwise(points))
        for name, node in nodes.items():
            hit = [
                (x, y) for x, y in points[1:-1]
                if node["x"] < x < node["x"] + node["width"] and node["y"] < y < node["y"] + node["height"]
            ]  # fmt: skip
            assert not hit, (line, name)


def corners(path: str) -> list[tuple[float, float]]:
    """The points that a line comes through, without those that bend it."""
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", path)]
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    return [points[0], *points[3::3]]


def test_what_is_said_in_the_picture() -> None:
    """Names that are too long are cut off in the picture, and the keys of a switch stand at its lines."""
    long = "a" * 40
    steps = [
        Step("start", "switch", (long, "end"), condition="x", cases=((1, long), ("<b>", "end")), doc="first"),
        Step(long, "linear", ("end",)),
        Step("end", "end"),
    ]
    picture = layout(Graph("Made", steps))
    assert [node["title"] for node in picture["nodes"]] == ["start", "a" * 27 + "…", "end"]
    assert {line["to"]: line["label"] for line in picture["lines"] if line["from"] == "start"} == {
        long: "1", "end": "'<b>'",
    }  # fmt: skip
    assert picture["nodes"][0]["doc"] == "first"

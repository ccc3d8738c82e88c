"""Where the steps of a graph stand in a picture, and the lines that lead from one to another: pure.

Steps that follow one another stand in layers from top to bottom. What a split opens stands below it, the
branches side by side, the steps of a foreach in a frame, and the join below all of that. A line that passes
a layer has a place of its own in it, so that it goes around the steps there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from stepwell.flow.blocks import Element, blocks
from stepwell.flow.graph import Graph

_LETTER, _NARROWEST, _LONGEST = 8.5, 172.0, 28
_HEIGHT = 58.0
_LAYER_GAP, _GAP, _LANE = 40.0, 28.0, 26.0
_PADDING, _TITLE = 18.0, 24.0
_LONGEST_LABEL = 24


class Point(NamedTuple):
    x: float
    y: float


@dataclass(slots=True)
class Picture:
    """A part of the picture; places are of left upper corners.

    Attributes:
        nodes: the steps' places and widths.
        frames: of each foreach its title, place, width and height.
        passes: for lines from one step to another, points that they pass.
    """

    width: float = 0.0
    height: float = 0.0
    nodes: dict[str, tuple[Point, float]] = field(default_factory=dict)
    frames: list[tuple[str, Point, float, float]] = field(default_factory=list)
    passes: dict[tuple[str, str | None], list[Point]] = field(default_factory=dict)

    def take(self, part: Picture, x: float, y: float) -> None:
        """Put another part of the picture at a place of this one."""
        for name, (at, width) in part.nodes.items():
            self.nodes[name] = Point(at.x + x, at.y + y), width
        for title, at, width, height in part.frames:
            self.frames.append((title, Point(at.x + x, at.y + y), width, height))
        for line, points in part.passes.items():
            self.passes.setdefault(line, []).extend(Point(at.x + x, at.y + y) for at in points)


def layout(graph: Graph) -> dict[str, Any]:
    """The picture of a graph, as a browser draws it: in units of about a pixel."""
    picture = _block(blocks(graph))
    return {
        "width": picture.width,
        "height": picture.height,
        "nodes": [
            {
                "step": name, "x": at.x, "y": at.y, "width": width, "height": _HEIGHT,
                "title": _shortened(name, _LONGEST), "kind": graph[name].kind,
                "join": graph[name].takes_inputs, "doc": graph[name].doc,
            }
            for name, (at, width) in picture.nodes.items()
        ],
        "frames": [
            {"title": title, "x": at.x, "y": at.y, "width": width, "height": height}
            for title, at, width, height in picture.frames
        ],
        "lines": list(_lines(graph, picture)),
    }  # fmt: skip


def _block(elements: Sequence[Element]) -> Picture:
    """Steps that follow one another, layer below layer."""
    drawn = {element.step.name: _element(element) for element in elements}
    layer_of = _layers(elements)
    last = max(layer_of.values(), default=-1)
    layers: list[list[tuple[str, str | None] | str]] = [[] for _ in range(last + 1)]
    for name, layer in layer_of.items():
        layers[layer].append(name)
    for element in elements:
        name = element.step.name
        ways: list[tuple[str | None, int]] = [(way, layer_of[way]) for way in element.after if way != name]
        # where the block ends the line leads on to a step outside of it
        for way, until in ways or [(None, last + 1)]:
            for layer in range(layer_of[name] + 1, until):
                layers[layer].append((name, way))
    widths = [
        sum(drawn[one].width if isinstance(one, str) else _LANE for one in layer) + _GAP * (len(layer) - 1)
        for layer in layers
    ]
    found = Picture(width=max(widths, default=_LANE))
    y = 0.0
    for members, width in zip(layers, widths, strict=True):
        height = max(drawn[one].height for one in members if isinstance(one, str))
        x = (found.width - width) / 2
        for one in members:
            if isinstance(one, str):
                found.take(drawn[one], x, y)
                x += drawn[one].width + _GAP
            else:
                middle = x + _LANE / 2
                found.passes.setdefault(one, []).extend([Point(middle, y), Point(middle, y + height)])
                x += _LANE + _GAP
        y += height + _LAYER_GAP
    found.height = max(y - _LAYER_GAP, 0.0)
    return found


def _layers(elements: Sequence[Element]) -> dict[str, int]:
    """In which layer each step stands: below all that lead to it."""
    found: dict[str, int] = {}
    for element in elements:  # in the order of a run
        name = element.step.name
        found.setdefault(name, 0)
        for way in element.after:
            if way != name:
                found[way] = max(found.get(way, 0), found[name] + 1)
    return found


def _element(element: Element) -> Picture:
    """A step, and below it what it opens."""
    step = element.step
    width = max(len(_shortened(step.name, _LONGEST)) * _LETTER + 44, _NARROWEST)
    inner = [_block(block) for block in element.inner]
    if step.kind == "foreach":
        inner = [_framed(inner[0], f"for each of {step.over}")]
    below = sum(part.width for part in inner) + _GAP * (len(inner) - 1)
    found = Picture(width=max(width, below), height=_HEIGHT)
    found.nodes[step.name] = Point((found.width - width) / 2, 0.0), width
    x = (found.width - below) / 2
    for part in inner:
        found.take(part, x, _HEIGHT + _LAYER_GAP)
        x += part.width + _GAP
    if inner:
        found.height += _LAYER_GAP + max(part.height for part in inner)
    return found


def _framed(part: Picture, title: str) -> Picture:
    title = _shortened(title, 2 * _LONGEST)
    width = max(part.width, len(title) * _LETTER) + 2 * _PADDING
    found = Picture(width=width, height=part.height + _TITLE + 2 * _PADDING)
    found.frames.append((title, Point(0.0, 0.0), width, found.height))
    found.take(part, (width - part.width) / 2, _TITLE + _PADDING)
    return found


def _lines(graph: Graph, picture: Picture) -> Iterator[dict[str, Any]]:
    for step in graph.values():
        at, width = picture.nodes[step.name]
        for name in step.next:
            label = _shortened(step.keys_to(name), _LONGEST_LABEL)
            if name == step.name:
                yield {"from": name, "to": name, "path": _loop(at, width), "label": label,
                       "x": at.x + width + 22, "y": at.y + _HEIGHT / 2 + 4}  # fmt: skip
                continue
            to, to_width = picture.nodes[name]
            begin, end = Point(at.x + width / 2, at.y + _HEIGHT), Point(to.x + to_width / 2, to.y)
            passed = picture.passes.get((step.name, name)) or picture.passes.get((step.name, None), [])
            points = [begin]
            for point in (*passed, end):
                if point.y - points[-1].y > _LAYER_GAP:  # straight down first, past what stands beside it
                    points.append(Point(points[-1].x, point.y - _LAYER_GAP))
                points.append(point)
            turn = next(one for one in points[1:] if one.x != begin.x or one == end)
            yield {
                "from": step.name, "to": name, "path": _curve(points), "label": label,
                "x": (begin.x + 3 * turn.x) / 4 + 6, "y": begin.y + _LAYER_GAP / 2 + 4,
            }  # fmt: skip


def _curve(points: Sequence[Point]) -> str:
    """A line that leaves each point downwards."""
    path = f"M{points[0].x:.1f} {points[0].y:.1f}"
    for before, at in pairwise(points):
        middle = (before.y + at.y) / 2
        path += f" C{before.x:.1f} {middle:.1f} {at.x:.1f} {middle:.1f} {at.x:.1f} {at.y:.1f}"
    return path


def _loop(at: Point, width: float) -> str:
    """From the right side of a step back to it."""
    x, upper, lower = at.x + width, at.y + _HEIGHT * 0.3, at.y + _HEIGHT * 0.7
    return f"M{x:.1f} {lower:.1f} C{x + 24:.1f} {lower:.1f} {x + 24:.1f} {upper:.1f} {x:.1f} {upper:.1f}"


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"

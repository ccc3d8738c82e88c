"""What ``stepwell watch`` shows: the graph with counts at a terminal, else a line for each change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

import click

from stepwell.client.following import Look
from stepwell.client.progress import StepProgress
from stepwell.datastore import Failure, RunInfo
from stepwell.execution.tally import duration
from stepwell.flow.draw import Line, drawn
from stepwell.flow.graph import Graph, Step
from stepwell.terminal import Screen, is_live, paint, paints, tame

_COLORS = {"done": "32", "running": "36", "failed": "31", "waiting": "33", "stopped": "31", "succeeded": "32"}
_BAR = 20
_WIDE = 90
"""Columns from which on there is room for a long bar."""


class Display(Protocol):
    """Told how a run stands, once for each look; `tick` is called between them."""

    def show(self, look: Look) -> None: ...

    def tick(self) -> None: ...

    def end(self, look: Look, failures: list[Failure]) -> None: ...


def display_for(info: RunInfo, graph: Graph | None) -> Display:
    """The display that suits stdout."""
    return LiveGraph(info, graph) if is_live() else Lines(info)


class Lines:
    """Prints a line for each step whose counts have changed."""

    def __init__(self, info: RunInfo) -> None:
        self._info = info
        self._shown: dict[str, str] = {}
        self._say(f"{_title(info)}, began {info.started.astimezone():%Y-%m-%d %H:%M:%S}")

    def show(self, look: Look) -> None:
        for name, step in look.progress.steps.items():
            said = counted(step)
            if said != self._shown.get(name, ""):
                self._shown[name] = said
                self._say(f"{name}: {said}")

    def tick(self) -> None:
        pass

    def end(self, look: Look, failures: list[Failure]) -> None:
        self.show(look)
        for line in _ending(self._info, look, failures):
            self._say(line)

    def _say(self, text: str) -> None:
        click.echo(f"{datetime.now():%Y-%m-%d %H:%M:%S} {tame(text)}")


class LiveGraph:
    """Draws the graph with the counts of each step, again and again in its place."""

    def __init__(self, info: RunInfo, graph: Graph | None) -> None:
        self._info, self._graph = info, graph
        self._screen, self._look = Screen(), None

    _look: Look | None

    def show(self, look: Look) -> None:
        self._look = look
        self.tick()

    def tick(self) -> None:
        self._screen.draw([], self._picture)

    def end(self, look: Look, failures: list[Failure]) -> None:
        self.show(look)
        for line in _ending(self._info, look, failures):
            click.echo(tame(line))

    def _picture(self, columns: int, rows: int) -> list[str]:
        assert self._look is not None
        bar = _BAR if columns >= _WIDE else _BAR // 2
        return picture(self._info, self._graph, self._look, datetime.now(UTC), rows, bar, color=paints())


def picture(
    info: RunInfo, graph: Graph | None, look: Look, now: datetime, rows: int, bar: int, *, color: bool
) -> list[str]:
    """The run in lines, at most `rows`: of a graph that is too long what comes before its first open step
    is left out.

    Args:
        bar: how many columns the bar of a step has.
    """
    steps = look.progress.steps
    graph_lines: list[Line] = drawn(graph) if graph else [(name, Step(name, "linear")) for name in steps]
    width = max((len(left) for left, _ in graph_lines), default=0) + 2
    if all(not step.items or step.items == 1 for step in steps.values()):
        bar = 0
    lines = [_line(left, at and steps.get(at.name), width, bar, color) for left, at in graph_lines]
    states = [steps[at.name].state if at and at.name in steps else "done" for _, at in graph_lines]
    first = next((number for number, state in enumerate(states) if state != "done"), len(lines))
    room = max(rows - 1, 1)
    begin = max(min(first - 1, len(lines) - room), 0)
    took = duration(max(((look.ended or now) - info.started).total_seconds(), 0))
    status = paint(look.status, _COLORS[look.status] if color else "")
    return [f"{tame(_title(info))}  {status}  {took}", *lines[begin : begin + room]]


def counted(step: StepProgress) -> str:
    """Such as ``37 of 100 done, 16 running``; of a step whose tasks may be more ``37 of 100+ done``."""
    counts = step.counts
    done = ""
    if step.items and step.items > 1:
        done = f"{counts['done']:,} of {step.items:,}{'+' if step.grows else ''} done"
    elif counts["done"]:
        done = "done" if counts["done"] == 1 else f"{counts['done']:,} done"
    others = [
        f"{counts[state]:,} {state}" for state in ("running", "failed", "stopped", "waiting") if counts[state]
    ]
    return ", ".join(filter(None, [done, *others]))


def _line(left: str, step: StepProgress | None, width: int, bar: int, color: bool) -> str:
    if step is None:
        return left
    full = step.counts["done"] * bar // step.items if step.items and step.items > 1 else None
    drawn_bar = "" if full is None else "█" * full + "░" * (bar - full)
    state = step.state
    said = paint(counted(step), _COLORS[state] if state and color else "")
    return f"{left:<{width}}{drawn_bar:<{bar + 2 if bar else 0}}{said}".rstrip()


def _title(info: RunInfo) -> str:
    return f"{info.flow}/{info.run} of {info.user}, {info.runtime}"


def _ending(info: RunInfo, look: Look, failures: list[Failure]) -> list[str]:
    took = duration(max((look.ended - info.started).total_seconds(), 0)) if look.ended else "some time"
    if look.status == "succeeded":
        return [f"{info.flow}/{info.run} succeeded after {took}."]
    lines = [f"{info.flow}/{info.run} failed after {took}."]
    for failure in failures:
        lines.append(f"First failure: task {failure.step}/{failure.task}: {failure.reason}")
        lines += [f"    {line}" for line in failure.traceback.rstrip().splitlines()]
    return lines

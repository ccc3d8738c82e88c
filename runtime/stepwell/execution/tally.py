"""How far a run is: what its display and its summary count."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from stepwell.datastore import Failure
from stepwell.flow.graph import TaskId

_LONGEST, _MOST_LINES = 500, 40
"""Characters of a line, and lines of a traceback, that a summary shows."""


@dataclass(slots=True)
class StepTally:
    """The tasks of one step that have begun; those reused are done as well. Times are `time.monotonic`."""

    began: float
    ended: float
    running: set[TaskId] = field(default_factory=set)
    done: int = 0
    reused: int = 0
    failures: dict[TaskId, Failure] = field(default_factory=dict)

    def seconds(self, now: float) -> float:
        """How long the step has taken so far."""
        return (now if self.running else self.ended) - self.began


class Tally:
    """Counts the tasks of a run, step by step in the order in which the steps began."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.steps: dict[str, StepTally] = {}

    def started(self, task: TaskId) -> None:
        self._step(task).running.add(task)

    def finished(self, task: TaskId, taken_over: bool) -> None:
        step = self._left(task)
        step.done += 1
        step.reused += taken_over

    def failed(self, task: TaskId, failure: Failure) -> None:
        self._left(task).failures[task] = failure

    def ended(self, task: TaskId) -> None:
        """It was ended before it was done, for another task's sake."""
        self._left(task)

    def retrying(self, task: TaskId) -> None:
        """Another attempt follows: the task has not failed yet."""
        self._step(task).failures.pop(task, None)

    @property
    def seconds(self) -> float:
        """How long the run has taken so far."""
        return time.monotonic() - self.began

    @property
    def done(self) -> int:
        return sum(step.done for step in self.steps.values())

    @property
    def reused(self) -> int:
        return sum(step.reused for step in self.steps.values())

    @property
    def running(self) -> int:
        return sum(len(step.running) for step in self.steps.values())

    @property
    def failures(self) -> list[Failure]:
        """Why tasks failed for good, the first one first."""
        found = [failure for step in self.steps.values() for failure in step.failures.values()]
        return sorted(found, key=lambda failure: failure.ended)

    def _step(self, task: TaskId) -> StepTally:
        now = time.monotonic()
        return self.steps.setdefault(task.step, StepTally(now, now))

    def _left(self, task: TaskId) -> StepTally:
        step = self._step(task)
        step.running.discard(task)
        step.ended = time.monotonic()
        return step


def duration(seconds: float) -> str:
    """Seconds for people: ``3.2 s``, ``1:05`` minutes or ``2:03:04`` hours."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def summary(pathspec: str, tally: Tally, command: str) -> str:
    """What is to be known of a run that failed, the first failure first.

    Args:
        pathspec: ``Flow/run``.
        command: how the flow's command line is called, such as ``python flow.py``.
    """
    first, *others = tally.failures
    run = pathspec.partition("/")[2]
    lines = ["", f"First failure: task {first.step}/{first.task}: {first.reason[:_LONGEST]}"]
    lines += [f"    {line[:_LONGEST]}" for line in first.traceback.rstrip().splitlines()[-_MOST_LINES:]]
    lines += [
        f"  its log:    {command} logs {run}/{first.step}/{first.task}",
        f"  to resume:  {command} resume --origin-run-id {run}",
    ]
    counts = [
        f"{len(others)} more failed" if others else "",
        f"{tally.done} done",
        f"{tally.running} ended before they were done" if tally.running else "",
    ]
    lines.append(f"Of the other tasks: {', '.join(filter(None, counts))}.")
    return "\n".join(lines)

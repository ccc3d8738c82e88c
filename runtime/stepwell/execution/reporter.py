"""What a person sees of a run: a line for each thing that happens, and at its end how it went."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from stepwell.datastore import Failure, RunInfo
from stepwell.execution.tally import Tally, duration, summary
from stepwell.flow.frontier import Lost
from stepwell.flow.graph import TaskId
from stepwell.logs import Stream
from stepwell.terminal import paint, paints


class Reporter(Protocol):
    """Told what happens: by the run its beginning and end, by the scheduler what is between."""

    def preparing(self, text: str) -> None: ...

    def begin(self, info: RunInfo, where: str) -> None: ...

    def started(self, task: TaskId, by: str) -> None: ...

    def line(self, task: TaskId, by: str, text: str, stream: Stream) -> None: ...

    def finished(self, task: TaskId, by: str, *, taken_over: bool) -> None: ...

    def failed(self, task: TaskId, by: str, failure: Failure) -> None: ...

    def ended(self, task: TaskId, by: str) -> None: ...

    def retrying(self, task: TaskId, attempt: int, seconds: float) -> None: ...

    def tolerated(self, lost: Lost) -> None: ...

    def end(self, done: bool) -> None: ...


class Console:
    """Prints each event as a line, in the form Metaflow's users know.

    ``2026-11-23 20:51:07.044 [run/step/task (pid 4711)] text``

    Args:
        command: how the flow's command line is called, for the commands that a summary names.
    """

    def __init__(self, command: str = "python FLOW.py") -> None:
        self._command = command
        self._color = paints()
        self._run = self._pathspec = ""
        self._tally = Tally()

    def preparing(self, text: str) -> None:
        self._say(text)

    def begin(self, info: RunInfo, where: str) -> None:
        self._run, self._pathspec = info.run, f"{info.flow}/{info.run}"
        self._say(
            f"Workflow starting (run-id {info.run}), artifacts in {where}, namespace {info.namespace}"
            + (f", resuming {info.origin}" if info.origin else "")
        )

    def started(self, task: TaskId, by: str) -> None:
        self._tally.started(task)
        self._say_of(task, by, "Task is starting.")

    def line(self, task: TaskId, by: str, text: str, stream: Stream) -> None:
        self._say_of(task, by, text, "33" if stream == "e" else "")

    def finished(self, task: TaskId, by: str, *, taken_over: bool) -> None:
        self._tally.finished(task, taken_over)
        how = "was done before" if taken_over else "finished successfully"
        self._say_of(task, by, f"Task {how}.", "32")

    def failed(self, task: TaskId, by: str, failure: Failure) -> None:
        self._tally.failed(task, failure)
        self._say_of(task, by, f"Task failed: {failure.reason}", "31")

    def ended(self, task: TaskId, by: str) -> None:
        self._tally.ended(task)
        self._say_of(task, by, "Task was ended: another node of its gang failed.", "31")

    def retrying(self, task: TaskId, attempt: int, seconds: float) -> None:
        self._tally.retrying(task)
        when = f" in {seconds:g} s" if seconds else ""
        self._say(f"[{self._run}/{task}] Attempt {attempt + 1} follows{when}.", "33")

    def tolerated(self, lost: Lost) -> None:
        if lost.item:
            self._say(
                f"[{self._run}/{lost.item.step}] The foreach goes on without item {lost.item.path}: "
                f"{lost.lost} of at most {lost.most} lost.",
                "33",
            )

    def end(self, done: bool) -> None:
        took = duration(self._tally.seconds)
        if done:
            counts = f"{self._tally.done} tasks" if self._tally.done > 1 else "1 task"
            reused = f", {self._tally.reused} reused" if self._tally.reused else ""
            failed = len(self._tally.failures)
            tolerated = f", {failed} that failed left out" if failed else ""
            self._say(f"The run took {took}: {counts}{reused}{tolerated}. Done!", "32")
        elif self._tally.failures:
            self._say(f"The run failed after {took}.", "31")
            self._print(summary(self._pathspec, self._tally, self._command))
        else:
            self._say(f"The run was ended after {took}.", "31")

    def _say(self, text: str, color: str = "") -> None:
        self._print(f"{_now()} {self._paint(text, color)}")

    def _say_of(self, task: TaskId, by: str, text: str, color: str = "") -> None:
        at = self._paint(f"[{self._run}/{task}{f' ({by})' if by else ''}]", "2")
        self._print(f"{_now()} {at} {self._paint(text, color)}")

    def _print(self, text: str) -> None:
        print(text, flush=True)

    def _paint(self, text: str, color: str) -> str:
        return paint(text, color if self._color else "")


class Quiet(Console):
    """Prints nothing but, at the end of a run that failed, how."""

    def _say(self, text: str, color: str = "") -> None:
        pass

    def _say_of(self, task: TaskId, by: str, text: str, color: str = "") -> None:
        pass


def _now() -> str:
    return datetime.now().isoformat(" ", "milliseconds")

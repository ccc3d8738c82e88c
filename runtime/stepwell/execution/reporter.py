"""What a person sees of a run: a line for each thing that happens."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Protocol

from stepwell.flow.graph import TaskId
from stepwell.logs import Stream


class Reporter(Protocol):
    """Told by the scheduler what happens."""

    def started(self, task: TaskId, pid: int) -> None: ...

    def line(self, task: TaskId, pid: int, text: str, stream: Stream) -> None: ...

    def finished(self, task: TaskId, pid: int) -> None: ...

    def failed(self, task: TaskId, pid: int, reason: str) -> None: ...

    def retrying(self, task: TaskId, attempt: int, seconds: float) -> None: ...


class Console:
    """Prints each event as a line, in the form Metaflow's users know.

    ``2026-11-23 20:51:07.044 [run/step/task (pid 4711)] text``
    """

    def __init__(self, run: str) -> None:
        self._run = run
        self._color = sys.stdout.isatty()

    def started(self, task: TaskId, pid: int) -> None:
        self._say(task, pid, "Task is starting.")

    def line(self, task: TaskId, pid: int, text: str, stream: Stream) -> None:
        self._say(task, pid, text, "33" if stream == "e" else "")

    def finished(self, task: TaskId, pid: int) -> None:
        self._say(task, pid, "Task finished successfully.", "32")

    def failed(self, task: TaskId, pid: int, reason: str) -> None:
        self._say(task, pid, f"Task failed: {reason}", "31")

    def retrying(self, task: TaskId, attempt: int, seconds: float) -> None:
        when = f" in {seconds:g} s" if seconds else ""
        self.say(f"[{self._run}/{task}] Attempt {attempt + 1} follows{when}.", "33")

    def say(self, text: str, color: str = "") -> None:
        """A line about the run as a whole."""
        print(f"{_now()} {self._paint(text, color)}", flush=True)

    def _say(self, task: TaskId, pid: int, text: str, color: str = "") -> None:
        at = self._paint(f"[{self._run}/{task} (pid {pid})]", "2")
        print(f"{_now()} {at} {self._paint(text, color)}", flush=True)

    def _paint(self, text: str, color: str) -> str:
        return f"\x1b[{color}m{text}\x1b[0m" if self._color and color else text


def _now() -> str:
    return datetime.now().isoformat(" ", "milliseconds")

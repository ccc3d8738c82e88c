"""A live display at a terminal: what tasks print goes up, and below it stands how far each step is."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from stepwell.datastore import RunInfo
from stepwell.execution.reporter import Console
from stepwell.execution.tally import StepTally, duration
from stepwell.flow.graph import TaskId
from stepwell.terminal import Screen, tame

_SECONDS = 0.1
"""Between two pictures."""


class Live(Console):
    """Shows the steps of a run with what is done, runs and failed; tasks that begin or end well make no line.

    One thread alone writes to the terminal while the run goes on, so that nothing can come between
    a picture and the next, and a slow terminal holds up no task.
    """

    def __init__(self, command: str) -> None:
        super().__init__(command)
        self._lines: list[str] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._screen = Screen()
        self._thread = threading.Thread(target=self._go_on, name="stepwell-display", daemon=True)

    def begin(self, info: RunInfo, where: str) -> None:
        super().begin(info, where)
        self._thread.start()

    def started(self, task: TaskId, by: str) -> None:
        self._tally.started(task)

    def finished(self, task: TaskId, by: str, *, taken_over: bool) -> None:
        self._tally.finished(task, taken_over)

    def _say_of(self, task: TaskId, by: str, text: str, color: str = "") -> None:
        super()._say_of(task, by, tame(text), color)

    def end(self, done: bool) -> None:
        self._over.set()
        self._thread.join()
        self._draw()  # what it shows now stays
        super().end(done)

    def _print(self, text: str) -> None:
        if self._over.is_set():
            super()._print(text)
            return
        with self._lock:
            self._lines.append(text)

    def _go_on(self) -> None:
        with suppress(OSError):  # the terminal is gone
            while not self._over.wait(_SECONDS):
                self._draw()

    def _draw(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, []
        self._screen.draw(lines, self._picture)

    def _picture(self, columns: int, rows: int) -> list[str]:
        now = time.monotonic()
        steps = list(self._tally.steps.items())[-max(rows - 1, 1) :]
        width = max((len(name) for name, _ in steps), default=0)
        title = f"{self._pathspec}  {duration(self._tally.seconds)}"
        table = [
            f"  {name:<{width}}  {duration(step.seconds(now)):>8}  {_counts(step)}" for name, step in steps
        ]
        return [title, *table]


def _counts(step: StepTally) -> str:
    counts = {"done": step.done, "running": len(step.running), "failed": len(step.failures)}
    words = [f"{count} {word}" for word, count in counts.items() if count]
    if step.reused:
        words[0] += f" ({step.reused} reused)"
    return ", ".join(words)

"""A live display at a terminal: what tasks print goes up, and below it stands how far each step is."""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from contextlib import suppress

from stepwell.datastore import RunInfo
from stepwell.execution.reporter import Console
from stepwell.execution.tally import StepTally, duration
from stepwell.flow.graph import TaskId

_SECONDS = 0.1
"""Between two pictures."""
# control sequences but colors, and control characters but tabs (ECMA-48): they would move the cursor
_CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-ln-~]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)?|\x1b(?!\[)|[\x00-\x08\n-\x1a\x1c-\x1f\x7f]"
)


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
        self._widths: list[int] = []
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
        # not shutil's, which prefers the variable COLUMNS: it does not follow the terminal's size
        size = os.get_terminal_size(sys.stdout.fileno())
        columns, rows = size.columns or 80, size.lines or 24
        # a terminal that was made narrower has broken the last picture's lines into several
        height = sum(max(1, -(-width // columns)) for width in self._widths)
        erase = f"\x1b[{height}A\r\x1b[J" if height else ""
        picture = self._picture(columns - 1, rows - 1)
        sys.stdout.write(erase + "".join(f"{line}\n" for line in [*lines, *picture]))
        sys.stdout.flush()
        self._widths = [len(line) for line in picture]

    def _picture(self, columns: int, rows: int) -> list[str]:
        now = time.monotonic()
        steps = list(self._tally.steps.items())[-max(rows - 1, 1) :]
        width = max((len(name) for name, _ in steps), default=0)
        title = f"{self._pathspec}  {duration(self._tally.seconds)}"
        table = [
            f"  {name:<{width}}  {duration(step.seconds(now)):>8}  {_counts(step)}" for name, step in steps
        ]
        return [line[:columns] for line in [title, *table]]


def tame(text: str) -> str:
    """A line without what would move the cursor; of what a return let be overwritten, the last is left."""
    plain = _CONTROL.sub("", text.rstrip("\r").rpartition("\r")[2])
    return f"{plain}\x1b[0m" if "\x1b" in plain else plain


def _counts(step: StepTally) -> str:
    counts = {"done": step.done, "running": len(step.running), "failed": len(step.failures)}
    words = [f"{count} {word}" for word, count in counts.items() if count]
    if step.reused:
        words[0] += f" ({step.reused} reused)"
    return ", ".join(words)

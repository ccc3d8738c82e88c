"""The seam between the scheduler and what runs tasks: processes of this machine, or Batch jobs."""

from __future__ import annotations

from collections.abc import Callable
from selectors import BaseSelector
from typing import Protocol

from stepwell.execution.outcome import Outcome
from stepwell.execution.queue import Attempt
from stepwell.flow.graph import TaskId
from stepwell.logs import Stream

Settled = Callable[[TaskId, Attempt], Outcome | None]
"""What a task has come to that is done, though nobody has said so; None where it is not done."""


class Scheduler(Protocol):
    """Told what becomes of the attempts that were started, always in the scheduler's own thread."""

    def started(self, task: TaskId, by: str) -> None:
        """It runs, or waits for its machine; `by` says for people what runs it: ``pid 4711``."""

    def printed(self, task: TaskId, line: str, stream: Stream) -> None:
        """It printed a line, or there is something to say about it."""

    def ended(self, attempt: Attempt, outcome: Outcome) -> None:
        """It is over, with all of its tasks; the outcome of a gang is that of its main node."""

    def gone(self, cause: str) -> None:
        """No attempt can be started any more. Raises `RunFailed` where no failure has ended the run yet."""


class Workers(Protocol):
    """Runs attempts of tasks."""

    def open(self, selector: BaseSelector, scheduler: Scheduler) -> None:
        """Begin. What is registered with the selector has as its data what to call when it is readable."""

    def start(self, attempt: Attempt) -> None:
        """Run an attempt; returns at once."""

    def look(self, now: float) -> float | None:
        """Do what is due, and say when to be called again; times are `time.monotonic`."""

    def close(self) -> None:
        """End every attempt that still runs."""

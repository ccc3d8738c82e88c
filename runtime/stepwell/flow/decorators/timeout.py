"""``@timeout``: end a step that takes too long."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any, ClassVar

from stepwell.errors import FlowError
from stepwell.flow.decorators.base import StepCall, StepDecorator


class StepTimeout(Exception):
    """A step took longer than its ``@timeout``; `catch` and `retry` see it as any other failure."""


class timeout(StepDecorator):
    """Raise `StepTimeout` in a step that runs longer than the sum of these.

    A step that is stuck outside of Python is ended from outside: on a laptop by the scheduler, on
    Batch by the job's own limit, of which the least is 60 s (AWS Batch API reference, JobTimeout).

    Args:
        seconds, minutes, hours: whole numbers, added up (default 0 each); the sum is above 0.
    """

    name = "timeout"
    defaults: ClassVar[dict[str, Any]] = {"seconds": 0, "minutes": 0, "hours": 0}
    only_how = True
    rank = 80

    def check(self) -> None:
        for key, value in self.attributes.items():
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise self.refuse(key, "a whole number, 0 or more")
        if not self.total:
            raise FlowError(
                "@timeout: received seconds=0, minutes=0, hours=0; their sum must be above 0: "
                "@timeout(minutes=5)"
            )

    @property
    def total(self) -> int:
        """The limit in seconds."""
        return int(
            self.attributes["seconds"] + 60 * self.attributes["minutes"] + 3600 * self.attributes["hours"]
        )

    def around(self, call: StepCall, run: Callable[[], None]) -> None:
        def ring(number: int, frame: FrameType | None) -> None:
            raise StepTimeout(f"step '{call.step.name}' took longer than its @timeout of {self.total} s")

        before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, self.total)
        try:
            run()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


def limit(function: Callable[..., Any]) -> int | None:
    """The limit of a step in seconds, if it has one."""
    found = timeout.of(function)
    return found.total if found else None

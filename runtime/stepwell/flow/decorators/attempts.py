"""How often a step is tried, as its decorators say: one answer for every executor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from stepwell.flow.decorators.catch import catch
from stepwell.flow.decorators.retry import retry


class Attempts(NamedTuple):
    """The plan for a step's attempts, which count from 0.

    Attributes:
        retries: how many attempts follow the first.
        seconds: how long to wait before each of them.
        fallback: whether one more attempt follows that does not run the step: where the last one's
            process died without a word, it says so in the variable of ``@catch``.
    """

    retries: int
    seconds: float
    fallback: bool

    @property
    def more(self) -> int:
        """How many attempts may follow the first one in all."""
        return self.retries + self.fallback

    def is_last(self, attempt: int) -> bool:
        """Whether this attempt is the last that runs the step."""
        return attempt >= self.retries

    def is_fallback(self, attempt: int) -> bool:
        """Whether this attempt only says that the ones before it died."""
        return self.fallback and attempt > self.retries

    def wait(self, attempt: int) -> float | None:
        """Seconds until the attempt after this one, which failed; None if there is none."""
        if attempt < self.retries:
            return self.seconds
        return 0.0 if attempt < self.more else None


ONCE = Attempts(0, 0.0, False)
"""The plan of a step that says nothing."""


def attempts(function: Callable[..., Any]) -> Attempts:
    """The plan for a step."""
    found = retry.of(function)
    plan = found.attributes if found else {"times": 0, "minutes_between_retries": 0}
    return Attempts(plan["times"], 60.0 * plan["minutes_between_retries"], catch.of(function) is not None)

"""``@retry``: try a step again that failed."""

from __future__ import annotations

from typing import Any, ClassVar

from stepwell.flow.decorators.base import StepDecorator

MOST = 9
"""Retries at most; with the first attempt that makes ten, which is also what Batch allows a job."""


class retry(StepDecorator):
    """Try the step again when it raises or its process dies, on a laptop and on Step Functions alike.

    Names and defaults are Metaflow's, which ignores `minutes_between_retries` on Step Functions.

    Args:
        times: how many attempts follow a first one that fails (default 3, at most 9).
        minutes_between_retries: how long to wait before each (default 2; fractions are allowed).
    """

    name = "retry"
    defaults: ClassVar[dict[str, Any]] = {"times": 3, "minutes_between_retries": 2}
    only_how = True

    def check(self) -> None:
        times, minutes = self.attributes["times"], self.attributes["minutes_between_retries"]
        if isinstance(times, bool) or not isinstance(times, int) or not 0 <= times <= MOST:
            raise self.refuse("times", f"a whole number from 0 to {MOST}")
        if isinstance(minutes, bool) or not isinstance(minutes, int | float) or minutes < 0:
            raise self.refuse("minutes_between_retries", "a number of minutes, 0 or more")

"""``@environment``: environment variables of a step."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, ClassVar

from stepwell.flow.decorators.base import StepCall, StepDecorator


class environment(StepDecorator):
    """Set environment variables before the step runs.

    Args:
        vars: names and values, both text.
    """

    name = "environment"
    defaults: ClassVar[dict[str, Any]] = {"vars": {}}
    rank = 10

    def check(self) -> None:
        given = self.attributes["vars"]
        texts = isinstance(given, dict) and all(
            isinstance(text, str) and "\0" not in text for pair in given.items() for text in pair
        )
        if not texts or any(not name or "=" in name for name in given):
            raise self.refuse("vars", "a dictionary of text to text, such as {'LEVEL': 'debug'}")

    def around(self, call: StepCall, run: Callable[[], None]) -> None:
        os.environ.update(self.attributes["vars"])
        run()

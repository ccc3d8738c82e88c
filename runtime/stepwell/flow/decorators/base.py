"""The mechanism on which every step decorator stands.

A decorator is a class with a name and defaults. It hangs itself on the step's function, checks
what it was given there and then, and is found again by `of`.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, ClassVar, Self, TypeVar

from stepwell.errors import FlowError

F = TypeVar("F", bound=Callable[..., Any])
_HANG = "stepwell_decorators"


def step(function: F) -> F:
    """Make a method of a `FlowSpec` a step of its flow."""
    setattr(function, _HANG, ())
    return function


def is_step(value: object) -> bool:
    """Whether a class attribute is a step."""
    return callable(value) and hasattr(value, _HANG)


class StepDecorator:
    """Base of step decorators.

    Subclasses set `name`, `defaults` (attribute to value; the only attributes there are) and
    may override `check`.
    """

    name: ClassVar[str]
    defaults: ClassVar[dict[str, Any]]

    def __init__(self, **attributes: Any) -> None:
        for key in attributes:
            if key not in self.defaults:
                close = get_close_matches(key, self.defaults, n=1)
                raise FlowError(
                    f"@{self.name}: received {key}={attributes[key]!r}, which it does not know; allowed are "
                    f"{', '.join(self.defaults)}" + (f"; did you mean '{close[0]}'?" if close else "")
                )
        self.attributes: dict[str, Any] = {**self.defaults, **attributes}
        self.check()

    def check(self) -> None:
        """Raise `FlowError` if an attribute has a value that is not allowed."""

    def refuse(self, key: str, allowed: str) -> FlowError:
        """The error for a value that is not allowed."""
        return FlowError(f"@{self.name}: received {key}={self.attributes[key]!r}; {key} must be {allowed}")

    def __call__(self, function: F) -> F:
        if not is_step(function):
            raise FlowError(
                f"@{self.name}: received {getattr(function, '__name__', function)!r}, which is no step; "
                f"write @{self.name}(...) above @step"
            )
        hanging = getattr(function, _HANG)
        if any(other.name == self.name for other in hanging):
            raise FlowError(f"@{self.name}: step '{function.__name__}' has it twice; write it once")
        setattr(function, _HANG, (self, *hanging))
        return function

    @classmethod
    def of(cls, function: Callable[..., Any]) -> Self | None:
        """This decorator as it hangs on a step, or None."""
        return next((one for one in getattr(function, _HANG, ()) if isinstance(one, cls)), None)

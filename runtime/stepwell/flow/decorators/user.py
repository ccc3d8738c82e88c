"""``@user_step_decorator``: decorators of one's own."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any, ClassVar

from stepwell.errors import FlowError
from stepwell.flow.decorators.base import StepCall, StepDecorator

Before = Callable[..., Generator[None, None, None]]


def user_step_decorator(function: Before) -> Callable[..., StepDecorator]:
    """Make a decorator of a generator function: what is before its ``yield`` runs before the step.

    The function takes ``(step_name, flow, inputs, attributes)``, as with Metaflow. What the step
    raises is raised at the ``yield``; a function that catches it there must raise it again, for only
    `catch` lets a flow go on::

        @user_step_decorator
        def timed(step_name, flow, inputs=None, attributes=None):
            began = time.monotonic()
            yield
            flow.seconds = time.monotonic() - began

        class Train(FlowSpec):
            @timed(unit="s")
            @step
            def start(self): ...
    """

    class user(StepDecorator):
        name = function.__name__
        defaults: ClassVar[dict[str, Any]] = {}

        def _check_names(self, attributes: dict[str, Any]) -> None:
            """Attributes are the function's own affair."""

        def around(self, call: StepCall, run: Callable[[], None]) -> None:
            steps = function(call.step.name, call.flow, call.inputs, self.attributes)
            try:
                next(steps)
            except StopIteration:
                raise self._yields(call, "it ended before its yield") from None
            try:
                run()
            except BaseException as error:
                with suppress(StopIteration):
                    steps.throw(error)
                raise
            if next(steps, self) is not self:
                raise self._yields(call, "it yielded again")

        def _yields(self, call: StepCall, what: str) -> FlowError:
            return FlowError(
                f"{call.step.where}: step '{call.step.name}': @{self.name}: {what}; "
                "a step decorator yields exactly once"
            )

    def made(*functions: Any, **attributes: Any) -> Any:
        """``@timed`` or ``@timed(unit="s")``."""
        return user()(functions[0]) if functions else user(**attributes)

    made.__name__ = function.__name__
    made.__doc__ = function.__doc__
    return made

"""``@user_step_decorator``: decorators of one's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator
from typing import Any, ClassVar

from stepwell.errors import FlowError
from stepwell.flow.decorators.base import StepCall, StepDecorator

Before = Callable[..., Generator[Any, None, None]]
USER_SKIP_STEP: dict[str, Any] = {}
"""What a step decorator yields so that the step is not run, and ends as its source says; Metaflow's name."""


def user_step_decorator(function: Before) -> Callable[..., StepDecorator]:
    """Make a decorator of a generator function: what is before its ``yield`` runs before the step.

    The function takes ``(step_name, flow, inputs, attributes)``, or the first three, as with Metaflow. What
    the step raises is raised at the ``yield``; if the function catches it there, the step has not failed.
    It may yield `USER_SKIP_STEP`, or a function that is run in place of the step::

        @user_step_decorator
        def timed(step_name, flow, inputs=None, attributes=None):
            began = time.monotonic()
            yield
            flow.seconds = time.monotonic() - began

        class Train(FlowSpec):
            @timed(unit="s")
            @step
            def start(self): ...

    Raises:
        FlowError: it is no such function.
    """
    told = len(inspect.signature(function).parameters)
    if not inspect.isgeneratorfunction(function) or told not in (3, 4):
        raise FlowError(
            f"@user_step_decorator: received '{function.__name__}', which is no generator function of "
            "(step_name, flow, inputs) or (step_name, flow, inputs, attributes); give it these and a `yield`"
        )

    class user(StepDecorator):
        name = function.__name__
        defaults: ClassVar[dict[str, Any]] = {}

        def _check_names(self, attributes: dict[str, Any]) -> None:
            """Attributes are the function's own affair."""

        def around(self, call: StepCall, run: Callable[[], None]) -> None:
            steps = function(*(call.step.name, call.flow, call.inputs, self.attributes)[:told])
            try:
                given = next(steps)
            except StopIteration:
                raise self._refuse(call, "it ended before its yield; a step decorator yields once") from None
            try:
                self._run(call, run, given)
            except BaseException as error:
                try:
                    steps.throw(error)
                except StopIteration:  # it was caught
                    if not isinstance(error, Exception):
                        raise error from None
                    _end(call)
                    return
            else:
                if next(steps, self) is self:
                    return
            raise self._refuse(call, "it yielded again; a step decorator yields once")

        def _run(self, call: StepCall, run: Callable[[], None], given: Any) -> None:
            if given is None:
                run()
            elif given == USER_SKIP_STEP:
                _end(call)
            elif callable(given):
                if given(call.flow, *([call.inputs] if call.step.takes_inputs else [])) is True:
                    _end(call)
            else:
                raise self._refuse(
                    call, f"it yielded {given!r:.60}; it may yield nothing, USER_SKIP_STEP or a function"
                )

        def _refuse(self, call: StepCall, what: str) -> FlowError:
            return FlowError(f"{call.step.where}: step '{call.step.name}': @{self.name}: {what}")

    def made(*functions: Any, **attributes: Any) -> Any:
        """``@timed`` or ``@timed(unit="s")``."""
        return user()(functions[0]) if functions else user(**attributes)

    made.__name__ = function.__name__
    made.__doc__ = function.__doc__
    return made


def _end(call: StepCall) -> None:
    """End a step that has not said so itself as its source says, with the artifacts it has."""
    state = call.flow._stepwell_state
    if call.step.kind != "end" and state.ending is None:
        state.end_with(call.flow)

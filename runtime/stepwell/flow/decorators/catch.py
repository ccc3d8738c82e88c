"""``@catch``: go on with the flow although a step failed."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from stepwell.errors import FlowError
from stepwell.flow.decorators.base import StepCall, StepDecorator
from stepwell.flow.graph import Step


@dataclass(frozen=True, slots=True)
class CaughtException:
    """What `catch` leaves in its variable: enough to tell what happened, and plain enough to be kept.

    Attributes:
        type: name of the exception's class.
        message: its text.
        traceback: as Python prints it; empty where the process was killed.
    """

    type: str
    message: str
    traceback: str

    def __str__(self) -> str:
        return f"{self.type}: {self.message}"


class catch(StepDecorator):
    """Let the flow go on when the last attempt of the step fails, by an exception or a dead process.

    What the step had set before stays set. Names and defaults are Metaflow's.

    Args:
        var: artifact that gets a `CaughtException`, or None where the step did not fail (default: none).
        print_exception: whether the traceback is printed (default True).
    """

    name = "catch"
    defaults: ClassVar[dict[str, Any]] = {"var": None, "print_exception": True}
    rank = 0

    def check(self) -> None:
        var = self.attributes["var"]
        if var is not None and not (isinstance(var, str) and var.isidentifier() and var[0] != "_"):
            raise self.refuse("var", "None or the name of an artifact")
        if not isinstance(self.attributes["print_exception"], bool):
            raise self.refuse("print_exception", "True or False")

    def check_step(self, step: Step) -> None:
        if step.parallel:
            raise FlowError(
                f"{step.where}: @catch on step '{step.name}', which has @parallel: where one node fails the "
                "others are ended, so none could go on; catch the exception in the step"
            )
        if step.kind not in ("linear", "branch", "end"):
            raise FlowError(
                f"{step.where}: @catch on step '{step.name}', which ends with a {step.kind}: had it failed, "
                "nobody could say where the flow goes on; put the work into a step before it"
            )

    def around(self, call: StepCall, run: Callable[[], None]) -> None:
        try:
            run()
        except Exception as error:
            if not call.last:
                raise
            shown = traceback.format_exc()
            if self.attributes["print_exception"]:
                sys.stderr.write(shown)
            self.leave(call, CaughtException(type(error).__name__, str(error), shown))
        else:
            self.leave(call, None)

    def leave(self, call: StepCall, caught: CaughtException | None) -> None:
        """Set the variable, and after a failure let the step end as its source says."""
        if self.attributes["var"]:
            setattr(call.flow, self.attributes["var"], caught)
        if caught:
            call.flow._stepwell_state.end_as_declared()

"""The mechanism on which every step decorator stands.

A decorator hangs itself on the step's function and is found again by `of`. What it does around a
step is its `around`; adding a decorator is adding a module to this folder.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TypeVar

from stepwell.errors import FlowError
from stepwell.flow.decorators.attributes import Attributes

if TYPE_CHECKING:
    from stepwell.flow.graph import Step
    from stepwell.flow.spec import FlowSpec

F = TypeVar("F", bound=Callable[..., Any])
_STEP = "stepwell_step"
_HANG = "stepwell_decorators"


def step(function: F) -> F:
    """Make a method of a `FlowSpec` a step of its flow."""
    setattr(function, _STEP, True)
    return function


def is_step(value: object) -> bool:
    """Whether a class attribute is a step."""
    return callable(value) and hasattr(value, _STEP)


class StepCall(NamedTuple):
    """A step that is about to run, as its decorators see it.

    Attributes:
        flow: the flow's instance in this task; decorators may set artifacts on it.
        step: the step as its source declares it.
        inputs: what a join joins; None in other steps.
        attempt: how many attempts came before.
        last: whether no other attempt follows, should this one fail.
    """

    flow: FlowSpec
    step: Step
    inputs: Any
    attempt: int
    last: bool


class StepDecorator(Attributes):
    """Base of step decorators: subclasses may override `check`, `check_step` and `around`."""

    rank: ClassVar[int] = 50
    """Which stands around which: the lowest is outermost; equal ones as they are written."""
    repeatable: ClassVar[bool] = False
    """Whether a step may have several of it."""
    only_how: ClassVar[bool] = False
    """Whether it says only how the step is run: a task is reused (``run --reuse``) whatever it says."""

    def check_step(self, step: Step) -> None:
        """Raise `FlowError` if the decorator can't be on this step of a graph."""

    def around(self, call: StepCall, run: Callable[[], None]) -> None:
        """Run the step, which is ``run()``, and whatever belongs before and after it."""
        run()

    def __call__(self, function: F) -> F:
        hanging = all_of(function)
        if not self.repeatable and any(other.name == self.name for other in hanging):
            self.mistake = FlowError(f"@{self.name}: it is there twice; write it once")
        hang(function, (self, *hanging))
        return function

    @classmethod
    def of(cls, function: Callable[..., Any]) -> Self | None:
        """This decorator as it hangs on a step, or None."""
        return next((one for one in all_of(function) if isinstance(one, cls)), None)


def all_of(function: Callable[..., Any]) -> tuple[StepDecorator, ...]:
    """The decorators of a step, the topmost first."""
    found: tuple[StepDecorator, ...] = getattr(function, _HANG, ())
    return found


def hang(function: Callable[..., Any], decorators: tuple[StepDecorator, ...]) -> None:
    """Let these be the decorators of a step, the topmost first."""
    setattr(function, _HANG, decorators)


def check_decorators(name: str, function: Callable[..., Any], step: Step | None) -> None:
    """Raise the first mistake in the decorators of a function; `step` is None where it is no step."""
    for decorator in all_of(function):
        if step is None:
            raise FlowError(f"@{decorator.name} is on '{name}', which is no step; add @step to it")
        if decorator.mistake:
            raise FlowError(f"{step.where}: step '{step.name}': {decorator.mistake}")
        decorator.check_step(step)


def run_decorated(function: Callable[..., Any], call: StepCall, run: Callable[[], None]) -> None:
    """Run a step with its decorators around it."""
    for decorator in sorted(all_of(function), key=lambda one: one.rank)[::-1]:
        run = partial(decorator.around, call, run)
    run()

"""The mechanism of decorators of a whole flow: as of steps, but on the class."""

from __future__ import annotations

from typing import Any, Self, TypeVar

from stepwell.errors import FlowError
from stepwell.flow.decorators.attributes import Attributes

C = TypeVar("C", bound=type)
_HANG = "_stepwell_flow_decorators"


class FlowDecorator(Attributes):
    """Base of decorators of a flow's class."""

    def __call__(self, flow_class: C) -> C:
        hanging = flow_decorators(flow_class)
        if any(other.name == self.name for other in hanging):
            self.mistake = FlowError(f"@{self.name}: it is there twice; write it once")
        hang_on_flow(flow_class, (self, *hanging))
        return flow_class

    def check_flow(self, flow_class: type[Any]) -> None:
        """Raise `FlowError` if the decorator can't be on this flow."""

    @classmethod
    def of(cls, flow_class: type[Any]) -> Self | None:
        """This decorator as it hangs on a flow, or None."""
        return next((one for one in flow_decorators(flow_class) if isinstance(one, cls)), None)


def flow_decorators(flow_class: type[Any]) -> tuple[FlowDecorator, ...]:
    """The decorators of a flow, the topmost first."""
    found: tuple[FlowDecorator, ...] = getattr(flow_class, _HANG, ())
    return found


def hang_on_flow(flow_class: type[Any], decorators: tuple[FlowDecorator, ...]) -> None:
    """Let these be the decorators of a flow, the topmost first."""
    setattr(flow_class, _HANG, decorators)


def check_flow_decorators(flow_class: type[Any]) -> None:
    """Raise the first mistake in the decorators of a flow."""
    for decorator in flow_decorators(flow_class):
        if decorator.mistake:
            raise FlowError(f"flow {flow_class.__name__}: {decorator.mistake}")
        decorator.check_flow(flow_class)

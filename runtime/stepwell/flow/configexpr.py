"""``config_expr``: what a decorator of the class takes from a config that the class itself has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stepwell.errors import FlowError

if TYPE_CHECKING:
    from stepwell.flow.spec import FlowSpec


class config_expr:
    """A Python expression over the flow's configs, for arguments of decorators.

    Above the class its configs are not there yet: ``@project(name=config_expr("cfg.project"))``. In the
    class body ``cfg.project`` itself will do.

    Args:
        expression: in which configs go by the attributes that they are assigned to.
    """

    def __init__(self, expression: str) -> None:
        self.expression = expression

    def __repr__(self) -> str:
        return f"config_expr({self.expression!r})"


def configs_of(flow_class: type[FlowSpec]) -> dict[str, Any]:
    """The configs of a flow by attribute, as its steps see them."""
    from stepwell.flow.config import ConfigSource

    given = flow_class.parameters().items()
    return {name: one.shown(one.document) for name, one in given if isinstance(one, ConfigSource)}


def is_expression(value: Any) -> bool:
    """Whether there is an expression in a value: itself, or in a list, tuple or dictionary."""
    if isinstance(value, Mapping):
        value = list(value.values())
    return isinstance(value, config_expr) or (
        isinstance(value, list | tuple) and any(is_expression(part) for part in value)
    )


def resolved(value: Any, configs: Mapping[str, Any]) -> Any:
    """A value with what its expressions come to in their place.

    Raises:
        FlowError: an expression can't be evaluated.
    """
    if isinstance(value, list | tuple):
        return type(value)(resolved(part, configs) for part in value)
    if isinstance(value, dict):
        return {key: resolved(part, configs) for key, part in value.items()}
    if not isinstance(value, config_expr):
        return value
    try:
        return eval(value.expression, {}, dict(configs))
    except Exception as error:
        raise FlowError(
            f"{value!r} raised {type(error).__name__}: {error}; "
            f"the flow's configs are {', '.join(configs) or 'none'}"
        ) from None

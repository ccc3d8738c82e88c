"""``--with NAME:key=value``: a decorator for every step that does not have it."""

from __future__ import annotations

import ast
from importlib import import_module
from typing import Any

from stepwell.errors import UsageError, did_you_mean
from stepwell.flow.decorators.base import StepDecorator, all_of
from stepwell.flow.spec import FlowSpec

NAMES = ("batch", "catch", "environment", "resources", "retry", "secrets", "timeout")
"""The decorators that can be attached from the command line."""


def attach(flow_class: type[FlowSpec], text: str) -> None:
    """Hang the decorator that `text` describes on each step that has none of its kind.

    Raises:
        UsageError: there is no such decorator, or its attributes can't be read.
        FlowError: an attribute is not allowed.
    """
    name, _, rest = text.partition(":")
    if name not in NAMES:
        raise UsageError(
            f"--with: received {text!r}; there is no decorator '{name}' to attach"
            + (did_you_mean(name, NAMES) or f"; there are {', '.join(NAMES)}")
        )
    kind: type[StepDecorator] = getattr(import_module(f"stepwell.flow.decorators.{name}"), name)
    attributes = dict(_attribute(text, pair) for pair in rest.split(",") if pair)
    decorator = kind(**attributes)
    if decorator.mistake:
        raise UsageError(f"--with {text}: {decorator.mistake}")
    for function in flow_class.step_functions().values():
        if not any(isinstance(one, kind) for one in all_of(function)):
            kind(**attributes)(function)


def _attribute(text: str, pair: str) -> tuple[str, Any]:
    key, equals, value = pair.partition("=")
    if not equals:
        raise UsageError(
            f"--with: received {text!r}; attributes are written NAME:key=value,key=value, "
            "such as retry:times=2"
        )
    try:
        return key, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return key, value

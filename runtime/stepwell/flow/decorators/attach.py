"""``--with NAME:key=value``: a decorator for every step that does not have it."""

from __future__ import annotations

import ast
from importlib import import_module
from typing import Any

from stepwell.errors import UsageError, did_you_mean
from stepwell.flow.decorators.base import all_of
from stepwell.flow.spec import FlowSpec

NAMES = ("batch", "catch", "conda", "environment", "pypi", "resources", "retry", "secrets", "timeout")
"""The decorators that can be attached from the command line."""
FLOW_NAMES = ("conda_base", "project", "pypi_base", "schedule")


def attach(flow_class: type[FlowSpec], text: str) -> None:
    """Hang the decorator that `text` describes on each step that has none of its kind.

    Raises:
        UsageError: there is no such decorator, or its attributes can't be read.
        FlowError: an attribute is not allowed.
    """
    kind, attributes = described(text, "--with", NAMES)
    decorator = kind(**attributes)
    if decorator.mistake:
        raise UsageError(f"--with {text}: {decorator.mistake}")
    for function in flow_class.step_functions().values():
        if not any(isinstance(one, kind) for one in all_of(function)):
            kind(**attributes)(function)


def use_environment(flow_class: type[FlowSpec], kind: str) -> None:
    """What ``--environment`` says: give each step that has none an environment of its own, ``pypi`` or
    ``conda``; or run all with what is installed, ``local``."""
    from stepwell.flow.decorators.packages import StepPackages, use_installed, wanted

    functions = flow_class.step_functions()
    if kind == "local":
        use_installed(flow_class)
        return
    have = wanted(flow_class, functions)
    decorator, _ = described(kind, "--environment", NAMES)
    for step, function in functions.items():
        if step not in have and not any(isinstance(one, StepPackages) for one in all_of(function)):
            decorator()(function)


def described(text: str, by: str, names: tuple[str, ...]) -> tuple[type[Any], dict[str, Any]]:
    """The decorator that a text such as ``retry:times=2`` describes, and its attributes.

    Args:
        by: what received the text, for messages.
        names: the decorators there are.

    Raises:
        UsageError: there is no such decorator, or its attributes can't be read.
    """
    name, _, rest = text.partition(":")
    if name not in names:
        raise UsageError(
            f"{by}: received {text!r}; there is no decorator '{name}' to attach"
            + (did_you_mean(name, names) or f"; there are {', '.join(names)}")
        )
    kind: type[Any] = getattr(import_module(f"stepwell.flow.decorators.{name}"), name)
    return kind, dict(_attribute(text, by, pair) for pair in rest.split(",") if pair)


def _attribute(text: str, by: str, pair: str) -> tuple[str, Any]:
    key, equals, value = pair.partition("=")
    if not equals:
        raise UsageError(
            f"{by}: received {text!r}; attributes are written NAME:key=value,key=value, such as retry:times=2"
        )
    try:
        return key, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return key, value

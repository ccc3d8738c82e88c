"""How a patch puts a function in the place of one of moto's."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any


def replaces(owner: Any, name: str) -> Callable[[Callable[..., Any]], None]:
    """Decorator: ``owner.name(*args)`` becomes ``function(original, *args)``.

    Raises:
        AttributeError: moto has no such function (any more): the patch is out of date.
    """

    def replace(function: Callable[..., Any]) -> None:
        original = getattr(owner, name)

        @functools.wraps(original)
        def replacement(*args: Any, **kwargs: Any) -> Any:
            return function(original, *args, **kwargs)

        static = isinstance(inspect.getattr_static(owner, name), staticmethod)
        setattr(owner, name, staticmethod(replacement) if static else replacement)

    return replace


def adds(owner: Any) -> Callable[[Callable[..., Any]], None]:
    """Decorator: `owner` gets the function under its own name."""

    def add(function: Callable[..., Any]) -> None:
        setattr(owner, function.__name__, function)

    return add

"""From Python's keyword arguments to a command's."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from stepwell.errors import UsageError

# keyword arguments that Metaflow's Runner has in the plural, and the option that each item is given with
_REPEATED = {"tags": "--tag"}
_FLAGS = frozenset({"explain", "quiet", "reuse"})
"""Options of ``run`` that take no value; no parameter has such a name."""


def arguments(given: dict[str, Any]) -> list[str]:
    """``{"max_workers": 4, "tags": ["a"]}`` as ``--max_workers 4 --tag a``.

    Lists and dictionaries become JSON; None leaves an option out, as False does with ``reuse`` and its like.

    Raises:
        UsageError: a value has no form as text.
    """
    found = []
    for name, value in given.items():
        if name in _REPEATED:
            found += [part for one in _items(name, value) for part in (_REPEATED[name], one)]
        elif name in _FLAGS:
            found += [f"--{name}"] if value else []
        elif value is not None:
            found += [f"--{name}", _text(name, value)]
    return found


def _items(name: str, value: Any) -> Iterable[str]:
    if isinstance(value, str) or not all(isinstance(one, str) for one in value):
        raise UsageError(f"{name}: received {value!r}; it must be a list of text, such as ['nightly']")
    items: Iterable[str] = value
    return items


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value)
    except (TypeError, ValueError):
        raise UsageError(
            f"{name}: received {value!r:.60} of type {type(value).__name__}; an argument of a command is "
            "text, a number, True or False, or a list or dictionary of these"
        ) from None

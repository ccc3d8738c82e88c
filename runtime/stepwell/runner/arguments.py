"""From Python's keyword arguments to a command's."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
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


def pairs(option: str, given: Mapping[str, Any] | Sequence[tuple[str, Any]]) -> list[str]:
    """``{"cfg": {"a": 1}}``, or pairs, as ``OPTION cfg {"a": 1}``; a path is text as it is.

    Raises:
        UsageError: a value has no form as text.
    """
    items = given.items() if isinstance(given, Mapping) else given
    return [word for name, value in items for word in (option, name, _text(name, value))]


def _items(name: str, value: Any) -> Iterable[str]:
    if isinstance(value, str) or not all(isinstance(one, str) for one in value):
        raise UsageError(f"{name}: received {value!r}; it must be a list of text, such as ['nightly']")
    items: Iterable[str] = value
    return items


def _text(name: str, value: Any) -> str:
    if isinstance(value, str | Path):
        return str(value)
    try:
        return json.dumps(value)
    except (TypeError, ValueError):
        raise UsageError(
            f"{name}: received {value!r:.60} of type {type(value).__name__}; an argument of a command is "
            "text, a number, True or False, or a list or dictionary of these"
        ) from None

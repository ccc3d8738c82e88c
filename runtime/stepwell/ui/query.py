"""What a request's query says, checked: it comes from a browser."""

from __future__ import annotations

from collections.abc import Mapping

from stepwell.errors import UsageError
from stepwell.flow.graph import TaskId

Query = Mapping[str, str]


def name(query: Query, field: str) -> str:
    """A name that is a part of a key. Raises `UsageError`."""
    found = query.get(field, "")
    if not found or "/" in found or not found.isprintable():
        raise UsageError(f"{field}: received {found!r}; it must be a name")
    return found


def number(query: Query, field: str, default: int = 0) -> int:
    """A whole number. Raises `UsageError`."""
    found = query.get(field, "")
    try:
        return int(found) if found else default
    except ValueError:
        raise UsageError(f"{field}: received {found!r}; it must be a whole number") from None


def task(query: Query) -> TaskId:
    """A task. Raises `UsageError`."""
    return TaskId(name(query, "step"), name(query, "task"))

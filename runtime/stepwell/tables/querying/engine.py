"""Which engine runs a query: pure."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from stepwell.errors import TableError, UsageError

ENGINES = ("duckdb", "athena")
LIMIT_MB = 2000
"""What DuckDB reads at most of an environment's tables, where STEPWELL_SQL_LIMIT_MB says nothing else."""
_VARIABLE = "STEPWELL_SQL_LIMIT_MB"


class Choice(NamedTuple):
    """An engine, ``duckdb`` in this process or ``athena``, and why it is the one, for people."""

    engine: str
    reason: str


def choose(asked: Any, here: bool, size: int, limit: int) -> Choice:
    """The engine for a query.

    Args:
        asked: the engine that the caller wants, if any.
        here: whether the tables are on this machine.
        size: bytes that the query reads of them.
        limit: bytes up to which DuckDB reads tables that are elsewhere.

    Raises:
        TableError: there is no such engine, or it can't reach the tables.
    """
    if asked is not None and asked not in ENGINES:
        raise TableError(f"sql: received engine={asked!r}; the engines are {', '.join(map(repr, ENGINES))}")
    if asked == "athena" and here:
        raise TableError(
            "sql: received engine='athena', and the tables are on this machine; leave engine out, or set "
            "STEPWELL_ENVIRONMENT=TEAM-ENV"
        )
    if asked is not None:
        return Choice(asked, "as asked")
    if here:
        return Choice("duckdb", "the tables are on this machine")
    if size <= limit:
        return Choice("duckdb", f"not more than {limit / 1e6:,.0f} MB")
    return Choice("athena", f"more than the {limit / 1e6:,.0f} MB that are read here ({_VARIABLE})")


def limit(environ: Mapping[str, str] = os.environ) -> int:
    """Bytes of an environment's tables that are read here at most: STEPWELL_SQL_LIMIT_MB.

    Raises:
        UsageError: it is no whole number, 0 or more.
    """
    said = environ.get(_VARIABLE) or str(LIMIT_MB)
    if not said.isascii() or not said.isdigit():
        raise UsageError(f"{_VARIABLE}: received {said!r}; it is a whole number of megabytes, 0 or more")
    return int(said) * 10**6

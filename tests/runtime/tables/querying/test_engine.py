"""Which engine runs a query."""

from __future__ import annotations

from typing import Any

import pytest

from stepwell.errors import TableError, UsageError
from stepwell.tables.querying.engine import choose, limit

MB = 10**6


@pytest.mark.parametrize(
    ("asked", "here", "size", "engine", "reason"),
    [
        (None, True, 9000 * MB, "duckdb", "the tables are on this machine"),
        (None, False, 0, "duckdb", "not more than 2,000 MB"),
        (None, False, 2000 * MB, "duckdb", "not more than 2,000 MB"),
        (None, False, 2000 * MB + 1, "athena", "more than the 2,000 MB that are read here"),
        ("duckdb", False, 9000 * MB, "duckdb", "as asked"),
        ("athena", False, 0, "athena", "as asked"),
    ],
)
def test_the_choice(asked: Any, here: bool, size: int, engine: str, reason: str) -> None:
    """What is here is queried here; of what is elsewhere, what is not large; the caller has the last word."""
    choice = choose(asked, here, size, 2000 * MB)
    assert choice.engine == engine and choice.reason.startswith(reason)


@pytest.mark.parametrize(
    ("asked", "here", "message"),
    [
        ("spark", False, "received engine='spark'; the engines are"),
        ("athena", True, "set STEPWELL_ENVIRONMENT"),
    ],
)
def test_no_such_choice(asked: Any, here: bool, message: str) -> None:
    """An engine that is not there, or can't reach the tables, is one line."""
    with pytest.raises(TableError, match=message):
        choose(asked, here, 0, 0)


def test_the_limit() -> None:
    """STEPWELL_SQL_LIMIT_MB is a whole number of megabytes; 2,000 where it is not set."""
    assert (limit({}), limit({"STEPWELL_SQL_LIMIT_MB": "5"})) == (2000 * MB, 5 * MB)
    with pytest.raises(UsageError, match="received '2 GB'; it is a whole number of megabytes"):
        limit({"STEPWELL_SQL_LIMIT_MB": "2 GB"})

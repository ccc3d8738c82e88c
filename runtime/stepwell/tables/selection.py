"""Which columns and rows of a table are asked for, checked before anything is read."""

from __future__ import annotations

from typing import Any

from pyiceberg.expressions import AlwaysTrue, BooleanExpression
from pyiceberg.expressions.parser import parse
from pyiceberg.expressions.visitors import bind
from pyiceberg.schema import Schema
from pyparsing import ParseBaseException

from stepwell.errors import TableError, did_you_mean
from stepwell.tables.name import TableName


def checked_columns(columns: Any, known: list[str], name: TableName) -> list[str]:
    """The columns to read: all that are `known`, or those asked for.

    Raises:
        TableError: `columns` is no list, empty, or has a column that is not known.
    """
    if columns is None:
        return known
    if isinstance(columns, str) or not columns:
        raise TableError(
            f"{name}: received columns={columns!r}; give a list of one or more of {', '.join(known)}, "
            "or leave it out for all"
        )
    for column in columns:
        if column not in known:
            raise TableError(
                f"{name}: received column {column!r}, which the table has not"
                f"{did_you_mean(str(column), known)}; its columns are {', '.join(known)}"
            )
    return list(columns)


def checked_filter(where: str | None, schema: Schema, name: TableName) -> BooleanExpression:
    """The filter that `where` says in pyiceberg's language; every row by default.

    Raises:
        TableError: it can't be read, names an unknown column, or compares one with another type.
    """
    if where is None:
        return AlwaysTrue()
    try:
        expression = parse(where)
        bind(schema, expression, case_sensitive=True)
    except ParseBaseException as error:
        problem = f"it can't be read from character {error.loc + 1} on"
    except (ValueError, TypeError) as error:
        problem = str(error).partition(", case_sensitive")[0]
    else:
        return expression
    raise TableError(
        f"{name}: received where={where!r}: {problem}; a filter compares columns with values, such as "
        f"\"carrier = 'UA' and dep_delay > 15\"; the columns are {', '.join(schema.column_names)}"
    )


def checked_limit(limit: Any, name: TableName) -> int | None:
    """The most rows to read; raises `TableError` where it is no such number."""
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
        raise TableError(f"{name}: received limit={limit!r}; a limit is a whole number of rows, 0 or more")
    return limit

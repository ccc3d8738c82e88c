"""DuckDB in this process, over tables that are handed to it and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from stepwell.errors import TableError
from stepwell.tables.name import TableName
from stepwell.tables.rows import optional, quoted

Views = Mapping[TableName, Any]
"""What stands for each table: a dataset, of which DuckDB reads what it needs, or an Arrow table."""


def names_in(query: str) -> list[TableName]:
    """The tables that a query names, each once.

    Raises:
        TableError: it is no query, or it names a table without its database.
    """
    with _database({}) as database:
        ((said,),) = database.execute("select json_serialize_sql(?)", [query]).fetchall()
    parsed = json.loads(said)
    if parsed["error"]:
        raise TableError(
            f"sql: {_line(parsed['error_message'])}; "
            "it takes one select, or create table DATABASE.TABLE as select"
        )
    found: dict[tuple[str, str], None] = {}
    within: set[str] = set()
    for node in _nodes(parsed):
        within |= {one["key"] for one in (node.get("cte_map") or {}).get("map", ())}
        if node.get("type") == "BASE_TABLE":
            found[node["schema_name"], node["table_name"]] = None
    names = [(database, table) for database, table in found if database or table not in within]
    for schema, table in names:
        if not schema:
            raise TableError(
                f"sql: received the table '{table}'; a table is named with its database: facts.{table}"
            )
    return [TableName.parse(f"{schema}.{table}") for schema, table in names]


def rows(query: str, views: Views) -> pa.Table:
    """A query's rows."""
    with _database(views) as database, _explained(views):
        found: pa.Table = database.sql(query).to_arrow_table()
        return found


def schema_of(query: str, views: Views) -> pa.Schema:
    """The columns that a query gives; no row is read."""
    with _database(views) as database, _explained(views):
        relation = database.sql(query)
        fields = relation.limit(0).to_arrow_table().schema
        # the limit gives columns of one name different ones
        return pa.schema(map(pa.Field.with_name, fields, relation.columns))


def types(views: Views) -> dict[TableName, dict[str, str]]:
    """The columns of each table, with their types as DuckDB calls them."""
    with _database(views) as database:
        return {
            name: {column: kind for column, kind, *_ in database.execute(f"describe {_sql(name)}").fetchall()}
            for name in views
        }


def _sql(name: TableName) -> str:
    return f"{quoted(name.database)}.{quoted(name.table)}"


@contextmanager
def _database(views: Views) -> Iterator[Any]:
    # a query names neither files nor Python's variables: it would read what is not pinned
    with optional("duckdb", "sql").connect(config={"python_enable_replacements": False}) as database:
        for number, (name, view) in enumerate(views.items()):
            database.register(f"stepwell_{number}", view)
            database.execute(f"create schema if not exists {quoted(name.database)}")
            database.execute(f"create view {_sql(name)} as select * from stepwell_{number}")
        database.execute("set enable_external_access = false")
        yield database


@contextmanager
def _explained(views: Views) -> Iterator[None]:
    import duckdb

    try:
        yield
    except (duckdb.Error, OSError) as error:
        known = ", ".join(map(str, views)) or "none"
        raise TableError(f"sql: {_line(error)}; the tables are {known}") from error


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _nodes(one)


def _line(error: object) -> str:
    return str(error).strip().partition("\n")[0]

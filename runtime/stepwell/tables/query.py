"""SQL over tables, by DuckDB in this process: only the tables that a query names are opened.

See ``docs/decisions/0145-sql-by-duckdb.md``.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from stepwell.errors import TableError
from stepwell.tables.name import TableName
from stepwell.tables.reading import Table, open_table
from stepwell.tables.rows import optional, quoted
from stepwell.tables.writing import write

_MADE = re.compile(r"\s*create\s+(or\s+replace\s+)?table\s+([\w.\"]+)\s+as\s+(.*)", re.IGNORECASE | re.DOTALL)


def run(query: str, quiet: bool) -> pa.Table:
    """What `stepwell.sql` does."""
    duckdb = optional("duckdb", "sql")
    made = _MADE.fullmatch(query)
    select = made[3] if made else query
    with duckdb.connect(config={"python_enable_replacements": False}) as database:
        tables = {str(name): open_table(str(name)) for name in _named(database, select)}
        for number, (name, table) in enumerate(tables.items()):
            _open(database, f"stepwell_{number}", TableName.parse(name), table)
        database.execute("set enable_external_access = false")
        if not quiet:
            print(f"sql: {_plan(tables)}", file=sys.stderr)
        try:
            rows: pa.Table = database.sql(select).to_arrow_table()
        except (duckdb.Error, OSError) as error:
            raise TableError(f"sql: {_line(error)}; the tables are {', '.join(tables) or 'none'}") from error
    if not made:
        return rows
    target = TableName.parse(made[2].replace('"', ""))
    if not made[1] and _exists(target):
        raise TableError(f"{target}: there is such a table; say create or replace table, or name another")
    written = write(str(target), rows, "overwrite", evolve=True)
    return pa.table({"table": [str(target)], "rows": [written.rows], "snapshot_id": [written.snapshot_id]})


def _named(database: Any, query: str) -> list[TableName]:
    """The tables that a query names, each once.

    Raises:
        TableError: it is no query, or it names a table without its database.
    """
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


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _nodes(one)


def _open(database: Any, view: str, name: TableName, table: Table) -> None:
    # nothing is read: DuckDB asks the files for the columns and rows that the query needs
    database.register(view, table.scan()._source())
    database.execute(f"create schema if not exists {quoted(name.database)}")
    database.execute(f"create view {quoted(name.database)}.{quoted(name.table)} as select * from {view}")


def _plan(tables: dict[str, Table]) -> str:
    said = (table._snapshot and table._snapshot.summary for table in tables.values())
    size = sum(int(one["total-files-size"] or 0) for one in said if one)
    where = "".join({f" in {table._catalog.where}" for table in tables.values()})
    return f"DuckDB here, over {len(tables)} tables of {size / 1e6:,.1f} MB{where}"


def _exists(name: TableName) -> bool:
    from stepwell.tables.opening import open_catalog

    catalog = open_catalog()
    with catalog.reaching(name):
        return catalog.find(name) is not None


def _line(error: object) -> str:
    return str(error).strip().partition("\n")[0]

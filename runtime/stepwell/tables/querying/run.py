"""`stepwell.sql`: a query over tables, by the engine that is nearest to the data and able to read so much.

See ``docs/decisions/0145-sql-by-duckdb.md`` and ``0180-athena-by-translation.md``.
"""

from __future__ import annotations

import re
import sys
from typing import Any

import pyarrow as pa

from stepwell import aws
from stepwell.errors import TableError
from stepwell.tables.name import TableName
from stepwell.tables.querying import duck, engine
from stepwell.tables.querying.engine import Choice
from stepwell.tables.reading import Table, open_table
from stepwell.tables.rows import optional
from stepwell.tables.writing import write

_MADE = re.compile(r"\s*create\s+(or\s+replace\s+)?table\s+([\w.\"]+)\s+as\s+(.*)", re.IGNORECASE | re.DOTALL)

Tables = dict[TableName, Table]


def run(query: str, asked: Any, quiet: bool) -> pa.Table:
    """What `stepwell.sql` does."""
    made = _MADE.fullmatch(query)
    select = made[3] if made else query
    tables = {name: open_table(str(name)) for name in duck.names_in(select)}
    rows = _rows(select, tables, asked, quiet)
    if not made:
        return rows
    target = TableName.parse(made[2].replace('"', ""))
    if not made[1] and _exists(target):
        raise TableError(f"{target}: there is such a table; say create or replace table, or name another")
    written = write(str(target), rows, "overwrite", evolve=True)
    said = {"table": [str(target)], "rows": [written.rows], "snapshot_id": [written.snapshot_id]}
    return pa.table(said).replace_schema_metadata(rows.schema.metadata)


def _rows(select: str, tables: Tables, asked: Any, quiet: bool) -> pa.Table:
    environment = aws.environment_name()
    remote = _Remote(select, tables) if environment else None
    size = remote.size if remote else _whole(tables)
    choice = engine.choose(asked, remote is None, size, engine.limit())
    _say(_plan(choice, tables, size), quiet)
    told = {"engine": choice.engine, "reason": choice.reason, "bytes": str(size)}
    if choice.engine == "duckdb":
        rows = duck.rows(select, {name: table.scan()._source() for name, table in tables.items()})
    else:
        from stepwell.tables.querying import athena

        assert environment and remote
        answer = athena.run(
            environment, *remote.query(), {name: one.snapshot_id for name, one in tables.items()}
        )
        _say(f"Athena has read {answer.scanned / 1e6:,.1f} MB in {answer.seconds:,.1f} s", quiet)
        rows = answer.rows
        told |= {"bytes": str(answer.scanned), "athena_query": answer.id}
    return rows.replace_schema_metadata({f"stepwell.{key}": value for key, value in told.items()})


class _Remote:
    """A query over tables that are not on this machine: what it would read, and how Athena takes it.

    Attributes:
        size: bytes that it reads; of what sqlglot doesn't understand, whole tables.
    """

    def __init__(self, select: str, tables: Tables) -> None:
        optional("sqlglot", "sql")
        from stepwell.tables.querying import estimate, translation

        self._select = select
        self._views = {name: table.schema.empty_table() for name, table in tables.items()}
        self._tree: Any = None
        try:
            self._tree = translation.resolved(select, duck.types(self._views))
        except TableError as error:
            duck.schema_of(select, self._views)  # what is wrong for DuckDB too, it says better
            self._problem, self.size = error, _whole(tables)
            return
        reads = {
            name: estimate.Read(table._iceberg, table._iceberg_schema, table.snapshot_id)
            for name, table in tables.items()
        }
        self.size = estimate.scanned(self._tree, reads)

    def query(self) -> tuple[Any, pa.Schema]:
        """What Athena is to run, and the columns that it gives.

        Raises:
            TableError: Athena can't, or the query is wrong.
        """
        from stepwell.tables.querying import translation

        if self._tree is None:
            raise self._problem
        query = translation.sortable(self._tree)
        schema = duck.schema_of(query.duckdb, self._views)
        names = duck.schema_of(self._select, self._views).names  # of expressions sqlglot has names of its own
        return query, pa.schema([*map(pa.Field.with_name, schema, names), *list(schema)[len(names) :]])


def _whole(tables: Tables) -> int:
    """Bytes of all files of the tables."""
    said = (table._snapshot and table._snapshot.summary for table in tables.values())
    return sum(int(one["total-files-size"] or 0) for one in said if one)


def _plan(choice: Choice, tables: Tables, size: int) -> str:
    where = "".join({f" in {table._catalog.where}" for table in tables.values()})
    who = {"duckdb": "DuckDB here", "athena": "Athena"}[choice.engine]
    return f"{who}, over {size / 1e6:,.1f} MB of {len(tables)} tables{where}: {choice.reason}"


def _say(what: str, quiet: bool) -> None:
    if not quiet:
        print(f"sql: {what}", file=sys.stderr)


def _exists(name: TableName) -> bool:
    from stepwell.tables.opening import open_catalog

    catalog = open_catalog()
    with catalog.reaching(name):
        return catalog.find(name) is not None

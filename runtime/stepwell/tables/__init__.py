"""Iceberg tables: read one at a pinned snapshot, write one whole or not at all.

A table is named ``DATABASE.TABLE``; the database is ``facts`` or a project's name. Locally the tables
are in a SQLite catalog below ``STEPWELL_HOME``, in an environment in Glue and S3; the code is the same.

pyiceberg is imported when the first table is used, because that takes most of a second.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pyarrow as pa

    from stepwell.tables.reading import Table

__all__ = ["sql", "table", "write_table"]


def table(
    name: str,
    *,
    snapshot: int | None = None,
    as_of: datetime | str | None = None,
    branch: str | None = None,
) -> Table:
    """Open an Iceberg table; its rows are read when they are asked for.

    In a task it is the table as it was when the run started, and every task of the run reads that
    snapshot, until the run itself writes the table. Elsewhere it is the snapshot of now.

    Args:
        name: ``DATABASE.TABLE``, such as ``facts.flights``.
        snapshot: id of the snapshot to read.
        as_of: read the table as it was then: a datetime or ISO 8601 text, in UTC where no zone is said.
        branch: read this branch: ``FLOW/RUN`` has what a run has written and not published.

    Raises:
        TableError: the name has another form, there is no such table or snapshot, it can't be reached,
            or the snapshot that the run is pinned to has expired.
    """
    from stepwell.tables.reading import open_table

    return open_table(name, snapshot=snapshot, as_of=as_of, branch=branch)


def write_table(
    name: str,
    data: Any,
    mode: Literal["append", "overwrite", "upsert", "replace_partition"] = "append",
    *,
    keys: Sequence[str] = (),
    partition_by: Sequence[str] | None = None,
    evolve: bool = False,
) -> Table:
    """Write rows to an Iceberg table, all or none; the table is made if there is none.

    In a task, a write is done once, however often the task is tried again. It goes to a branch of the
    table that the run reads and nobody else; when the run ends successfully, the branch is published.
    Many tasks may write one table at once: appends are all kept, and of overwrites the last to finish
    stays.

    Args:
        name: ``DATABASE.TABLE``.
        data: a pyarrow Table or RecordBatch, or a pandas or polars DataFrame (a pandas index is not
            written). A value is stored exactly or refused: timestamps have microseconds, those with
            a time zone are in UTC, integers are signed.
        mode: ``append`` adds the rows, ``overwrite`` replaces all rows by them, ``upsert`` replaces the
            rows that have the same `keys` and adds the others, ``replace_partition`` replaces the
            partitions that the rows are in.
        keys: the columns that say which row is meant, for ``upsert``.
        partition_by: columns for whose values the table has partitions; decided when it is made.
        evolve: whether the table may get new columns, null where there was no value, and wider types:
            int32 to int64, float to double, decimals of more digits. Nothing else ever changes.

    Returns:
        The table at the snapshot that the write made.

    Raises:
        TableError: bad name or mode, data that is no table or does not fit the table's columns, a
            database that is not there, or a table that can't be written.
    """
    from stepwell.tables.writing import write

    return write(name, data, mode, keys, partition_by, evolve)


def sql(query: str, *, engine: Literal["duckdb", "athena"] | None = None, quiet: bool = False) -> pa.Table:
    """Run a query over tables, and give its rows; only the tables that it names are opened.

    DuckDB runs it in this process where the tables are on this machine, or where it reads no more of an
    environment's than STEPWELL_SQL_LIMIT_MB (2000) says, by what the tables' manifests tell; else Athena
    does, in the workgroup of one's namespace. In a task either reads tables at the run's snapshots.
    ``create [or replace] table DATABASE.TABLE as select ...`` writes the rows to a table, as `write_table`
    does, and gives its name, rows and snapshot.

    Args:
        query: one ``select`` in DuckDB's SQL, with tables as ``DATABASE.TABLE``; it is translated for Athena.
        engine: the one to run it, whatever there is to read.
        quiet: whether to say nothing on stderr of the engine, why it is the one, and of how much it reads.

    Returns:
        The rows, of the same types by either engine. The metadata of their schema has ``stepwell.engine``,
        ``stepwell.reason`` and ``stepwell.bytes``, and of Athena ``stepwell.athena_query``, the query's id.

    Raises:
        TableError: the query is wrong, a table is not there, Athena can't run it or may not read so much, or
            DuckDB, and in an environment sqlglot, is not installed.
    """
    from stepwell.tables.querying.run import run

    return run(query, engine, quiet)


def preload() -> None:
    """Import what tables need, for processes that are forked afterwards; starts no thread."""
    import pyiceberg.io.pyarrow

    import stepwell.tables.reading
    import stepwell.tables.writing

    assert pyiceberg.io.pyarrow and stepwell.tables.reading and stepwell.tables.writing
    import_module(
        "stepwell.tables.glue" if os.environ.get("STEPWELL_ENVIRONMENT") else "stepwell.tables.local"
    )

"""What is known of a table and of its snapshots, from metadata; and what differs between two of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

import pyarrow as pa
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.snapshots import Snapshot

from stepwell.contract import FACTS
from stepwell.errors import TableError
from stepwell.tables import files
from stepwell.tables.arrow import plain_schema
from stepwell.tables.catalog import TableCatalog
from stepwell.tables.name import TableName
from stepwell.tables.pins import MODE, writer_of
from stepwell.tables.reading import Table
from stepwell.tables.rows import optional, quoted

OWNER, DESCRIPTION = "owner", "comment"
"""Properties of a table that Spark, Trino and Glue know too."""


@dataclass(frozen=True, slots=True)
class Version:
    """A snapshot of a table.

    Attributes:
        written: when, in UTC.
        mode: how: ``append``, ``overwrite``, ``upsert``, ``replace_partition``, ``compact``, or what another
            tool calls it.
        rows, bytes: of the whole table then; None where who wrote it did not say.
        by: the task that wrote it, ``Flow/run/step/task``; None where no flow did.
        user: who ran it.
    """

    snapshot_id: int
    written: datetime
    mode: str
    rows: int | None
    bytes: int | None
    by: str | None
    user: str | None

    @classmethod
    def of(cls, snapshot: Snapshot) -> Version:
        said = snapshot.summary.additional_properties if snapshot.summary else {}
        writer = writer_of(snapshot)
        rows, size = said.get("total-records"), said.get("total-files-size")
        return cls(
            snapshot.snapshot_id,
            datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC),
            said.get(MODE) or (snapshot.summary.operation.value if snapshot.summary else "unknown"),
            None if rows is None else int(rows),
            None if size is None else int(size),
            writer and "/".join((writer.flow, writer.run, writer.step, writer.task)),
            said.get("stepwell.user"),
        )


@dataclass(frozen=True, slots=True)
class About:
    """A table: what it is, whose, and how fresh."""

    name: str
    owner: str
    description: str | None
    columns: dict[str, str]
    partition_by: list[str]
    branches: list[str]
    now: Version | None


def about(catalog: TableCatalog, name: TableName) -> About:
    """What is known of a table. Raises `TableError` where it can't be reached."""
    iceberg = catalog.load(name)
    now, schema = iceberg.current_snapshot(), iceberg.schema()
    return About(
        str(name),
        iceberg.properties.get(OWNER) or owners(name),
        iceberg.properties.get(DESCRIPTION),
        {field.name: str(field.type) for field in plain_schema(schema.as_arrow())},
        [schema.find_column_name(field.source_id) or "" for field in iceberg.spec().fields],
        sorted(ref for ref in iceberg.refs() if ref != "main"),
        Version.of(now) if now else None,
    )


def owners(name: TableName) -> str:
    """Who has a database: IAM lets them write it."""
    return "data engineers" if name.database == FACTS else f"project {name.database}"


def describe(catalog: TableCatalog, name: TableName, owner: str | None, description: str | None) -> None:
    """Say whose a table is, and what it holds."""
    said = {OWNER: owner, DESCRIPTION: description}
    new = {key: value for key, value in said.items() if value is not None}
    if new:
        iceberg = catalog.load(name)
        with catalog.reaching(name):
            iceberg.transaction().set_properties(new).commit_transaction()


def history(catalog: TableCatalog, name: TableName, branch: str = "main") -> Iterator[Version]:
    """The snapshots of a table that are kept, newest first; those of a branch down to where it began."""
    iceberg = catalog.load(name)
    snapshot = iceberg.snapshot_by_name(branch)
    while snapshot is not None:
        yield Version.of(snapshot)
        parent = snapshot.parent_snapshot_id
        snapshot = iceberg.snapshot_by_id(parent) if parent else None


class Difference(NamedTuple):
    """What is in the second of two snapshots and not in the first, and the other way round.

    Attributes:
        columns: ``+ name type``, ``- name type``.
        added, removed: rows, a row once for each time that it is there more often.
    """

    columns: list[str]
    added: pa.Table
    removed: pa.Table


def diff(catalog: TableCatalog, name: TableName, first: int, second: int) -> Difference:
    """Compare two snapshots; only files that are not in both are read.

    Raises:
        TableError: a snapshot is not there, or the rows can't be read.
    """
    iceberg = catalog.load(name)
    before, after = (_at(iceberg, one, name, catalog) for one in (first, second))
    old, new = ({(field.name, str(field.type)) for field in one.schema} for one in (before, after))
    columns = [f"+ {one} {kind}" for one, kind in sorted(new - old)]
    columns += [f"- {one} {kind}" for one, kind in sorted(old - new)]
    paths = [
        {task.file.file_path for task in files.planned(iceberg, one, AlwaysTrue())} for one in (first, second)
    ]
    common = [field for field in before.schema.names if field in after.schema.names]
    gone = _rows_of(before, paths[0] - paths[1], common)
    come = _rows_of(after, paths[1] - paths[0], common)
    if not gone.num_rows:
        return Difference(columns, _rows_of(after, paths[1] - paths[0], after.schema.names), gone)
    return Difference(columns, _without(come, gone), _without(gone, come))


def _at(iceberg: IcebergTable, snapshot: int, name: TableName, catalog: TableCatalog) -> Table:
    found = iceberg.snapshot_by_id(snapshot)
    if found is None:
        raise TableError(
            f"{name}: received snapshot {snapshot}, which the table has not, or which has expired; "
            f"`stepwell history {name}` lists those there are"
        )
    return Table(name, iceberg, found, catalog)


def _rows_of(table: Table, paths: set[str], columns: list[str]) -> pa.Table:
    pieces = tuple(files.Piece(path, None, 0) for path in paths)
    return replace(table.scan(columns), pieces=pieces).to_arrow()


def _without(rows: pa.Table, others: pa.Table) -> pa.Table:
    """The rows that are not among the others, counted."""
    names = ", ".join(map(quoted, rows.column_names))
    database = optional("duckdb", "diff of snapshots of which rows were taken away").connect()
    database.register("a", rows)
    database.register("b", others)
    return database.sql(f"select {names} from a except all select {names} from b").to_arrow_table()

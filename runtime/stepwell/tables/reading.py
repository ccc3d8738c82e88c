"""A table at one snapshot, and how its rows are read."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from pyiceberg.schema import Schema
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.refs import SnapshotRefType
from pyiceberg.table.snapshots import Snapshot

from stepwell import html
from stepwell.errors import TableError, did_you_mean
from stepwell.flow.current import current
from stepwell.tables.arrow import plain_schema
from stepwell.tables.catalog import TableCatalog
from stepwell.tables.name import TableName
from stepwell.tables.opening import open_catalog
from stepwell.tables.pins import expired, pin_read, snapshot_at
from stepwell.tables.rows import Rows
from stepwell.tables.scan import Scan, Shard, shards

_SHOWN_ROWS = 5


def open_table(
    text: str,
    *,
    snapshot: int | None = None,
    as_of: datetime | str | None = None,
    branch: str | None = None,
) -> Table:
    """What `stepwell.table` does."""
    name = TableName.parse(text)
    given = {"snapshot": snapshot, "as_of": as_of, "branch": branch}
    if len([one for one in given.values() if one is not None]) > 1:
        said = ", ".join(f"{key}={value!r}" for key, value in given.items() if value is not None)
        raise TableError(f"{name}: received {said}; each says which snapshot is meant: give one of them")
    catalog = open_catalog()
    iceberg = catalog.load(name)
    if snapshot is not None:
        return Table(name, iceberg, _by_id(iceberg, snapshot, name), catalog)
    if as_of is not None:
        return Table(name, iceberg, _as_of(iceberg, as_of, name), catalog)
    if branch is not None:
        return Table(name, iceberg, _branch(iceberg, branch, name), catalog)
    context = current.task_context
    if context is None:
        return Table(name, iceberg, iceberg.current_snapshot(), catalog)
    pinned = pin_read(context, name, iceberg)
    if pinned is None:
        return Table(name, iceberg, None, catalog)
    if iceberg.snapshot_by_id(pinned) is None:
        # another task of the run may have pinned one that is younger than what was loaded here
        iceberg = catalog.load(name)
    found = iceberg.snapshot_by_id(pinned)
    if found is None:
        raise expired(str(name), pinned, "this run")
    return Table(name, iceberg, found, catalog)


def _by_id(iceberg: IcebergTable, snapshot: Any, name: TableName) -> Snapshot:
    found = iceberg.snapshot_by_id(snapshot) if type(snapshot) is int else None
    if found is None:
        raise TableError(
            f"{name}: received snapshot={snapshot!r}, which the table has not, or which has expired; "
            f"`stepwell history {name}` lists those there are"
        )
    return found


def _as_of(iceberg: IcebergTable, as_of: Any, name: TableName) -> Snapshot:
    try:
        time = as_of if isinstance(as_of, datetime) else datetime.fromisoformat(as_of)
    except (TypeError, ValueError):
        raise TableError(
            f"{name}: received as_of={as_of!r}; it is a datetime or ISO 8601 text, such as "
            "'2026-11-25' or '2026-11-25T08:30+01:00'; without a zone it is UTC"
        ) from None
    found = snapshot_at(iceberg, time if time.tzinfo else time.replace(tzinfo=UTC))
    if found is None:
        first = iceberg.history()[0].timestamp_ms if iceberg.history() else None
        began = (
            f"begins {datetime.fromtimestamp(first / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
            if first
            else "is empty"
        )
        raise TableError(f"{name}: received as_of={as_of!r}; what is kept of the table's history {began}")
    return found


def _branch(iceberg: IcebergTable, branch: Any, name: TableName) -> Snapshot:
    branches = [ref for ref, one in iceberg.refs().items() if one.snapshot_ref_type == SnapshotRefType.BRANCH]
    found = iceberg.snapshot_by_name(branch) if branch in branches else None
    if found is None:
        raise TableError(
            f"{name}: received branch={branch!r}, which the table has not"
            f"{did_you_mean(str(branch), branches)}; it has {', '.join(branches) or 'none'}; a run's branch, "
            "FLOW/RUN, is there from its first write until it ends successfully"
        )
    return found


class Table(Rows):
    """An Iceberg table at one snapshot; nothing but its metadata is read until rows are asked for."""

    def __init__(
        self, name: TableName, iceberg: IcebergTable, snapshot: Snapshot | None, catalog: TableCatalog
    ) -> None:
        self._name = name
        self._iceberg = iceberg
        self._snapshot = snapshot
        self._catalog = catalog

    @property
    def name(self) -> str:
        """``DATABASE.TABLE``."""
        return str(self._name)

    @property
    def schema(self) -> pa.Schema:
        """Columns and their Arrow types, as `to_arrow` gives them."""
        return plain_schema(self._iceberg_schema.as_arrow())

    @property
    def snapshot_id(self) -> int | None:
        """Id of the snapshot; None for a table that nothing was written to yet."""
        return self._snapshot.snapshot_id if self._snapshot else None

    @property
    def rows(self) -> int:
        """Number of rows, from the metadata of the snapshot's files."""
        if self._snapshot is None:
            return 0
        with self._catalog.reaching(self._name):
            return self._iceberg.scan(snapshot_id=self._snapshot.snapshot_id).count()

    def scan(
        self, columns: list[str] | None = None, where: str | None = None, limit: int | None = None
    ) -> Scan:
        return Scan(self, self.schema.names).scan(columns, where, limit)

    scan.__doc__ = Rows.scan.__doc__

    def read_partitioned(
        self, n: int, columns: list[str] | None = None, where: str | None = None
    ) -> list[Shard]:
        """Divide the rows into `n` shards, each row in one of them: items for a foreach.

        A shard is some of the table's row groups, so that all have about as many bytes; where there are
        fewer row groups than shards, some shards are empty. It is read like a table
        (``self.input.to_arrow()``), in any task, at the snapshot that this table has.

        Raises:
            TableError: `n` is no number above 0, a column or the filter is wrong, or the table is out of
                reach.
        """
        return shards(self, n, columns, where)

    def __repr__(self) -> str:
        at = f"snapshot {self.snapshot_id}" if self._snapshot else "without a snapshot"
        return f"<table {self.name}, {len(self._iceberg_schema.fields)} columns, {at}>"

    def _repr_html_(self) -> str:
        """Its columns with their types, and the first rows; reads those."""
        rows = self.to_arrow(limit=_SHOWN_ROWS)
        head = [f"{field.name}: {field.type}" for field in rows.schema]
        shown = zip(*(column.to_pylist() for column in rows.columns), strict=True)
        return html.table(f"{self.name}, {self.rows:,} rows, snapshot {self.snapshot_id}", head, shown)

    def _reaching(self) -> AbstractContextManager[None]:
        return self._catalog.reaching(self._name)

    @property
    def _iceberg_schema(self) -> Schema:
        schema_id = self._snapshot.schema_id if self._snapshot else None
        return self._iceberg.schema() if schema_id is None else self._iceberg.schemas()[schema_id]

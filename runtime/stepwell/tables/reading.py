"""A table at one snapshot, and how its rows are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from pyiceberg.schema import Schema
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.snapshots import Snapshot

from stepwell import html
from stepwell.errors import TableError
from stepwell.flow.current import current
from stepwell.tables.arrow import plain_schema
from stepwell.tables.catalog import TableCatalog
from stepwell.tables.name import TableName
from stepwell.tables.opening import open_catalog
from stepwell.tables.pins import pin_read
from stepwell.tables.selection import checked_columns, checked_filter, checked_limit

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

_SHOWN_ROWS = 5


def open_table(text: str) -> Table:
    """What `stepwell.table` does."""
    name = TableName.parse(text)
    catalog = open_catalog()
    iceberg = catalog.load(name)
    context = current.task_context
    if context is None:
        return Table(name, iceberg, iceberg.current_snapshot(), catalog)
    pinned = pin_read(context, name, iceberg.current_snapshot())
    if pinned is None:
        return Table(name, iceberg, None, catalog)
    snapshot = iceberg.snapshot_by_id(pinned)
    if snapshot is None:
        # another task of the run may have pinned one that is younger than what was loaded here
        iceberg = catalog.load(name)
        snapshot = iceberg.snapshot_by_id(pinned)
    if snapshot is None:
        raise TableError(
            f"{name}: the run is pinned to snapshot {pinned}, which has expired or was dropped with the "
            "table; start a new run to read the table as it is now"
        )
    return Table(name, iceberg, snapshot, catalog)


class Table:
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

    def to_arrow(
        self, columns: list[str] | None = None, where: str | None = None, limit: int | None = None
    ) -> pa.Table:
        """Read rows; only the files and columns that are needed are fetched.

        Args:
            columns: names of the columns to read, in this order; all by default.
            where: which rows, such as ``carrier = 'UA' and dep_delay > 15``: comparisons, ``in``,
                ``is null``, ``like 'A%'``, with ``and``, ``or``, ``not``.
            limit: at most so many rows.

        Raises:
            TableError: a column or the filter is wrong, or the rows can't be read.
        """
        wanted = checked_columns(columns, self.schema.names, self._name)
        schema = pa.schema([self.schema.field(column) for column in wanted])
        row_filter = checked_filter(where, self._iceberg_schema, self._name)
        limit = checked_limit(limit, self._name)
        if self._snapshot is None:
            return schema.empty_table()
        scan = self._iceberg.scan(
            row_filter, tuple(wanted), snapshot_id=self._snapshot.snapshot_id, limit=limit
        )
        with self._catalog.reaching(self._name):
            return scan.to_arrow().select(wanted).cast(schema)

    def to_pandas(
        self, columns: list[str] | None = None, where: str | None = None, limit: int | None = None
    ) -> pd.DataFrame:
        """Rows as a pandas DataFrame; arguments as of `to_arrow`."""
        return self.to_arrow(columns, where, limit).to_pandas()

    def to_polars(
        self, columns: list[str] | None = None, where: str | None = None, limit: int | None = None
    ) -> pl.DataFrame:
        """Rows as a polars DataFrame; arguments as of `to_arrow`."""
        import polars

        frame = polars.from_arrow(self.to_arrow(columns, where, limit))
        assert isinstance(frame, polars.DataFrame)
        return frame

    def __repr__(self) -> str:
        at = f"snapshot {self.snapshot_id}" if self._snapshot else "without a snapshot"
        return f"<table {self.name}, {len(self._iceberg_schema.fields)} columns, {at}>"

    def _repr_html_(self) -> str:
        """Its columns with their types, and the first rows; reads those."""
        rows = self.to_arrow(limit=_SHOWN_ROWS)
        head = [f"{field.name}: {field.type}" for field in rows.schema]
        shown = zip(*(column.to_pylist() for column in rows.columns), strict=True)
        return html.table(f"{self.name}, {self.rows:,} rows, snapshot {self.snapshot_id}", head, shown)

    @property
    def _iceberg_schema(self) -> Schema:
        schema_id = self._snapshot.schema_id if self._snapshot else None
        return self._iceberg.schema() if schema_id is None else self._iceberg.schemas()[schema_id]

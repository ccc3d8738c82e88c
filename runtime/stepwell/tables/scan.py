"""Rows chosen from a table, and shards of them for the tasks of a foreach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds
from pyiceberg.expressions import AlwaysTrue, And, BooleanExpression
from pyiceberg.expressions.visitors import bind
from pyiceberg.io.pyarrow import ArrowScan, expression_to_pyarrow

from stepwell.errors import TableError
from stepwell.tables import files
from stepwell.tables.files import Piece
from stepwell.tables.rows import Rows
from stepwell.tables.selection import checked_columns, checked_filter, checked_limit

if TYPE_CHECKING:
    from stepwell.tables.reading import Table

_READAHEAD = 2
"""Batches, and files, that are read before they are asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Scan(Rows):
    """Rows of a table at one snapshot: which columns, which rows, at most how many; nothing is read yet."""

    table: Table
    columns: list[str]
    where: BooleanExpression = field(default_factory=AlwaysTrue)
    limit: int | None = None
    pieces: tuple[Piece, ...] | None = None

    def scan(
        self, columns: list[str] | None = None, where: str | None = None, limit: int | None = None
    ) -> Scan:
        name = self.table._name
        limits = [one for one in (checked_limit(limit, name), self.limit) if one is not None]
        return replace(
            self,
            columns=checked_columns(columns, self.columns, name),
            where=And(self.where, checked_filter(where, self.table._iceberg_schema, name)),
            limit=min(limits, default=None),
        )

    @property
    def schema(self) -> pa.Schema:
        """Columns and their Arrow types."""
        whole = self.table.schema
        return pa.schema([whole.field(column) for column in self.columns])

    def _table(self) -> pa.Table:
        with self.table._reaching():
            source, wanted = self._planned(), self._filter()
            if isinstance(source, pa.RecordBatchReader):
                return source.read_all()
            if self.limit is not None:
                return source.head(self.limit, columns=self.columns, filter=wanted)
            return source.to_table(columns=self.columns, filter=wanted)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        left = self.limit
        with self.table._reaching():
            source = self._planned()
            if not isinstance(source, pa.RecordBatchReader):
                source = source.scanner(
                    columns=self.columns, filter=self._filter(),
                    batch_readahead=_READAHEAD, fragment_readahead=_READAHEAD,
                ).to_reader()  # fmt: skip
            for batch in source:
                batch = batch if left is None else batch.slice(0, left)
                left = None if left is None else left - batch.num_rows
                if batch.num_rows:
                    yield batch
                if left == 0:
                    return

    def _source(self) -> pa.RecordBatchReader | ds.Dataset | pa.Table:
        """What DuckDB reads, into which it pushes its own filter where it can; with all columns there are."""
        if self.limit is not None:
            return self._table()
        with self.table._reaching():
            source = self._planned()
            wanted = None if isinstance(source, pa.RecordBatchReader) else self._filter()
            return source if wanted is None else source.filter(wanted)

    def _filter(self) -> ds.Expression | None:
        schema = self.table._iceberg_schema
        if isinstance(self.where, AlwaysTrue):
            return None
        return expression_to_pyarrow(bind(schema, self.where, case_sensitive=True), schema)

    def _planned(self) -> ds.Dataset | pa.RecordBatchReader:
        """The files in which there may be rows: unfiltered as a dataset, or as the rows themselves."""
        table = self.table
        if table._snapshot is None:
            return ds.dataset(table.schema.empty_table())
        if self.pieces is not None and all(piece.groups for piece in self.pieces):
            return files.dataset(table._iceberg, table.schema, self.pieces)
        tasks = files.planned(table._iceberg, table._snapshot.snapshot_id, self.where)
        if self.pieces is not None:
            wanted = {piece.path for piece in self.pieces}
            tasks = [task for task in tasks if task.file.file_path in wanted]
        if files.is_plain(table._iceberg, tasks):
            return files.dataset(table._iceberg, table.schema, self.pieces or files.whole(tasks))
        scan = ArrowScan(
            table._iceberg.metadata, table._iceberg.io,
            table._iceberg_schema.select(*self.columns), self.where, limit=self.limit,
        )  # fmt: skip
        rows = (pa.Table.from_batches([batch]) for batch in scan.to_record_batches(tasks))
        cast = (one.select(self.columns).cast(self.schema) for one in rows)
        return pa.RecordBatchReader.from_batches(
            self.schema, (batch for one in cast for batch in one.to_batches())
        )


@dataclass(frozen=True, slots=True)
class Shard(Rows):
    """A part of a table's rows at one snapshot: plain enough to be an item of a foreach.

    Attributes:
        table: ``DATABASE.TABLE``.
        pieces: the files, or the row groups of them, that it reads: path, groups, bytes.
    """

    table: str
    snapshot_id: int | None
    columns: list[str]
    where: str | None
    pieces: list[tuple[str, Sequence[int] | None, int]]

    @property
    def bytes(self) -> int:
        """Size of what it reads, all columns counted."""
        return sum(size for *_, size in self.pieces)

    def scan(
        self, columns: list[str] | None = None, where: str | None = None, limit: int | None = None
    ) -> Scan:
        from stepwell.tables.reading import open_table

        rows = open_table(self.table, snapshot=self.snapshot_id).scan(self.columns, self.where)
        pieces = tuple(
            Piece(path, tuple(groups) if groups else None, size) for path, groups, size in self.pieces
        )
        return replace(rows, pieces=pieces).scan(columns, where, limit)


def shards(table: Table, count: int, columns: list[str] | None, where: str | None) -> list[Shard]:
    """What `Table.read_partitioned` does."""
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise TableError(
            f"{table.name}: received n={count!r}; a number of shards is a whole number, 1 or more"
        )
    rows = table.scan(columns, where)
    pieces: list[Piece] = []
    if table._snapshot is not None:
        with table._reaching():
            tasks = files.planned(table._iceberg, table._snapshot.snapshot_id, rows.where)
            plain = files.is_plain(table._iceberg, tasks)
            pieces = files.row_groups(tasks) if plain else files.whole(tasks)
    return [
        Shard(
            table.name, table.snapshot_id, rows.columns, where,
            [(path, groups and list(groups), size) for path, groups, size in share],
        )
        for share in files.shares(pieces, count)
    ]  # fmt: skip

"""The data files of a snapshot, as a dataset of Arrow's.

Arrow's own scanner prunes row groups by their statistics, reads columns side by side and hands over
batches; DuckDB pushes its filters into it. What it can't do, positional deletes and columns that were
renamed, pyiceberg does: see ``docs/decisions/0140-rows-are-read-by-arrow.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.dataset as ds
from pyiceberg.expressions import BooleanExpression
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.manifest import FileFormat
from pyiceberg.table import FileScanTask
from pyiceberg.table import Table as IcebergTable


class Piece(NamedTuple):
    """A data file, or some of its row groups.

    Attributes:
        groups: numbers of the row groups; None for all.
        bytes: its size in the file.
    """

    path: str
    groups: tuple[int, ...] | None
    bytes: int


def planned(iceberg: IcebergTable, snapshot_id: int, where: BooleanExpression) -> list[FileScanTask]:
    """The files of a snapshot in which the filter may find rows, by what its manifests say."""
    return list(iceberg.scan(where, snapshot_id=snapshot_id).plan_files())


def is_plain(iceberg: IcebergTable, tasks: Iterable[FileScanTask]) -> bool:
    """Whether the files hold the very rows of the table, under the names its columns have always had."""
    names = {(field.field_id, field.name) for schema in iceberg.schemas().values() for field in schema.fields}
    return len(names) == len({number for number, _ in names}) == len({name for _, name in names}) and all(
        task.file.file_format == FileFormat.PARQUET and not task.delete_files for task in tasks
    )


def dataset(iceberg: IcebergTable, schema: pa.Schema, pieces: Sequence[Piece]) -> ds.Dataset:
    """Pieces of plain files as one dataset, in their order, with the columns of `schema`."""
    if not pieces:
        return ds.dataset(schema.empty_table())
    form = ds.ParquetFileFormat()
    filesystem, fragments = None, []
    for piece in pieces:
        scheme, host, path = PyArrowFileIO.parse_location(piece.path)
        assert isinstance(iceberg.io, PyArrowFileIO)
        filesystem = iceberg.io.fs_by_scheme(scheme, host)
        fragments.append(form.make_fragment(path, filesystem, row_groups=piece.groups))
    return ds.FileSystemDataset(fragments, schema, form, filesystem)


def whole(tasks: Iterable[FileScanTask]) -> list[Piece]:
    """A piece for each file."""
    return [Piece(task.file.file_path, None, task.file.file_size_in_bytes) for task in tasks]


def row_groups(tasks: Iterable[FileScanTask]) -> list[Piece]:
    """A piece for each row group, as far as the manifests tell where they begin; no file is opened."""
    pieces = []
    for task in tasks:
        starts = task.file.split_offsets or []
        ends = [*starts[1:], task.file.file_size_in_bytes]
        pieces += [
            Piece(task.file.file_path, (number,), end - start)
            for number, (start, end) in enumerate(zip(starts, ends, strict=True))
        ] or whole([task])
    return pieces


def shares(pieces: Sequence[Piece], count: int) -> list[list[Piece]]:
    """The pieces dealt to `count` shares, in their order, so that each has about as many bytes."""
    total, before = sum(piece.bytes for piece in pieces), 0
    dealt: list[list[Piece]] = [[] for _ in range(count)]
    for piece in pieces:
        dealt[min((2 * before + piece.bytes) * count // (2 * total), count - 1)].append(piece)
        before += piece.bytes
    return [_joined(share) for share in dealt]


def _joined(pieces: Iterable[Piece]) -> list[Piece]:
    """The same row groups, with those of a file in one piece."""
    found: dict[str, Piece] = {}
    for piece in pieces:
        other = found.get(piece.path)
        if other and other.groups and piece.groups:
            piece = Piece(piece.path, other.groups + piece.groups, other.bytes + piece.bytes)
        found[piece.path] = piece
    return list(found.values())

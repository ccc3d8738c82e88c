"""Arrow tables as Parquet files, or as Arrow's own files where Parquet would change them.

A table comes back as it was: values, types, nullability and metadata; how it is cut into chunks
is not kept.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc
import pyarrow.parquet as pq

# A filter skips whole groups; a million rows is some MB a column, a good request to S3.
ROWS_A_GROUP = 1 << 20
_NOTES = b"stepwell"
# Of the first rows of a column a page is read, not all of its group.
_BUFFER = 1 << 18
_POOL = threading.Lock()
"""Held while pyarrow's default pool is another one."""


def write(table: pa.Table, path: Path) -> Literal["parquet", "arrow"]:
    """Write `table` to `path`, as Parquet where that holds it exactly, and say which it was."""
    if _holds(table, path):
        return "parquet"
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    # A file, unlike a stream, has one dictionary a column.
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table.unify_dictionaries(), max_chunksize=ROWS_A_GROUP)
    return "arrow"


def _holds(table: pa.Table, path: Path) -> bool:
    """Write `table` to `path` as Parquet, and say whether it is all there."""
    try:
        _write_parquet(table, path)
        # Parquet doesn't know how many rows no columns have.
        return table.num_columns > 0 and (
            all(_is_trusted(field.type) for field in table.schema) or _read_back(path).equals(table)
        )
    except (pa.ArrowException, ValueError):
        # A type that Parquet hasn't, or a value beyond its type there.
        return False


def read(
    source: pa.NativeFile,
    encoding: str,
    columns: Sequence[str] | None = None,
    where: pc.Expression | None = None,
) -> pa.Table:
    """The table in `source`: of it only `columns`, and the rows for which `where` is true.

    Of Parquet only the columns' ranges are read, and of them only row groups where `where` can be
    true by their statistics.
    """
    if encoding == "arrow":
        table = pa.ipc.open_file(source).read_all()
        table = table if where is None else table.filter(where)
        return table if columns is None else table.select(columns)
    names = None if columns is None else list(columns)
    if isinstance(source, pa.OSFile):
        file = pq.ParquetFile(source, buffer_size=_BUFFER, pre_buffer=False)
        table = _by_groups(source, file, names) if where is None else _filtered(source, names, where)
    else:  # ranges of an object, which are fetched in few large requests
        file = pq.ParquetFile(source, pre_buffer=True)
        table = file.read(names) if where is None else _filtered(source, names, where)
    wanted = _parquet_schema(file)
    if names is not None:
        wanted = pa.schema([wanted.field(name) for name in names], wanted.metadata)
        table = table.select(names)
    return table if table.schema.equals(wanted, check_metadata=True) else table.cast(wanted)


def head(source: pa.NativeFile, encoding: str, rows: int, columns: int) -> pa.Table:
    """The first rows of the first columns of the table in `source`, reading little more than them.

    Of Arrow's own files the first batch of those columns is read.
    """
    if encoding == "arrow":
        there = len(pa.ipc.open_file(source).schema)
        options = pa.ipc.IpcReadOptions(included_fields=list(range(min(columns, there))))
        file = pa.ipc.open_file(source, options=options)
        if not file.num_record_batches:
            return file.schema.empty_table()
        return pa.Table.from_batches([file.get_batch(0).slice(0, rows)])
    parquet = pq.ParquetFile(source, pre_buffer=False, buffer_size=_BUFFER)
    names = parquet.schema_arrow.names
    # columns are read by name, which two may have
    wanted = names[:columns] if len(set(names)) == len(names) else None
    groups = list(range(min(parquet.num_row_groups, 1)))
    batches = parquet.iter_batches(batch_size=rows, row_groups=groups, columns=wanted)
    first = next(iter(batches), None)
    if first is None:
        return pa.schema(list(parquet.schema_arrow)[:columns]).empty_table()
    return pa.Table.from_batches([first.slice(0, rows)]).select(list(range(min(columns, first.num_columns))))


def schema(source: pa.NativeFile, encoding: str) -> pa.Schema:
    """The schema of the table in `source`, from the file's footer alone."""
    if encoding == "arrow":
        return pa.ipc.open_file(source).schema
    return _parquet_schema(pq.ParquetFile(source))


def noted(table: pa.Table, **notes: Any) -> pa.Table:
    """`table` with notes, which JSON holds, about the value it was made of."""
    return table.replace_schema_metadata({**(table.schema.metadata or {}), _NOTES: json.dumps(notes)})


def notes(schema: pa.Schema) -> dict[str, Any]:
    """What `noted` was given."""
    return dict(json.loads((schema.metadata or {}).get(_NOTES, b"{}")))


def condition(where: pc.Expression | Sequence[tuple[str, str, Any]] | None) -> pc.Expression | None:
    """`where` as one expression; of (column, operator, value) conditions all must hold."""
    if where is None or isinstance(where, pc.Expression):
        return where
    return pq.filters_to_expression(list(where))


def _parquet_schema(file: pq.ParquetFile) -> pa.Schema:
    """The schema as it was written: Parquet has fewer types, so Arrow keeps its own beside it."""
    kept = (file.metadata.metadata or {}).get(b"ARROW:schema")
    return file.schema_arrow if kept is None else pa.ipc.read_schema(pa.BufferReader(base64.b64decode(kept)))


def _by_groups(source: pa.OSFile, file: pq.ParquetFile, columns: list[str] | None) -> pa.Table:
    """The row groups of a local file side by side: pyarrow itself reads only columns so."""

    def group(number: int) -> pa.Table:
        own = pq.ParquetFile(source, metadata=file.metadata, buffer_size=_BUFFER, pre_buffer=False)
        return own.read_row_group(number, columns=columns)

    if file.num_row_groups < 2:
        return file.read(columns)
    with _memory_that_is_given_back(), ThreadPoolExecutor(pa.cpu_count()) as pool:
        return pa.concat_tables(pool.map(group, range(file.num_row_groups)))


@contextmanager
def _memory_that_is_given_back() -> Iterator[None]:
    """Read into memory of jemalloc: mimalloc, the default, keeps a fifth of a table of what is freed in it.

    pyarrow takes a pool for reading in its datasets alone, which import pandas where it is: a third of a
    second. What other threads ask for meanwhile is theirs as ever, for a buffer knows its pool. One load
    at a time, each by all cores: of two that overlap, the later would put back the pool of the earlier.
    """
    with _POOL:
        before = pa.default_memory_pool()
        if "jemalloc" in pa.supported_memory_backends():
            pa.set_memory_pool(pa.jemalloc_memory_pool())
        try:
            yield
        finally:
            pa.set_memory_pool(before)


def _filtered(source: pa.NativeFile, columns: list[str] | None, where: pc.Expression) -> pa.Table:
    import pyarrow.dataset as ds

    options = ds.ParquetFragmentScanOptions(pre_buffer=True)
    file_format = ds.ParquetFileFormat(default_fragment_scan_options=options)
    return file_format.make_fragment(source).to_table(columns=columns, filter=where)


def _write_parquet(table: pa.Table, path: Path) -> None:
    # Measured: docs/decisions/0031-table-files.md.
    encodings = {field.name: encoding for field in table.schema if (encoding := _encoding(field.type))}
    pq.write_table(
        table,
        path,
        compression="lz4",
        use_dictionary=[field.name for field in table.schema if _is_text(field.type)] or False,
        column_encoding=encodings or None,
        row_group_size=ROWS_A_GROUP,
    )


def _read_back(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as source:
        return read(source, "parquet")


def _encoding(kind: pa.DataType) -> str | None:
    """How numbers are laid out so that LZ4 finds something in them; None leaves it to pyarrow."""
    if pa.types.is_integer(kind) or pa.types.is_temporal(kind):
        return "DELTA_BINARY_PACKED"
    return "BYTE_STREAM_SPLIT" if kind in (pa.float32(), pa.float64()) else None


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_dictionary(kind)
    )


def _is_trusted(kind: pa.DataType) -> bool:
    """Whether Parquet gives every value of that type back; others are read back and compared."""
    if pa.types.is_nested(kind):
        lists = (pa.ListType, pa.LargeListType, pa.FixedSizeListType, pa.MapType, pa.StructType)
        return isinstance(kind, lists) and all(
            _is_trusted(kind.field(index).type) for index in range(kind.num_fields)
        )
    return not (
        isinstance(kind, pa.BaseExtensionType)
        or pa.types.is_dictionary(kind)
        or pa.types.is_run_end_encoded(kind)
        or pa.types.is_date64(kind)
    )

"""Arrow tables as Parquet files, or as Arrow's own files where Parquet would change them.

A table comes back as it was: values, types, nullability and metadata; how it is cut into chunks
is not kept.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc
import pyarrow.parquet as pq

# A filter skips whole groups; a million rows is some MB a column, a good request to S3.
ROWS_A_GROUP = 1 << 20
_PAGE = 8 << 20


def write(table: pa.Table, path: Path) -> Literal["parquet", "arrow"]:
    """Write `table` to `path`, as Parquet where that holds it exactly, and say which it was."""
    try:
        _write_parquet(table, path)
        if all(_is_trusted(field.type) for field in table.schema) or _read_back(path).equals(table):
            return "parquet"
    except (pa.ArrowException, ValueError):
        # A type that Parquet hasn't, or a value that its type of it can't hold.
        pass
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    # A file, unlike a stream, has one dictionary a column.
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table.unify_dictionaries(), max_chunksize=ROWS_A_GROUP)
    return "arrow"


def read(
    source: pa.NativeFile,
    encoding: str,
    columns: Sequence[str] | None = None,
    where: pc.Expression | None = None,
) -> pa.Table:
    """The table in `source`, of it only `columns` and the rows where `where` is true."""
    if encoding == "arrow":
        table = pa.ipc.open_file(source).read_all()
        table = table if where is None else table.filter(where)
        return table if columns is None else table.select(columns)
    return read_parquet(pq.ParquetFile(source, pre_buffer=True))


def read_parquet(file: pq.ParquetFile) -> pa.Table:
    return _exactly(file.read(), schema(file))


def schema(file: pq.ParquetFile) -> pa.Schema:
    """The schema as it was written: Parquet has fewer types, so Arrow keeps its own beside it."""
    kept = (file.metadata.metadata or {}).get(b"ARROW:schema")
    return file.schema_arrow if kept is None else pa.ipc.read_schema(pa.BufferReader(base64.b64decode(kept)))


def _write_parquet(table: pa.Table, path: Path) -> None:
    # The measurements behind these settings: docs/decisions/0031-table-files.md
    text = [field.name for field in table.schema if _is_text(field.type)]
    pq.write_table(
        table,
        path,
        compression="lz4",
        use_dictionary=text or False,
        row_group_size=ROWS_A_GROUP,
        data_page_size=_PAGE,
    )


def _read_back(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as source:
        return read_parquet(pq.ParquetFile(source))


def _exactly(table: pa.Table, wanted: pa.Schema) -> pa.Table:
    return table if table.schema.equals(wanted, check_metadata=True) else table.cast(wanted)


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

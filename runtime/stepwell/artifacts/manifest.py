"""A task's manifest: one Parquet file with a row for each artifact.

The columns are the fields of `Row`, so SQL reads them: ``SELECT name, json FROM
read_parquet('.../manifest.parquet')``. What is known of the task itself is JSON in the file's
key-value metadata, under ``stepwell``.
"""

from __future__ import annotations

import json
from array import array
from dataclasses import dataclass, fields
from itertools import accumulate
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from stepwell.artifacts.row import Row
from stepwell.errors import ArtifactError

VERSION = 2
_KEY = b"stepwell"
_FIELDS = [field.name for field in fields(Row)]
_SCHEMA = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("type", pa.string(), nullable=False),
        pa.field("encoding", pa.string(), nullable=False),
        pa.field("json", pa.string()),
        pa.field("inline", pa.binary()),
        pa.field("object", pa.string()),
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("rows", pa.int64()),
        pa.field("shape", pa.list_(pa.int64())),
        pa.field("bytes", pa.int64(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a task left: facts about it that JSON holds, and its artifacts by name."""

    meta: dict[str, Any]
    rows: dict[str, Row]

    def to_bytes(self) -> bytes:
        """The manifest as a Parquet file; the same manifest is the same bytes."""
        meta = json.dumps({"version": VERSION, "meta": self.meta})
        rows = list(self.rows.values())
        columns = [_column([getattr(row, field.name) for row in rows], field.type) for field in _SCHEMA]
        table = pa.Table.from_arrays(columns, schema=_SCHEMA.with_metadata({_KEY: meta}))
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd", use_dictionary=False)
        return bytes(sink.getvalue())

    @classmethod
    def from_bytes(cls, data: bytes, where: str) -> Self:
        """Read the manifest that `where` (its key) holds.

        Raises:
            ArtifactError: it is no manifest, or one of another version.
        """
        try:
            file = pq.ParquetFile(pa.BufferReader(data))
            document = json.loads(file.metadata.metadata[_KEY])
            version = document["version"]
        except (pa.ArrowException, ValueError, KeyError, TypeError):
            raise ArtifactError(
                f"{where}: received {len(data)} bytes that are no manifest of a task; "
                "something else than Stepwell wrote there: run the step again"
            ) from None
        if version != VERSION:
            raise ArtifactError(
                f"{where}: received a manifest of version {version!r}, this runtime reads version {VERSION}; "
                "use the version of stepwell that wrote it: pip install --upgrade stepwell"
            )
        columns = file.read(columns=_FIELDS, use_threads=False).to_pydict()
        columns["shape"] = [None if shape is None else tuple(shape) for shape in columns["shape"]]
        rows = (Row(*values) for values in zip(*(columns[name] for name in _FIELDS), strict=True))
        return cls(document["meta"], {row.name: row for row in rows})


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    """What ``pa.array(values, kind)`` gives, which would import pandas (0.3 s) to look at the values."""
    known = "".join("0" if value is None else "1" for value in values)
    validity = pa.py_buffer(int("0" + known[::-1], 2).to_bytes(len(values) // 8 + 1, "little"))
    if pa.types.is_list(kind):
        extents = _column([extent for shape in values for extent in shape or ()], kind.value_type)
        starts = array("i", accumulate((len(shape or ()) for shape in values), initial=0))
        return pa.Array.from_buffers(kind, len(values), [validity, pa.py_buffer(starts)], children=[extents])
    if kind == pa.int64():
        numbers = array("q", (value or 0 for value in values))
        return pa.Array.from_buffers(kind, len(values), [validity, pa.py_buffer(numbers)])
    texts = [value.encode() if isinstance(value, str) else value or b"" for value in values]
    offsets = array("i", accumulate(map(len, texts), initial=0))
    buffers = [validity, pa.py_buffer(offsets), pa.py_buffer(b"".join(texts))]
    return pa.Array.from_buffers(kind, len(values), buffers)

"""A task's manifest: one Parquet file with a row for each artifact.

The columns are the fields of `Row`, so SQL reads them: ``SELECT name, json FROM
read_parquet('.../manifest.parquet')``. What is known of the task itself is JSON in the file's
key-value metadata, under ``stepwell``.

It is written and read with arro3, not with pyarrow, whose import takes longer than most tasks. As arro3
panics at damaged files, each manifest carries a checksum of itself, and is not opened where that is wrong.
"""

from __future__ import annotations

import hashlib
import io
import json
from itertools import accumulate
from typing import Any, NamedTuple, Self

from arro3.core import Array, DataType, Field, Schema, Table, list_array
from arro3.io import read_parquet, write_parquet

from stepwell.artifacts.row import Row
from stepwell.errors import ArtifactError

VERSION = 3
_KEY = "stepwell"
_MARK, _NO_SUM = b'{"sha256": "', b"0" * 64
"""How the metadata begins, and what stands in the checksum's place while it is computed."""
_FIELDS = Row._fields
_TEXT, _BINARY, _NUMBER = DataType.utf8(), DataType.binary(), DataType.int64()
_NUMBERS = DataType.list(Field("item", _NUMBER))
_COLUMNS = [
    Field("name", _TEXT, nullable=False),
    Field("type", _TEXT, nullable=False),
    Field("encoding", _TEXT, nullable=False),
    Field("json", _TEXT),
    Field("inline", _BINARY),
    Field("object", _TEXT),
    Field("sha256", _TEXT, nullable=False),
    Field("rows", _NUMBER),
    Field("shape", _NUMBERS),
    Field("bytes", _NUMBER, nullable=False),
]


class Manifest(NamedTuple):
    """What a task left: facts about it that JSON holds, and its artifacts by name."""

    meta: dict[str, Any]
    rows: dict[str, Row]

    def to_bytes(self) -> bytes:
        """The manifest as a Parquet file; the same manifest is the same bytes."""
        meta = json.dumps({"sha256": _NO_SUM.decode(), "version": VERSION, "meta": self.meta})
        rows = list(self.rows.values())
        columns = [_column([getattr(row, field.name) for row in rows], field.type) for field in _COLUMNS]
        sink = io.BytesIO()
        write_parquet(
            Table.from_arrays(columns, schema=Schema(_COLUMNS)),
            sink,
            compression="lz4_raw",
            dictionary_enabled=False,
            key_value_metadata={_KEY: meta},
        )
        data = sink.getvalue()
        before, after = _around_sum(data)
        return before + hashlib.sha256(data).hexdigest().encode() + after

    @classmethod
    def from_bytes(cls, data: bytes, where: str) -> Self:
        """Read the manifest that `where` (its key) holds.

        Raises:
            ArtifactError: it is no manifest, or one of another version.
        """
        before, after = _around_sum(data)
        found = data[len(before) : len(data) - len(after)].decode("ascii", "replace")
        if not before or hashlib.sha256(before + _NO_SUM + after).hexdigest() != found:
            raise ArtifactError(
                f"{where}: received {len(data)} bytes that are no manifest of a task, or a damaged one; "
                "run the step again"
            )
        file = read_parquet(data)
        document = json.loads(file.schema.metadata_str[_KEY])
        version = document["version"]
        if version != VERSION:
            raise ArtifactError(
                f"{where}: received a manifest of version {version!r}, this runtime reads version {VERSION}; "
                "use the version of stepwell that wrote it: pip install --upgrade stepwell"
            )
        table = file.read_all()
        columns: dict[str, Any] = {name: table.column(name).to_pylist() for name in _FIELDS}
        columns["shape"] = [None if shape is None else tuple(shape) for shape in columns["shape"]]
        rows = (Row(*values) for values in zip(*(columns[name] for name in _FIELDS), strict=True))
        return cls(document["meta"], {row.name: row for row in rows})


def _around_sum(data: bytes) -> tuple[bytes, bytes]:
    """What stands before and after the checksum; nothing before it where there is none.

    The metadata are the last thing in the file that could hold the mark, and as JSON they escape it.
    """
    start = data.rfind(_MARK) + len(_MARK)
    return (data[:start], data[start + len(_NO_SUM) :]) if start >= len(_MARK) else (b"", data)


def _column(values: list[Any], kind: DataType) -> Array:
    if kind != _NUMBERS:
        return Array(values, kind)
    starts = Array(list(accumulate((len(shape or ()) for shape in values), initial=0)), DataType.int32())
    extents = Array([extent for shape in values for extent in shape or ()], _NUMBER)
    missing = Array([shape is None for shape in values], DataType.bool())
    return list_array(starts, extents, type=_NUMBERS, mask=missing)

"""Artifacts for the browser: what they are and the beginning of what is in them, without making them again.

No class of a user's is imported and nothing is unpickled: text is shown as it was saved, and of a table
Arrow's own values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepwell.artifacts.lazy import Artifact
from stepwell.artifacts.row import Row
from stepwell.store.base import Store

if TYPE_CHECKING:
    import pyarrow as pa

ROWS, COLUMNS = 20, 30
"""So much of a table is shown."""
_SHORT, _LONG, _CELL = 160, 20_000, 200
_LARGEST_BATCH = 64 << 20
"""Bytes of a table in Arrow's own form beyond which its rows are not shown: a whole batch would be read."""
_MOST_COLUMNS = 500


def in_short(row: Row) -> dict[str, Any]:
    """An artifact as a line of a table: of a small plain value its text, cut off where it is long."""
    return {
        "name": row.name, "type": row.type, "encoding": row.encoding, "bytes": row.bytes,
        "rows": row.rows, "shape": row.shape and list(row.shape),
        "text": None if row.json is None else row.json[:_SHORT],
        "is_whole": row.json is not None and len(row.json) <= _SHORT,
    }  # fmt: skip


def in_full(row: Row, store: Store) -> dict[str, Any]:
    """The beginning of an artifact's content: text, or the first rows of a table; a pickle stays closed."""
    if row.encoding == "pickle":
        return {"kind": "closed", "why": "It is a pickle: opening it would run code of whoever wrote it."}
    if row.encoding == "json":
        text = _text(row, store)
        return {"kind": "text", "text": text[:_LONG], "is_whole": len(text) <= _LONG}
    artifact = Artifact(row, store, allow_pickle=False)
    schema = artifact.schema
    found = {
        "kind": "table",
        "columns": [{"name": field.name, "type": str(field.type)} for field in list(schema)[:_MOST_COLUMNS]],
        "more_columns": max(len(schema) - _MOST_COLUMNS, 0),
        "rows": [],
        "shown_columns": min(len(schema), COLUMNS),
    }
    if row.encoding == "arrow" and row.bytes > _LARGEST_BATCH:
        return {**found, "why": "It is too large for a look at its rows: it is not saved as Parquet."}
    head = artifact.head(ROWS, COLUMNS)
    cells = [[_cell(value) for value in column] for column in head.columns]
    return {**found, "rows": [list(line) for line in zip(*cells, strict=True)]}


def _text(row: Row, store: Store) -> str:
    """The JSON of a plain value, as far as it is shown."""
    if row.json is not None:
        return row.json
    if row.inline is not None:
        return row.inline.decode(errors="replace")
    assert row.object is not None
    with store.open(row.object) as file:
        data: bytes = file.read(4 * _LONG)
    return data.decode(errors="replace")


def _cell(value: pa.Scalar) -> str | None:
    """A value of a table as text; None where there is none."""
    if not value.is_valid:
        return None
    try:
        text = str(value.as_py())
    except Exception:  # such as a time beyond what Python has, or a zone that this machine hasn't
        text = repr(value)
    return text if len(text) <= _CELL else f"{text[:_CELL]}…"

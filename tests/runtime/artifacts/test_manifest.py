"""A manifest is a file that Stepwell and SQL both read."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stepwell.artifacts.manifest import Manifest
from stepwell.errors import ArtifactError
from stepwell.store.opening import open_store
from tests.runtime.artifacts.values import saved

STORE = open_store("memory://")
ROWS = {
    name: saved(value, STORE)
    for name, value in {
        "it": {"a": (1, "ü")},
        "table": pa.table({"a": [1]}),
        "large": "x" * 100_000,
        "odd": {object},
        "cube": np.zeros((2, 3, 4)),
        "point": np.zeros(()),
    }.items()
}
MANIFEST = Manifest({"step": "start", "parents": ["0-1"], "none": None}, ROWS)


def test_round_trip() -> None:
    """A manifest comes back equal, rows in their order."""
    rows = {name: row._replace(name=name) for name, row in ROWS.items()}
    manifest = Manifest(MANIFEST.meta, rows)
    back = Manifest.from_bytes(manifest.to_bytes(), "key")
    assert back == manifest
    assert list(back.rows) == list(rows)


def test_empty() -> None:
    """A manifest of no artifacts comes back with its facts."""
    assert Manifest.from_bytes(Manifest({"a": 1}, {}).to_bytes(), "key") == Manifest({"a": 1}, {})


def test_same_bytes() -> None:
    """The same manifest is the same bytes."""
    assert MANIFEST.to_bytes() == MANIFEST.to_bytes()


def test_sql(tmp_path: Path) -> None:
    """DuckDB reads names, types and plain values of a folder's manifests."""
    for number in (0, 1):
        (tmp_path / f"{number}").mkdir()
        row = saved({"score": number}, STORE)
        (tmp_path / f"{number}" / "manifest.parquet").write_bytes(Manifest({}, {"it": row}).to_bytes())
    rows = duckdb.sql(
        "SELECT name, type, encoding, (json->>'score')::INT AS score "
        f"FROM read_parquet('{tmp_path}/*/manifest.parquet') ORDER BY score"
    ).fetchall()
    assert rows == [("it", "dict", "json", 0), ("it", "dict", "json", 1)]


def test_shapes(tmp_path: Path) -> None:
    """Shapes are lists of whole numbers to SQL: none of what has none, an empty one of a point."""
    (tmp_path / "manifest.parquet").write_bytes(
        Manifest({}, {name: row._replace(name=name) for name, row in ROWS.items()}).to_bytes()
    )
    found = duckdb.sql(f"SELECT name, shape FROM read_parquet('{tmp_path}/manifest.parquet')").fetchall()
    assert found == [
        ("it", None), ("table", [1, 1]), ("large", None), ("odd", None), ("cube", [2, 3, 4]), ("point", []),
    ]  # fmt: skip


def _foreign() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"a": [1]}), sink)
    return bytes(sink.getvalue())


@pytest.mark.parametrize("data", [b"", b"PAR1", b"x" * 100, _foreign(), MANIFEST.to_bytes()[:-10]])
def test_no_manifest(data: bytes) -> None:
    """Bytes that are no manifest are one line with the key they were read from."""
    with pytest.raises(ArtifactError, match=r"some/key: .*no manifest") as caught:
        Manifest.from_bytes(data, "some/key")
    assert "\n" not in str(caught.value)


def test_a_damaged_manifest() -> None:
    """A manifest of which any single bit has changed is refused before anything tries to read it."""
    data = MANIFEST.to_bytes()
    for position in range(len(data)):
        damaged = bytearray(data)
        damaged[position] ^= 1 << position % 8
        with pytest.raises(ArtifactError, match="damaged"):
            Manifest.from_bytes(bytes(damaged), "some/key")


def test_values_that_look_like_the_checksum() -> None:
    """Artifacts and facts with the text that stands before the checksum change nothing."""
    text = '{"sha256": "' + "0" * 64
    row = saved({text: text}, STORE)._replace(name=text)
    manifest = Manifest({text: text}, {text: row})
    assert Manifest.from_bytes(manifest.to_bytes(), "key") == manifest


def test_other_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest of another version is refused with both versions."""
    data = MANIFEST.to_bytes()
    monkeypatch.setattr("stepwell.artifacts.manifest.VERSION", 4)
    with pytest.raises(ArtifactError, match="version 3, this runtime reads version 4"):
        Manifest.from_bytes(data, "some/key")

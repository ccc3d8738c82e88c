"""An artifact is known before it is loaded, and loaded only as far as it is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from stepwell.artifacts import arrow
from stepwell.artifacts.codec import encode
from stepwell.artifacts.lazy import Artifact
from stepwell.errors import ArtifactError
from stepwell.store.base import Store
from stepwell.store.opening import open_store
from tests.runtime.artifacts.values import saved
from tests.runtime.conftest import S3

TABLE = pa.table({"n": range(100), "x": pa.array([i / 2 for i in range(100)]), "s": ["a", "b"] * 50})
CODES = pa.table({"n": range(100), "odd": pa.array([(0, 0, 1)] * 100, pa.month_day_nano_interval())})


def artifact(value: object, store: Store | None = None) -> Artifact:
    store = store or open_store("memory://")
    return Artifact(saved(value, store), store)


def fetched(s3: S3) -> int:
    """Bytes of the ranges asked for since the last look; a footer's request counts 64 KiB."""
    total = 0
    for request in s3.requests:
        assert request.range is not None
        start, _, end = request.range.removeprefix("bytes=").partition("-")
        total += int(end) - int(start) + 1 if start else int(end)
    s3.requests.clear()
    return total


def test_what_is_known() -> None:
    """Name, type, encoding, size and rows are known from the manifest alone."""
    it = artifact(TABLE)
    assert (it.name, it.type, it.encoding, it.rows) == ("it", "pyarrow.Table", "parquet", 100)
    assert repr(it) == f"<Artifact it: pyarrow.Table, 100 rows, {it.size:,} bytes of parquet>"
    assert repr(artifact(5)) == "<Artifact it: int, 1 bytes of json>"


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (TABLE, (100, 3)),
        (CODES, (100, 2)),
        (pd.DataFrame({"a": [1, 2]}, index=["x", "y"]), (2, 1)),
        (pd.Series([1, 2]), (2,)),
        (pl.DataFrame({"a": [1], "b": [2]}), (1, 2)),
        (pl.Series([1, 2]), (2,)),
        (np.zeros((2, 3, 4), dtype="c8"), (2, 3, 4)),
        (np.zeros(()), ()),
        ([1] * 1500, (1500,)),
        ([1, "a"], (2,)),
        ((), (0,)),
        (np.array([object(), 1]), (2,)),
        (np.zeros((2, 3), dtype=[("a", "i4"), ("b", "f8")]), (2, 3)),
        (np.float32(1), ()),
        (pd.DataFrame({"mixed": [1, "a", None]}), (3, 1)),
        (pd.Index([1, 2]), (2,)),
        (pa.record_batch({"a": [1, 2]}), (2, 1)),
        (5, None),
        ("text", None),
        ({1: 2}, None),
        (print, None),
    ],
)
def test_shape(value: object, shape: tuple[int, ...] | None) -> None:
    """The shape is the value's own, however it was saved, and known without loading it."""
    assert artifact(value).shape == shape


def test_schema() -> None:
    """Schema and columns are those that were saved."""
    it = artifact(TABLE)
    assert it.schema.equals(TABLE.schema, check_metadata=True)
    assert it.columns == ["n", "x", "s"]


@pytest.mark.parametrize("table", [TABLE, CODES])
def test_columns(table: pa.Table) -> None:
    """Columns come in the order they are asked for."""
    names = table.column_names[::-1][:2]
    assert artifact(table).table(columns=names).equals(table.select(names))


@pytest.mark.parametrize(
    "where", [pc.field("n") > 90, [("n", ">", 90)], [("n", ">", 50), ("n", "in", range(91, 200))]]
)
@pytest.mark.parametrize("table", [TABLE, CODES])
def test_where(table: pa.Table, where: object) -> None:
    """Of an expression or conditions those rows are left for which all hold, by any column."""
    name = table.column_names[1]
    assert artifact(table).table(columns=[name], where=where).equals(table.slice(91).select([name]))
    assert artifact(table).table(where=where).equals(table.slice(91))


def test_seconds_are_filtered_exactly() -> None:
    """A type that Parquet hasn't is filtered and projected as the type it was."""
    table = pa.table({"t": pa.array(range(10), pa.timestamp("s")), "n": range(10)})
    wanted = table.slice(8)
    assert artifact(table).table(columns=["t"], where=[("n", ">=", 8)]).equals(wanted.select(["t"]))
    later = pa.scalar(8, pa.timestamp("s")).as_py()
    assert artifact(table).table(where=[("t", ">=", later)]).equals(wanted)


def test_arrays_and_lists_as_tables() -> None:
    """A long list or an array is a table of one column, value."""
    assert artifact(list(range(10_000))).table().equals(pa.table({"value": range(10_000)}))
    assert artifact(np.arange(3.0)).table().column("value").to_pylist() == [0.0, 1.0, 2.0]


def test_unknown_column() -> None:
    """A column that isn't there is refused with those that are."""
    with pytest.raises(ArtifactError, match=r"\['no'\].*\['n', 'x', 's'\]"):
        artifact(TABLE).table(columns=["n", "no"])


@pytest.mark.parametrize(
    "where",
    [[("no", "==", 1)], [("n", "~", 1)], [("n", 1)], "n > 1", [("n", "==", "a")], pc.field("no") > 1, 5],
)
@pytest.mark.parametrize("table", [TABLE, CODES])
def test_bad_conditions(table: pa.Table, where: Any) -> None:
    """Conditions that don't suit the table are one line with what was received and the columns there are."""
    with pytest.raises(ArtifactError, match=r"received where=.*conditions, on its columns \['n', ") as caught:
        artifact(table).table(where=where)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [5, "text", {1, 2}, print])
def test_no_table(value: object) -> None:
    """What is no table says so, whichever way it is asked."""
    it = artifact(value)
    for ask in (it.table, it.head, lambda: it.schema, lambda: it.columns):
        with pytest.raises(ArtifactError, match=r"no table.*use load\(\)"):
            ask()
    assert it.load() == value


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"n": range(100), "text": [f"text {n}" for n in range(100)], "x": [None] * 100}),
        pa.table(
            {"n": pa.array(["a", "b"] * 50).dictionary_encode(), "t": pa.array(range(100), pa.duration("s"))}
        ),
        pa.table({"n": pa.RunEndEncodedArray.from_arrays([60, 100], ["a", "b"]), "x": range(100)}),
        pa.table({"a.b": [{"c": [1, 2]}], "a": [3]}),
        pa.table([[1], [2]], names=["twice", "twice"]),
        pa.table({"n": pa.array([], pa.int64()), "x": pa.array([], pa.string())}),
    ],
)
def test_the_first_rows(table: pa.Table) -> None:
    """The first rows of the first columns are those of the table, however it is saved and few they are."""
    for rows, columns in ((3, 1), (1000, 99)):
        found = artifact(table).head(rows, columns)
        there = table.slice(0, rows).select(list(range(min(columns, table.num_columns))))
        assert found.column_names == there.column_names
        assert [column.to_pylist() for column in found.columns] == [
            column.to_pylist() for column in there.columns
        ]


def test_pickles_of_others() -> None:
    """An artifact of another namespace doesn't unpickle."""
    store = open_store("memory://")
    with pytest.raises(ArtifactError, match="allow_pickle"):
        Artifact(saved(print, store), store, allow_pickle=False).load()


def test_bytes_fetched(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """On S3 a column costs its own bytes, and a filter leaves out the row groups it rules out."""
    monkeypatch.setattr(arrow, "ROWS_A_GROUP", 50_000)
    rows = 500_000
    random = np.random.default_rng(0)
    table = pa.table({"n": range(rows), "x": random.random(rows), "y": random.random(rows)})
    store = open_store(f"s3://{s3.new_bucket()}")
    row = encode("it", table, where="step start", store=store, namespace="user/ada")
    s3.requests.clear()

    it = Artifact(row, store)
    assert it.shape == (rows, 3)
    assert fetched(s3) == 0
    assert len(it.schema) == 3
    assert fetched(s3) == 64 << 10

    assert it.table(columns=["x"]).equals(table.select(["x"]))
    column = fetched(s3)
    assert rows * 8 * 0.8 < column < rows * 8 * 1.1

    part = it.table(columns=["x"], where=[("n", ">=", 120_000), ("n", "<", 130_000)])
    assert part.equals(table.slice(120_000, 10_000).select(["x"]))
    assert fetched(s3) < column / 4

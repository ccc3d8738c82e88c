"""How data becomes the rows of an Iceberg table, without a catalog."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from stepwell.errors import TableError
from stepwell.tables.arrow import fit, to_arrow
from stepwell.tables.name import TableName

NAME = TableName("facts", "t")
NEW_YORK = pa.timestamp("ns", tz="America/New_York")


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (pa.array([True, None]), pa.bool_()),
        (pa.array([1], pa.int8()), pa.int32()),
        (pa.array([2**16 - 1], pa.uint16()), pa.int32()),
        (pa.array([2**32 - 1], pa.uint32()), pa.int64()),
        (pa.array([2**63 - 1], pa.uint64()), pa.int64()),
        (pa.array([0.5], pa.float16()), pa.float32()),
        (pa.array(["x", None], pa.large_string()), pa.string()),
        (pa.array(["x", None], pa.string_view()), pa.string()),
        (pa.array(["x", "x", None]).dictionary_encode(), pa.string()),
        (pa.array([b"x"], pa.large_binary()), pa.binary()),
        (pa.array([b"xyz"], pa.binary(3)), pa.binary(3)),
        (pa.array([date(2013, 1, 1)], pa.date64()), pa.date32()),
        (pa.array([time(5, 17)], pa.time32("s")), pa.time64("us")),
        (pa.array([Decimal("1.50")], pa.decimal64(5, 2)), pa.decimal128(5, 2)),
        (pa.array([datetime(2013, 1, 1, 5)], pa.timestamp("ns")), pa.timestamp("us")),
        (pa.array([datetime(2013, 1, 1, 5)], pa.timestamp("s")), pa.timestamp("us")),
        (pa.array([["x"], []], pa.large_list(pa.large_string())), pa.list_(pa.field("element", pa.string()))),
        (pa.array([{"a": 1}], pa.struct([("a", pa.int8())])), pa.struct([("a", pa.int32())])),
        (pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int8())), pa.map_(pa.string(), pa.int32())),
    ],
)
def test_types(given: pa.Array, stored: pa.DataType) -> None:
    """Every type Iceberg has no equal of becomes the next one that holds its values, unchanged."""
    column = to_arrow(pa.table({"x": given}), NAME)["x"]
    assert column.type == stored
    assert column.to_pylist() == given.to_pylist()


def test_time_zones() -> None:
    """A timestamp with a time zone keeps its instant and is stored in UTC."""
    noon = pa.array([datetime(2013, 7, 1, 16)], pa.timestamp("ns", tz="UTC")).cast(NEW_YORK)
    column = to_arrow(pa.table({"x": noon}), NAME)["x"]
    assert column.type == pa.timestamp("us", tz="UTC")
    assert column.cast(NEW_YORK).to_pylist() == noon.to_pylist()


@pytest.mark.parametrize(
    "given",
    [
        pa.array([1], pa.timestamp("ns")),
        pa.array([1], pa.time64("ns")),
        pa.array([2**63], pa.uint64()),
    ],
)
def test_values_are_never_rounded(given: pa.Array) -> None:
    """A value that the stored type does not hold exactly is refused with its column."""
    with pytest.raises(TableError, match=r"facts.t: column 'x' is stored as .*; round or convert") as raised:
        to_arrow(pa.table({"x": given}), NAME)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "type_",
    [pa.duration("s"), pa.decimal256(50, 2), pa.list_(pa.duration("s")), pa.struct([]), pa.list_(pa.null())],
)
def test_types_that_iceberg_lacks(type_: pa.DataType) -> None:
    """A type with no place in Iceberg is refused with its column, and the types that are allowed."""
    with pytest.raises(TableError, match=r"column 'x' has the type .*; allowed are booleans, numbers"):
        to_arrow(pa.table({"x": pa.nulls(1, type_)}), NAME)


def test_pandas() -> None:
    """A pandas frame is written without its index; its dates in nanoseconds become microseconds."""
    frame = pd.DataFrame(
        {
            "when": pd.to_datetime(["2013-01-01 05:17"]).astype("datetime64[ns]"),
            "carrier": pd.Categorical(["UA"]),
        },
        index=[7],
    )
    table = to_arrow(frame, NAME)
    assert table.schema == pa.schema([("when", pa.timestamp("us")), ("carrier", pa.string())])
    assert table.to_pylist() == [{"when": datetime(2013, 1, 1, 5, 17), "carrier": "UA"}]


def test_polars_and_batches() -> None:
    """A polars frame and an Arrow record batch are tables too."""
    expected = pa.table({"carrier": ["UA"]})
    assert to_arrow(pl.DataFrame({"carrier": ["UA"]}), NAME) == expected
    assert to_arrow(expected.to_batches()[0], NAME) == expected


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([1, 2], "received data of type list, which is no table; allowed are"),
        ({"x": [1]}, "received data of type dict, .*pyarrow.table"),
        (pl.LazyFrame({"x": [1]}), "received data of type LazyFrame, which is no table"),
        (pa.table({}), "received data without columns"),
        (pa.table([[1], [2]], names=["x", "x"]), "received several columns named x; rename them"),
        (pd.DataFrame({"x": [1, "late"]}), "the data can't become a table: .*column x"),
    ],
)
def test_what_is_no_table(data: Any, message: str) -> None:
    """What is no table, or none that can be stored, is refused in one line."""
    with pytest.raises(TableError, match=message) as raised:
        to_arrow(data, NAME)
    assert "\n" not in str(raised.value)


def test_required_columns() -> None:
    """A column that must not be null takes neither nulls nor its absence."""
    schema = pa.schema([pa.field("id", pa.int64(), nullable=False), pa.field("x", pa.string())])
    assert fit(pa.table({"id": [1]}), schema, NAME).schema == schema
    for data in (pa.table({"id": pa.array([1, None])}), pa.table({"x": ["a", "b"]})):
        with pytest.raises(TableError, match=r"column 'id' has [12] nulls or is missing"):
            fit(data, schema, NAME)


def test_integers_become_numbers_only_exactly() -> None:
    """An integer column fits a column of numbers as far as a double holds its values."""
    schema = pa.schema([("x", pa.float64())])
    assert fit(pa.table({"x": [2**53]}), schema, NAME)["x"].to_pylist() == [float(2**53)]
    with pytest.raises(TableError, match="column 'x' is stored as double"):
        fit(pa.table({"x": [2**53 + 1]}), schema, NAME)


def test_decimals_widen() -> None:
    """A decimal fits one of more digits and the same scale."""
    data = pa.table({"x": pa.array([Decimal("1.50")], pa.decimal128(5, 2))})
    wider = pa.schema([("x", pa.decimal128(9, 2))])
    assert fit(data, wider, NAME).schema == wider
    with pytest.raises(
        TableError, match=r"received as decimal128\(5, 2\), the table holds decimal128\(9, 3\)"
    ):
        fit(data, pa.schema([("x", pa.decimal128(9, 3))]), NAME)

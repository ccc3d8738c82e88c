"""Every kind of value comes back equal, and of the same type."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from stepwell.store.base import Store
from stepwell.store.opening import open_store
from tests.runtime.artifacts import values

quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MEMORY: Store = open_store("memory://")


@quick
@given(values.PLAIN)
def test_plain_values(value: Any) -> None:
    """A plain value of any nesting is JSON and comes back the same, type by type."""
    assert values.saved(value, MEMORY).encoding == "json"
    assert values.same(values.round_trip(value, MEMORY), value)


@quick
@given(
    st.one_of(
        st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1),
        st.lists(st.floats(), min_size=1),
        st.lists(st.text(), min_size=1),
    )
)
def test_long_lists(items: list[Any]) -> None:
    """A long list of one kind of item is Parquet and comes back the same, type by type."""
    value = (items * 10_000)[:10_500]
    assert values.saved(value, MEMORY).encoding == "parquet"
    assert values.same(values.round_trip(value, MEMORY), value)


@pytest.mark.parametrize("odd", [True, None, 2**63, "\ud800", 1.5, [1]])
@pytest.mark.parametrize("item", [1, "a"])
def test_long_lists_of_more(item: Any, odd: Any) -> None:
    """A long list with one item of another kind comes back the same."""
    value = [item] * 10_500 + [odd]
    assert values.same(values.round_trip(value, MEMORY), value)


@quick
@given(values.arrow_tables())
def test_arrow_tables(table: pa.Table) -> None:
    """An Arrow table comes back equal, its schema with nullability and metadata too."""
    row = values.saved(table, MEMORY)
    back = values.round_trip(table, MEMORY)
    assert row.encoding in ("parquet", "arrow")
    assert row.rows == table.num_rows
    assert back.equals(table)
    assert back.schema.equals(table.schema, check_metadata=True)


@quick
@given(values.arrow_tables())
def test_record_batches(table: pa.Table) -> None:
    """A record batch comes back as an equal record batch."""
    batch = pa.RecordBatch.from_arrays(
        [column.combine_chunks() for column in table.columns], schema=table.schema
    )
    back = values.round_trip(batch, MEMORY)
    assert type(back) is pa.RecordBatch
    assert back.equals(batch, check_metadata=True)


@quick
@given(values.pandas_frames())
def test_pandas_frames(frame: pd.DataFrame) -> None:
    """A pandas frame comes back equal: types, index, labels, attrs and frequency too."""
    assert values.frames_equal(values.round_trip(frame, MEMORY), frame)


@quick
@given(values.PANDAS_COLUMNS, values.PANDAS_INDEXES, st.sampled_from([None, "name", 3, ("a", 1)]))
def test_pandas_series(column: pd.Series, index: pd.Index, name: Any) -> None:
    """A pandas series comes back equal: type, index and name too."""
    series = pd.Series(column.array, index=index, name=name)
    back = values.round_trip(series, MEMORY)
    pd.testing.assert_series_equal(back, series, check_exact=True, check_freq=True)
    assert type(back.name) is type(name)


@quick
@given(st.lists(values.POLARS_COLUMNS, max_size=4), st.booleans())
def test_polars_frames(columns: list[pl.Series], empty: bool) -> None:
    """A polars frame comes back equal, its types too."""
    frame = pl.DataFrame([column.alias(f"c{n}") for n, column in enumerate(columns)])
    frame = frame.clear() if empty else frame
    if any(column.dtype == pl.Object for column in columns):
        return  # objects have no equality but identity: see test_codec
    back = values.round_trip(frame, MEMORY)
    assert type(back) is pl.DataFrame
    assert back.schema == frame.schema
    assert back.equals(frame)


@quick
@given(values.POLARS_COLUMNS.filter(lambda column: column.dtype != pl.Object), st.sampled_from(["", "name"]))
def test_polars_series(column: pl.Series, name: str) -> None:
    """A polars series comes back equal, its type and name too."""
    series = column.alias(name)
    back = values.round_trip(series, MEMORY)
    assert type(back) is pl.Series
    assert (back.name, back.dtype) == (name, series.dtype)
    assert back.equals(series)


# Of the other byte order NumPy's own pickles are not exact.
NATIVE = {"endianness": "="}
ARRAYS = npst.arrays(
    dtype=st.one_of(
        npst.boolean_dtypes(),
        npst.integer_dtypes(**NATIVE),
        npst.unsigned_integer_dtypes(**NATIVE),
        npst.floating_dtypes(**NATIVE),
        npst.complex_number_dtypes(**NATIVE),
        npst.datetime64_dtypes(**NATIVE),
        npst.timedelta64_dtypes(**NATIVE),
        npst.unicode_string_dtypes(**NATIVE),
        npst.byte_string_dtypes(),
        st.just(np.dtype([("a", "i4"), ("b", "f8", 2)])),
    ),
    shape=npst.array_shapes(min_dims=0, min_side=0, max_dims=4),
)


@quick
@given(ARRAYS, st.sampled_from(["C", "F", "strided", "reversed"]))
def test_arrays(array: np.ndarray, layout: str) -> None:
    """A NumPy array of any shape and type comes back equal, and may be written to."""
    if layout == "F":
        array = np.asfortranarray(array)
    elif array.ndim and layout != "C":
        array = array[:: 2 if layout == "strided" else -1]
    back = values.round_trip(array, MEMORY)
    assert type(back) is np.ndarray
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()
    assert back.flags.writeable
    if array.flags.f_contiguous != array.flags.c_contiguous:
        assert back.flags.f_contiguous == array.flags.f_contiguous


@quick
@given(
    st.one_of(
        npst.array_dtypes(), npst.datetime64_dtypes(**NATIVE), npst.unicode_string_dtypes(**NATIVE),
        npst.complex_number_dtypes(**NATIVE),
    ).flatmap(lambda kind: npst.arrays(kind, ()))
)  # fmt: skip
def test_numpy_scalars(array: np.ndarray) -> None:
    """A NumPy scalar that is no real number, also a structured one, comes back of its type, bit by bit."""
    scalar = array[()]
    back = values.round_trip(scalar, MEMORY)
    assert type(back) is type(scalar)
    assert (back.dtype, back.tobytes()) == (scalar.dtype, scalar.tobytes())


@quick
@given(st.lists(values.PLAIN, max_size=4), st.sampled_from([(-1,), (-1, 1), (1, -1)]))
def test_object_arrays(items: list[Any], shape: tuple[int, ...]) -> None:
    """An array of Python objects comes back with the same objects, type by type."""
    array = np.empty(len(items), dtype=object)
    array[:] = items
    array = array.reshape(shape) if items else array
    back = values.round_trip(array, MEMORY)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert values.same(back.ravel().tolist(), array.ravel().tolist())


@quick
@given(values.PLAIN)
def test_object_arrays_without_dimensions(item: Any) -> None:
    """An array of no dimensions that holds a Python object comes back with the same object."""
    array = np.empty((), dtype=object)
    array[()] = item
    back = values.round_trip(array, MEMORY)
    assert type(back) is np.ndarray and (back.dtype, back.shape) == (array.dtype, ())
    assert values.same(back[()], item)


@quick
@given(values.PLAIN, ARRAYS)
def test_anything_else(held: Any, array: np.ndarray) -> None:
    """An object of a class that nothing else fits is a pickle, and comes back with what it holds."""
    thing = values.Thing()
    thing.held, thing.array = held, array
    assert values.saved(thing, MEMORY).encoding == "pickle"
    back = values.round_trip(thing, MEMORY)
    assert type(back) is values.Thing
    assert values.same(back.held, held) and back.array.tobytes() == array.tobytes()


@quick
@given(st.dictionaries(st.text(), ARRAYS, max_size=3))
def test_dictionaries_of_arrays(arrays: dict[str, np.ndarray]) -> None:
    """A dictionary of arrays comes back with equal arrays, in its order."""
    back = values.round_trip(arrays, MEMORY)
    assert list(back) == list(arrays)
    assert all(back[name].tobytes() == array.tobytes() for name, array in arrays.items())
    assert all(back[name].dtype == array.dtype for name, array in arrays.items())


@quick
@given(values.PANDAS_INDEXES, st.booleans())
def test_pandas_indexes(index: pd.Index, empty: bool) -> None:
    """A pandas index, empty or not, comes back equal: type, name and frequency too."""
    index = index[:0] if empty else index
    back = values.round_trip(index, MEMORY)
    assert type(back) is type(index)
    assert back.equals(index) and back.names == index.names and back.dtype == index.dtype
    assert getattr(back, "freq", None) == getattr(index, "freq", None)


@quick
@given(st.lists(st.sampled_from("abc") | st.none()), st.booleans())
def test_categoricals(items: list[str | None], ordered: bool) -> None:
    """A categorical comes back with its unused categories, their order, and what is missing."""
    value = pd.Categorical(items, categories=["c", "a", "b", "unused"], ordered=ordered)
    back = values.round_trip(value, MEMORY)
    assert type(back) is pd.Categorical
    assert back.dtype == value.dtype
    assert back.codes.tolist() == value.codes.tolist()

"""Hypothesis strategies for the values that artifacts are, and when two are the same."""

from __future__ import annotations

import math
from datetime import UTC, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import strategies as st
from pydantic import BaseModel

from stepwell.artifacts.codec import decode, encode
from stepwell.artifacts.row import Row
from stepwell.store.base import Store

ZONES = st.sampled_from(
    [
        None,
        UTC,
        timezone(timedelta(hours=5, minutes=45)),
        timezone(timedelta(hours=-3), "here"),
        ZoneInfo("Europe/Paris"),
        ZoneInfo("UTC"),
    ]
)
TEXT = st.text(st.characters())  # with lone surrogates
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers().map(lambda number: number**40),
    st.floats(),
    TEXT,
    st.binary(),
    st.binary().map(bytearray),
    st.complex_numbers(),
    st.dates(),
    st.times(timezones=ZONES),
    st.datetimes(timezones=ZONES, allow_imaginary=False),
    st.timedeltas(),
    st.decimals(),
    st.uuids(),
    st.text(st.characters(exclude_characters="\0")).map(Path),
    st.sampled_from(["int8", "uint64", "float16", "float32", "float64", "bool"]).flatmap(
        lambda name: (
            st.floats(width=16).map(np.dtype(name).type) if "f" in name else st.just(np.dtype(name).type(1))
        )
    ),
)
HASHABLE = st.one_of(st.integers(), st.booleans(), TEXT, st.binary(), st.tuples(st.integers(), TEXT))
PLAIN = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.sets(HASHABLE),
        st.frozensets(HASHABLE),
        st.dictionaries(TEXT, inner),
        st.dictionaries(HASHABLE, inner),
        st.dictionaries(st.sampled_from(["$type", "value", "$", "a"]), inner),
    ),
    max_leaves=20,
)


class Thing:
    """Anything: no dataclass, no model, no table."""

    held: Any
    array: np.ndarray


def saved(value: object, store: Store) -> Row:
    return encode("it", value, where="step start, task 0", store=store, namespace="user/ada")


def round_trip(value: object, store: Store) -> Any:
    return decode(saved(value, store), store)


def same(a: Any, b: Any) -> bool:
    """Whether two plain values are equal in all their types, the signs of zeros and dict order too."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, (set, frozenset)):
        return a == b and {(type(item), item) for item in a} == {(type(item), item) for item in b}
    if isinstance(a, dict):
        return same(list(a.items()), list(b.items()))
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, (float, np.floating)):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    if hasattr(a, "__dataclass_fields__"):
        return all(same(getattr(a, name), getattr(b, name)) for name in a.__dataclass_fields__)
    if isinstance(a, BaseModel):
        return same(dict(a), dict(b)) and a.model_fields_set == b.model_fields_set
    return repr(a) == repr(b)


def frames_equal(a: pd.DataFrame, b: pd.DataFrame) -> bool:
    pd.testing.assert_frame_equal(a, b, check_exact=True, check_freq=True, check_column_type=True)
    return a.attrs == b.attrs and type(a) is type(b)


COLUMNS = {
    "int8": (pa.int8(), st.integers(-128, 127)),
    "uint64": (pa.uint64(), st.integers(0, 2**64 - 1)),
    "float32": (pa.float32(), st.floats(width=32, allow_nan=False)),
    "float64": (pa.float64(), st.floats(allow_nan=False)),
    "bool": (pa.bool_(), st.booleans()),
    "string": (pa.string(), st.text()),
    "large_string": (pa.large_string(), st.text()),
    "string_view": (pa.string_view(), st.text()),
    "binary": (pa.binary(), st.binary()),
    "fixed": (pa.binary(3), st.binary(min_size=3, max_size=3)),
    "seconds": (pa.timestamp("s"), st.integers(-(10**9), 10**9)),
    "zoned": (pa.timestamp("us", "Europe/Paris"), st.integers(-(10**15), 10**15)),
    "ns": (pa.timestamp("ns"), st.integers(-(10**18), 10**18)),
    "date32": (pa.date32(), st.dates()),
    "date64": (pa.date64(), st.integers(0, 10**12)),
    "time32": (pa.time32("s"), st.integers(0, 86399)),
    "time64": (pa.time64("ns"), st.integers(0, 86399 * 10**9)),
    "duration": (pa.duration("s"), st.integers(-(10**9), 10**9)),
    "interval": (pa.month_day_nano_interval(), st.tuples(*[st.integers(0, 99)] * 3)),
    "decimal": (pa.decimal128(20, 5), st.decimals(-(10**9), 10**9, places=5)),
    "null": (pa.null(), st.none()),
    "list": (pa.list_(pa.int32()), st.lists(st.integers(0, 9), max_size=3)),
    "named list": (
        pa.list_(pa.field("x", pa.int32(), nullable=False)),
        st.lists(st.integers(0, 9), max_size=3),
    ),
    "fixed list": (pa.list_(pa.float64(), 2), st.lists(st.just(1.5), min_size=2, max_size=2)),
    "struct": (
        pa.struct({"a": pa.int8(), "b": pa.string()}),
        st.fixed_dictionaries({"a": st.none(), "b": st.text()}),
    ),
    "map": (pa.map_(pa.string(), pa.int64()), st.lists(st.tuples(st.text(), st.integers(0, 9)), max_size=2)),
    "dictionary": (pa.dictionary(pa.int8(), pa.string()), st.sampled_from(["a", "b"])),
    "number dictionary": (pa.dictionary(pa.int8(), pa.int64()), st.sampled_from([1, 2])),
}


@st.composite
def arrow_tables(draw: st.DrawFn) -> pa.Table:
    rows = draw(st.integers(0, 5))
    fields, arrays = [], []
    for number, name in enumerate(draw(st.lists(st.sampled_from(sorted(COLUMNS)), max_size=5))):
        kind, items = COLUMNS[name]
        nullable = draw(st.booleans()) or name == "null"
        values = draw(
            st.lists(st.one_of(st.none(), items) if nullable else items, min_size=rows, max_size=rows)
        )
        metadata = draw(st.sampled_from([None, {"unit": "m"}]))
        fields.append(
            pa.field(
                draw(st.sampled_from([f"c{number}", f"c.{number}", f"ü {number}"])), kind, nullable, metadata
            )
        )
        arrays.append(pa.array(values, kind))
    metadata = draw(st.sampled_from([None, {"stepwell": "theirs", "k": "v"}]))
    table = pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata))
    return pa.concat_tables([table, table]) if draw(st.booleans()) else table


PANDAS_COLUMNS = st.sampled_from(
    [
        pd.Series([1, 2, 3], dtype="int16"),
        pd.Series([1.5, float("nan"), -0.0]),
        pd.Series([True, False, True]),
        pd.Series(["a", None, "c"], dtype="str"),
        pd.Series(["a", None, "c"], dtype="string"),
        pd.Series(["a", None, "c"], dtype=object),
        pd.Series([1, "mixed", None], dtype=object),
        pd.Series([1, 2, 3], dtype=object),
        pd.Series([(1,), [2], {3}], dtype=object),
        pd.Series([1, None, 3], dtype="Int64"),
        pd.Series([True, None, False], dtype="boolean"),
        pd.Series([1, None, 3], dtype="int32[pyarrow]"),
        pd.Series(pd.Categorical(["b", None, "a"], categories=["b", "unused", "a"], ordered=True)),
        pd.Series(pd.Categorical([2, 1, 2])),
        pd.Series(pd.to_datetime(["2020-01-01", None, "2021-06-01"])),
        pd.Series(pd.to_datetime(["2020-01-01", None, "2021-06-01"]).as_unit("s")),
        pd.Series(pd.to_datetime(["2020-01-01", None, "2021-06-01"]).tz_localize("Europe/Paris")),
        pd.Series(pd.to_timedelta([1, None, 3], unit="h")),
        pd.Series(pd.period_range("2020-01", periods=3, freq="M")),
        pd.Series(pd.interval_range(0, 3)),
        pd.Series(pd.arrays.SparseArray([0, 0, 1])),
    ]
)
PANDAS_INDEXES = st.sampled_from(
    [
        pd.RangeIndex(3),
        pd.RangeIndex(10, 16, 2, name="r"),
        pd.Index([3, 1, 2], name="i"),
        pd.Index(["x", "y", "z"]),
        pd.Index(["x", 1, None], dtype=object),
        pd.date_range("2020-01-01", periods=3, freq="D"),
        pd.date_range("2020-01-01", periods=3, freq="D", tz="UTC", name="t")._with_freq(None),
        pd.MultiIndex.from_product([["a"], [1, 2, 3]], names=["k", None]),
        pd.CategoricalIndex(["a", "b", "a"]),
    ]
)


@st.composite
def pandas_frames(draw: st.DrawFn) -> pd.DataFrame:
    columns = draw(st.lists(PANDAS_COLUMNS, max_size=4))
    index = draw(PANDAS_INDEXES)
    frame = pd.DataFrame({number: column.array for number, column in enumerate(columns)}, index=index)
    labels = draw(
        st.sampled_from(
            [list(range(len(columns))), [f"c{n}" for n in range(len(columns))], ["same"] * len(columns)]
        )
    )
    frame.columns = pd.Index(labels, name=draw(st.sampled_from([None, "columns"])))
    frame.attrs = draw(st.sampled_from([{}, {"unit": "m"}, {"tuple": (1, 2)}]))
    return frame.iloc[: draw(st.sampled_from([0, 3]))]


POLARS_COLUMNS = st.sampled_from(
    [
        pl.Series([1, None, 3], dtype=pl.Int8),
        pl.Series([1.5, float("nan"), None]),
        pl.Series(["a", None, "ü"]),
        pl.Series([b"a", None, b""]),
        pl.Series(["a", None, "b"], dtype=pl.Categorical),
        pl.Series(["a", None, "b"], dtype=pl.Enum(["b", "unused", "a"])),
        pl.Series([1, None, 2]).cast(pl.Datetime("ms", "Europe/Paris")),
        pl.Series([1, None, 2]).cast(pl.Duration("ns")),
        pl.Series([1, None, 2]).cast(pl.Date),
        pl.Series([1, None, 2]).cast(pl.Time),
        pl.Series([1, None, 2]).cast(pl.Decimal(10, 2)),
        pl.Series([1, None, 2]).cast(pl.Int128),
        pl.Series([[1], None, []]),
        pl.Series([[1, 2], None, [3, 4]], dtype=pl.Array(pl.Int64, 2)),
        pl.Series([{"a": 1}, None, {"a": 2}]),
        pl.Series([None, None, None]),
        pl.Series([object(), None, 1], dtype=pl.Object),
    ]
)

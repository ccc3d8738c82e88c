"""Data frames of pandas and polars as Arrow tables: only where the frame comes back as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from stepwell.artifacts import arrow

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

_COLUMN = "value"


def from_polars(frame: pl.DataFrame) -> pa.Table | None:
    table = frame.to_arrow()
    return table if to_polars(table.slice(0, 0)).schema == frame.schema else None


def to_polars(table: pa.Table) -> pl.DataFrame:
    import polars as pl

    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def from_polars_series(series: pl.Series) -> pa.Table | None:
    # polars gives a column without a name one, so the name goes beside it.
    table = from_polars(series.to_frame(_COLUMN))
    return None if table is None else arrow.noted(table, name=series.name)


def to_polars_series(table: pa.Table) -> pl.Series:
    return to_polars(table).to_series().alias(arrow.notes(table.schema)["name"])


def from_pandas(frame: pd.DataFrame) -> pa.Table | None:
    if not frame.flags.allows_duplicate_labels or not _only_text_in_objects(frame):
        return None
    table = pa.Table.from_pandas(frame)
    if not len(frame) and _has_categories(table):
        # A file of no rows has no categories.
        return None
    if frequency := getattr(frame.index, "freqstr", None):
        table = arrow.noted(table, frequency=frequency)
    return table if _same_shape(to_pandas(table.slice(0, 0)), frame) else None


def to_pandas(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    if frequency := arrow.notes(table.schema).get("frequency"):
        cast("pd.DatetimeIndex", frame.index).freq = frequency
    return frame


def from_pandas_series(series: pd.Series[Any]) -> pa.Table | None:
    if series.name is not None and type(series.name) is not str:
        return None
    table = from_pandas(series.to_frame(_COLUMN if series.name is None else series.name))
    return None if table is None else arrow.noted(table, **arrow.notes(table.schema), name=series.name)


def to_pandas_series(table: pa.Table) -> pd.Series[Any]:
    return to_pandas(table).iloc[:, 0].rename(arrow.notes(table.schema)["name"])


def _has_categories(table: pa.Table) -> bool:
    return any(pa.types.is_dictionary(field.type) for field in table.schema)


def _only_text_in_objects(frame: pd.DataFrame) -> bool:
    """Arrow would unify what an object column holds; of text alone nothing can change."""
    columns = [column for _, column in frame.items()]
    levels = [frame.index.get_level_values(level) for level in range(frame.index.nlevels)]
    return all(
        set(map(type, values)) <= {str, type(None)}
        for values in (*columns, *levels)
        if values.dtype == object
    )


def _same_shape(back: pd.DataFrame, frame: pd.DataFrame) -> bool:
    """Whether everything but the values is the same."""
    return (
        list(back.dtypes) == list(frame.dtypes)
        and back.columns.equals(frame.columns)
        and back.columns.dtype == frame.columns.dtype
        and back.columns.names == frame.columns.names
        and back.index.names == frame.index.names
        and _level_types(back.index) == _level_types(frame.index)
        and getattr(frame.index, "freq", None) == getattr(back.index, "freq", None)
        and back.attrs == frame.attrs
    )


def _level_types(index: pd.Index[Any]) -> list[Any]:
    return [index.get_level_values(level).dtype for level in range(index.nlevels)]

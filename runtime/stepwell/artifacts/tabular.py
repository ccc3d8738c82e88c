"""Values that are tables, or nearly so, as Arrow tables and back.

Each kind is named by the name of its class, so that pandas, polars and NumPy are imported only
where a value of theirs exists.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from stepwell.artifacts import arrow, frames

_COLUMN = "value"
_ITEMS = {int: pa.int64(), float: pa.float64(), str: pa.string()}


def to_table(kind: str, value: Any) -> pa.Table | None:
    """`value` as a table, or None where a table can't hold it exactly.

    Args:
        kind: the name of its class (`type_name`).
    """
    convert = _TO_TABLE.get(kind)
    if convert is None:
        return None
    try:
        return convert(value)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        # A mixed column, an integer beyond 64 bits, a lone surrogate, two columns of one name...
        return None


def from_table(kind: str, table: pa.Table) -> Any:
    """The value of class `kind` that `to_table` made `table` of."""
    return _FROM_TABLE[kind](table)


def _list_to_table(value: list[Any]) -> pa.Table | None:
    kinds = set(map(type, value))
    item = _ITEMS.get(kinds.pop())
    return None if kinds or item is None else pa.table({_COLUMN: pa.array(value, item)})


def _list_from_table(table: pa.Table) -> list[Any]:
    column = table.column(_COLUMN)
    # NumPy makes Python numbers of a column several times faster than Arrow does.
    items = column.to_pylist() if pa.types.is_string(column.type) else column.to_numpy().tolist()
    return list(items)


def _batch_from_table(table: pa.Table) -> pa.RecordBatch:
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)


def _array_to_table(value: Any) -> pa.Table | None:
    import numpy as np

    if value.dtype.kind not in "biufcmM" or value.dtype.itemsize > 16 or not value.dtype.isnative:
        return None
    order = "C" if value.flags.c_contiguous or not value.flags.f_contiguous else "F"
    flat = value.ravel(order=order)
    if flat.dtype.kind == "c":
        flat = flat.view(np.dtype(f"f{flat.dtype.itemsize // 2}"))
    elif flat.dtype.kind in "mM":
        flat = flat.view(np.int64)
    table = pa.table({_COLUMN: pa.array(flat, from_pandas=False)})
    return arrow.noted(table, dtype=value.dtype.str, shape=value.shape, order=order)


def _array_from_table(table: pa.Table) -> Any:
    import numpy as np

    notes = arrow.notes(table.schema)
    dtype = np.dtype(notes["dtype"])
    column = table.column(_COLUMN).combine_chunks()
    if pa.types.is_boolean(column.type):
        flat = column.to_numpy(zero_copy_only=False)
    else:
        # Over the buffer itself: to_numpy would forbid writing to what nobody else holds.
        flat = np.frombuffer(column.buffers()[1], dtype.str if dtype.kind != "c" else dtype)
    return flat.view(dtype).reshape(notes["shape"], order=notes["order"])


_TO_TABLE: dict[str, Callable[[Any], pa.Table | None]] = {
    "pyarrow.Table": lambda value: value,
    "pyarrow.RecordBatch": lambda value: pa.Table.from_batches([value]),
    "pandas.DataFrame": frames.from_pandas,
    "pandas.Series": frames.from_pandas_series,
    "polars.DataFrame": frames.from_polars,
    "polars.Series": frames.from_polars_series,
    "numpy.ndarray": _array_to_table,
    "list": _list_to_table,
}
_FROM_TABLE: dict[str, Callable[[pa.Table], Any]] = {
    "pyarrow.Table": lambda table: table,
    "pyarrow.RecordBatch": _batch_from_table,
    "pandas.DataFrame": frames.to_pandas,
    "pandas.Series": frames.to_pandas_series,
    "polars.DataFrame": frames.to_polars,
    "polars.Series": frames.to_polars_series,
    "numpy.ndarray": _array_from_table,
    "list": _list_from_table,
}

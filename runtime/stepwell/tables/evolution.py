"""How a table's columns change, if a write may change them: by rules that every reader survives."""

from __future__ import annotations

import pyarrow as pa
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table import Table as IcebergTable

from stepwell.errors import TableError
from stepwell.tables.arrow import plain_schema
from stepwell.tables.name import TableName

_PROMOTIONS = {pa.int32(): pa.int64(), pa.float32(): pa.float64()}
"""Iceberg specification, "Schema Evolution"."""


def evolve_columns(iceberg: IcebergTable, schema: pa.Schema, name: TableName) -> IcebergTable:
    """Add the columns of `schema` that the table has not, and widen those that are too narrow.

    Nothing else ever changes by a write: what is left over, `fit` refuses.

    Raises:
        TableError: the type of a new column is unknown, or others kept changing the table.
    """
    for _ in range(10):
        changes = _changes(plain_schema(iceberg.schema().as_arrow()), schema, name)
        if not changes:
            return iceberg
        try:
            with iceberg.update_schema() as update:
                update.union_by_name(pa.schema(changes))
            return iceberg
        except CommitFailedException:
            iceberg.refresh()
    raise TableError(f"{name}: others kept changing the table's columns; try again")


def _changes(has: pa.Schema, given: pa.Schema, name: TableName) -> list[pa.Field]:
    changes = []
    for field in given:
        if field.name not in has.names:
            if field.type == pa.null():
                raise TableError(
                    f"{name}: new column '{field.name}' holds only nulls, so its type is unknown; cast it to "
                    "the type it will have"
                )
            changes.append(field)
        elif _PROMOTIONS.get(has.field(field.name).type) == field.type or _more_digits(
            has.field(field.name).type, field.type
        ):
            changes.append(field)
    return changes


def _more_digits(before: pa.DataType, now: pa.DataType) -> bool:
    both = pa.types.is_decimal(before) and pa.types.is_decimal(now)
    return bool(both and before.scale == now.scale and before.precision < now.precision)

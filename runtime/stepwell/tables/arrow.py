"""Which Arrow data an Iceberg table holds, and how other data becomes it: exactly, or not at all.

Iceberg's types are fewer than Arrow's (Iceberg specification, "Primitive Types", format version 2):
integers are signed and have 32 or 64 bits, times and timestamps have microseconds, timestamps have no
time zone or UTC, and there is one kind of text, of bytes and of list.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import Any

import pyarrow as pa

from stepwell.errors import TableError
from stepwell.tables.name import TableName

_SIMPLE = {
    pa.bool_(): pa.bool_(),
    pa.int8(): pa.int32(),
    pa.int16(): pa.int32(),
    pa.int32(): pa.int32(),
    pa.int64(): pa.int64(),
    pa.uint8(): pa.int32(),
    pa.uint16(): pa.int32(),
    pa.uint32(): pa.int64(),
    pa.uint64(): pa.int64(),
    pa.float16(): pa.float32(),
    pa.float32(): pa.float32(),
    pa.float64(): pa.float64(),
    pa.date32(): pa.date32(),
    pa.date64(): pa.date32(),
    pa.string(): pa.string(),
    pa.large_string(): pa.string(),
    pa.string_view(): pa.string(),
    pa.binary(): pa.binary(),
    pa.large_binary(): pa.binary(),
    pa.binary_view(): pa.binary(),
    # a column of nulls takes the type of the table's column
    pa.null(): pa.null(),
}
_WIDER = {
    pa.int32(): (pa.int64(), pa.float64()),
    pa.int64(): (pa.float64(),),
    pa.float32(): (pa.float64(),),
}
_DECIMAL_DIGITS = 38


def to_arrow(data: Any, name: TableName) -> pa.Table:
    """`data` as an Arrow table of the types Iceberg has.

    Raises:
        TableError: it is no table, or a column has a type or a value that Iceberg has no place for.
    """
    table = _as_table(data, name)
    if not table.num_columns:
        raise TableError(f"{name}: received data without columns; a table has one or more")
    if len(set(table.column_names)) < table.num_columns:
        twice = sorted({column for column in table.column_names if table.column_names.count(column) > 1})
        raise TableError(f"{name}: received several columns named {', '.join(twice)}; rename them")
    wanted = []
    for field in table.schema:
        type_ = plain_type(field.type)
        if type_ is None:
            raise TableError(
                f"{name}: column '{field.name}' has the type {field.type}, which Iceberg tables do not hold; "
                "allowed are booleans, numbers, text, bytes, dates, times, timestamps, decimals of at most "
                f"{_DECIMAL_DIGITS} digits, and lists, maps and structs of them: convert or drop the column"
            )
        wanted.append(pa.field(field.name, type_))
    return _cast(table, pa.schema(wanted), name)


def fit(data: pa.Table, schema: pa.Schema, name: TableName) -> pa.Table:
    """`data`, made by `to_arrow`, with exactly the columns of the table's `schema`.

    Columns may come in any order; one that may be null may be missing.

    Raises:
        TableError: there is a column too many, one is missing, or one has another type.
    """
    extra = [column for column in data.column_names if column not in schema.names]
    if extra:
        raise TableError(
            f"{name}: received column {_listed(extra)}, which the table has not; its columns are "
            f"{_listed(schema.names)}: drop or rename it, or let the write add it: evolve=True"
        )
    columns = []
    for field in schema:
        if field.name in data.column_names:
            column = data.column(field.name)
            if not _widens(column.type, field.type):
                raise TableError(
                    f"{name}: column '{field.name}' was received as {column.type}, the table holds "
                    f"{field.type}: convert the column, or write to a table of another name"
                )
        else:
            column = pa.chunked_array([pa.nulls(data.num_rows, field.type)])
        if not field.nullable and column.null_count:
            raise TableError(
                f"{name}: column '{field.name}' has {column.null_count} nulls or is missing, and the table "
                "allows none there: fill it, or leave those rows out"
            )
        columns.append(column)
    return _cast(pa.table(columns, names=schema.names), schema, name)


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """The schema that rows of a table are read and written in; pyiceberg's has large types and ids."""
    return pa.schema([pa.field(field.name, plain_type(field.type), field.nullable) for field in schema])


def plain_type(type_: pa.DataType) -> pa.DataType | None:
    """The Arrow type of an Iceberg column that holds values of `type_`; None where there is none."""
    if type_ in _SIMPLE:
        return _SIMPLE[type_]
    if pa.types.is_timestamp(type_):
        return pa.timestamp("us", tz="UTC" if type_.tz else None)
    if pa.types.is_time(type_):
        return pa.time64("us")
    if pa.types.is_decimal(type_):
        return pa.decimal128(type_.precision, type_.scale) if type_.precision <= _DECIMAL_DIGITS else None
    if pa.types.is_fixed_size_binary(type_):
        return type_
    if pa.types.is_dictionary(type_):
        return plain_type(type_.value_type)
    return _nested_type(type_)


def _nested_type(type_: pa.DataType) -> pa.DataType | None:
    if pa.types.is_struct(type_):
        inner = {field.name: plain_type(field.type) for field in type_}
        return pa.struct(inner.items()) if _all_typed(inner.values()) else None
    if pa.types.is_map(type_):
        key, item = plain_type(type_.key_type), plain_type(type_.item_type)
        return pa.map_(key, item) if _all_typed([key, item]) else None
    if pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_):
        value = plain_type(type_.value_type)
        return pa.list_(pa.field("element", value)) if _all_typed([value]) else None
    return None


def _all_typed(types: Collection[pa.DataType | None]) -> bool:
    return bool(types) and not any(one is None or one == pa.null() for one in types)


def _as_table(data: Any, name: TableName) -> pa.Table:
    try:
        if isinstance(data, pa.RecordBatch):
            return pa.Table.from_batches([data])
        pandas = sys.modules.get("pandas")
        if pandas is not None and isinstance(data, pandas.DataFrame):
            return pa.Table.from_pandas(data, preserve_index=False)
        # the Arrow PyCapsule interface: pyarrow's tables and readers, polars, DuckDB
        if hasattr(data, "__arrow_c_stream__"):
            return pa.table(data)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise TableError(f"{name}: the data can't become a table: {error}".replace("\n", " ")) from error
    raise TableError(
        f"{name}: received data of type {type(data).__qualname__}, which is no table; allowed are a pyarrow "
        "Table or RecordBatch, and a pandas or polars DataFrame: pyarrow.table({...}) makes one of columns"
    )


def _widens(given: pa.DataType, wanted: pa.DataType) -> bool:
    if pa.types.is_decimal(given) and pa.types.is_decimal(wanted):
        return bool(given.scale == wanted.scale and given.precision <= wanted.precision)
    return given == wanted or given == pa.null() or wanted in _WIDER.get(given, ())


def _cast(table: pa.Table, schema: pa.Schema, name: TableName) -> pa.Table:
    columns = []
    for field, column in zip(schema, table.columns, strict=True):
        try:
            columns.append(column.cast(field.type))
        except pa.ArrowException as error:
            raise TableError(
                f"{name}: column '{field.name}' is stored as {field.type}, which would change one of its "
                f"values: {error}; round or convert the column first".replace("\n", " ")
            ) from error
    return pa.Table.from_arrays(columns, schema=schema)


def _listed(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)

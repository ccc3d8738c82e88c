"""How many bytes a query reads of its tables, by what their manifests say: no file is opened."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from pyiceberg import expressions
from pyiceberg.expressions import BooleanExpression
from pyiceberg.expressions.visitors import bind
from pyiceberg.schema import Schema
from pyiceberg.table import Table as IcebergTable
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.pushdown_predicates import pushdown_predicates
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.scope import Scope, traverse_scope

from stepwell.tables import files
from stepwell.tables.name import TableName

# its classes take a column's name and a value, whatever its types say
iceberg: Any = expressions

_COMPARISONS: Mapping[type[exp.Expr], tuple[Any, Any]] = {
    exp.EQ: (iceberg.EqualTo, iceberg.EqualTo),
    exp.GT: (iceberg.GreaterThan, iceberg.LessThan),
    exp.GTE: (iceberg.GreaterThanOrEqual, iceberg.LessThanOrEqual),
    exp.LT: (iceberg.LessThan, iceberg.GreaterThan),
    exp.LTE: (iceberg.LessThanOrEqual, iceberg.GreaterThanOrEqual),
}
"""What each says of its left side, and of its right."""


class Read(NamedTuple):
    """A table at a snapshot; None where it has none."""

    iceberg: IcebergTable
    schema: Schema
    snapshot_id: int | None


def scanned(tree: exp.Query, tables: Mapping[TableName, Read]) -> int:
    """Bytes of the columns that a resolved query reads, in the files that its filters leave.

    Files are left out by their statistics, as DuckDB and Athena do; what else these leave out inside of files
    is not counted off.
    """
    with suppress(SqlglotError):  # else all that it names is counted
        tree = pushdown_projections(pushdown_predicates(tree.copy(), dialect="duckdb"))
    return sum(
        _size(tables[TableName(source.db, source.name)], scope, alias)
        for scope in traverse_scope(tree)
        for alias, (_, source) in scope.selected_sources.items()
        if isinstance(source, exp.Table) and source.db
    )


def _size(read: Read, scope: Scope, alias: str) -> int:
    """Bytes that one naming of a table reads."""
    if read.snapshot_id is None:
        return 0
    known = {field.name.lower(): field for field in read.schema.fields}
    used = {column.name.lower() for column in scope.columns if column.table == alias}
    ids = {number for name in used if name in known for number in _ids(read.schema, known[name].name)}
    where = _filter(scope, alias, read.schema, {name: field.name for name, field in known.items()})
    tasks = files.planned(read.iceberg, read.snapshot_id, where)
    return sum(
        sum(size for number, size in task.file.column_sizes.items() if number in ids)
        if task.file.column_sizes
        else task.file.file_size_in_bytes
        for task in tasks
    )


def _ids(schema: Schema, name: str) -> list[int]:
    """The ids of a column and of all that is in it."""
    return list(schema.select(name)._lazy_id_to_name)


def _filter(scope: Scope, alias: str, schema: Schema, names: Mapping[str, str]) -> BooleanExpression:
    """What of the conditions on a table's rows files can be left out by."""
    where: BooleanExpression = iceberg.AlwaysTrue()
    found = scope.expression.args.get("where")
    joined = [one.args["on"] for one in scope.expression.args.get("joins") or () if one.args.get("on")]
    for condition in [*([found.this] if found else ()), *joined]:
        for one in condition.flatten() if isinstance(condition, exp.And) else [condition]:
            said = _said(one.unnest(), alias, names)
            try:
                bind(schema, said, case_sensitive=True)
            except (ValueError, TypeError):
                continue
            where = iceberg.And(where, said)
    return where


def _said(condition: exp.Expr, alias: str, names: Mapping[str, str]) -> BooleanExpression:
    """A condition as Iceberg's, where it compares a column of the table with a value; else no condition."""

    def column(one: exp.Expr | None) -> str | None:
        return names.get(one.name.lower()) if isinstance(one, exp.Column) and one.table == alias else None

    found: Any = None
    left, right = column(condition.this), column(condition.expression)
    if isinstance(condition, exp.Between) and left:
        low, high = _value(condition.args["low"]), _value(condition.args["high"])
        if low is not None and high is not None:
            found = iceberg.And(iceberg.GreaterThanOrEqual(left, low), iceberg.LessThanOrEqual(left, high))
    elif isinstance(condition, exp.In) and left:
        values = [_value(one) for one in condition.expressions]
        found = iceberg.In(left, values) if values and None not in values else None
    elif type(condition) in _COMPARISONS:
        of_left, of_right = _COMPARISONS[type(condition)]
        value = _value(condition.expression if left else condition.this)
        if value is not None and (left or right):
            found = of_left(left, value) if left else of_right(right, value)
    said: BooleanExpression = found or iceberg.AlwaysTrue()
    return said


def _value(one: exp.Expr) -> Any:
    """What a literal stands for, cast to a type or not; None for all else."""
    while isinstance(one, exp.Cast | exp.Paren):
        one = one.this
    if isinstance(one, exp.Literal):
        return one.to_py()
    negated = isinstance(one, exp.Neg) and isinstance(one.this, exp.Literal) and not one.this.is_string
    return -one.this.to_py() if negated else None

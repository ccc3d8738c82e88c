"""A query in DuckDB's SQL: its meaning as a tree, and the same in Athena's SQL. Pure.

sqlglot reads, resolves and translates; see ``docs/decisions/0180-athena-by-translation.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
from sqlglot import ErrorLevel, exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.canonicalize import canonicalize
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from stepwell.errors import TableError
from stepwell.tables.name import TableName

Columns = Mapping[TableName, Mapping[str, str]]
"""The columns of the tables that a query names, with their types as DuckDB calls them."""


class Source(NamedTuple):
    """A table as Athena knows it, and the snapshot to read; None where it has none yet."""

    database: str
    table: str
    snapshot_id: int | None


class Query(NamedTuple):
    """A query to be run elsewhere, whose rows are put in order when they are back.

    Attributes:
        tree: the query, unordered unless a limit makes the order part of it.
        order: what its rows are ordered by: the number of a column, and ``desc``, ``nulls first`` and such.
        hidden: how many columns there are at the end only to order by.
    """

    tree: exp.Query
    order: tuple[tuple[int, str], ...]
    hidden: int

    @property
    def duckdb(self) -> str:
        """The query in DuckDB's SQL."""
        return self.tree.sql("duckdb")


def resolved(query: str, columns: Columns) -> exp.Query:
    """The query with every column's table, and every star's columns, named.

    Raises:
        TableError: sqlglot can't make sense of it.
    """
    known: dict[str, Any] = {}
    for name, types in columns.items():
        known.setdefault(name.database, {})[name.table] = dict(types)
    schema = MappingSchema(known, dialect="duckdb")
    try:
        tree = qualify(parse_one(query, dialect="duckdb"), dialect="duckdb", schema=schema)
        # with types come the casts of text to dates and times that DuckDB makes unasked
        tree = canonicalize(annotate_types(tree, schema, dialect="duckdb"), dialect="duckdb")
    except SqlglotError as error:
        raise _untranslatable(_line(error)) from error
    if not isinstance(tree, exp.Query):
        raise _untranslatable(f"it is a {type(tree).__name__.lower()}")
    return tree


def _untranslatable(why: str) -> TableError:
    return TableError(f"sql: Athena can't run it: {why}; engine='duckdb' does here")


def _line(error: SqlglotError) -> str:
    return str(error).partition("\n")[0].rstrip(".")


def sortable(tree: exp.Query) -> Query:
    """The query in a form whose order can be restored: files that are written side by side have none.

    Raises:
        TableError: it is ordered by what is not among its columns, and can't be.
    """
    tree = tree.copy()
    for select in tree.find_all(exp.Select):
        if select.args.get("qualify") and any(
            select.args.get(one) for one in ("limit", "offset", "distinct")
        ):
            # sqlglot would take the first rows before it leaves out others
            raise _untranslatable("qualify beside limit, offset or distinct; put it in a subquery")
        _group_all(select)
    for one in tree.find_all(exp.Avg, exp.Div):
        if one.this.is_type(exp.DType.DECIMAL):  # Athena would round to the places that there are
            one.set("this", exp.cast(one.this, exp.DType.DOUBLE))
    ordered = tree.args.get("order")
    outputs = list(tree.selects)
    keys, width = [], len(outputs)
    for one in ordered.expressions if ordered else ():
        how = " desc" if one.args.get("desc") else ""
        how += " nulls first" if one.args.get("nulls_first") else " nulls last"
        if one.this.name.upper() == "ALL" and isinstance(one.this, exp.Column | exp.Var):
            keys += [(number, how) for number in range(width)]
            continue
        number = _number(one.this, outputs)
        if number is None:
            if not isinstance(tree, exp.Select) or tree.args.get("distinct"):
                raise _untranslatable(f"it is ordered by {one.this.sql('duckdb')}, and does not select it")
            number = len(outputs)
            tree = tree.select(exp.alias_(one.this.copy(), f"_order_{number}"), copy=False)
            outputs.append(one.this)
        keys.append((number, how))
    if ordered and not (tree.args.get("limit") or tree.args.get("offset")):
        tree.set("order", None)
    elif ordered:
        ordered.set(
            "expressions",
            [parse_one(f"{number + 1}{how}", into=exp.Ordered, dialect="duckdb") for number, how in keys],
        )
    return Query(tree, tuple(keys), len(outputs) - width)


def unload(query: Query, schema: pa.Schema, sources: Mapping[TableName, Source], location: str) -> str:
    """The statement by which Athena writes the rows as Parquet files below `location`.

    Columns are named ``c0``, ``c1`` and so on. Athena writes Parquet as Hive does, which knows neither
    times of microseconds nor nulls without a type: they are written as text, and as integers.

    Args:
        schema: the query's columns, as DuckDB has them.

    Raises:
        TableError: Athena has nothing like it.
    """

    if len(schema) != len(query.tree.selects):
        raise _untranslatable("it does not say which columns it selects")

    def named(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Table) or not node.db:
            return node
        source = sources[TableName(node.db, node.name)]
        found = exp.table_(source.table, source.database, "AwsDataCatalog", quoted=True)
        found.set("alias", node.args.get("alias"))
        if source.snapshot_id is not None:
            at = exp.Literal.number(source.snapshot_id)
            found.set("version", exp.Version(this="VERSION", kind="AS OF", expression=at))
        return found

    try:
        select = query.tree.transform(named).sql("athena", unsupported_level=ErrorLevel.RAISE, identify=True)
    except SqlglotError as error:
        raise _untranslatable(_line(error)) from error
    names = [f"c{number}" for number in range(len(schema))]
    shown = [_written(name, kind)(name) for name, kind in zip(names, schema.types, strict=True)]
    return (
        f"UNLOAD (SELECT {', '.join(shown)} FROM ({select}) AS q ({', '.join(names)})) "
        f"TO '{location}' WITH (format = 'PARQUET')"
    )


def _written(name: str, kind: Any) -> Callable[[str], str]:
    """How a column is written to Parquet."""
    if pa.types.is_timestamp(kind):
        utc = "CAST({0} AT TIME ZONE 'UTC' AS TIMESTAMP(6))" if kind.tz else "{0}"
        return lambda one: f"CAST({utc.format(one)} AS VARCHAR) AS {one}"
    if pa.types.is_time(kind):
        return lambda one: f"CAST({one} AS VARCHAR) AS {one}"
    if pa.types.is_null(kind):
        return lambda one: f"CAST({one} AS INTEGER) AS {one}"
    return str


def _group_all(select: exp.Select) -> None:
    """Name what ``group by all`` groups by, which Athena doesn't know."""
    group = select.args.get("group")
    if group is None or not group.args.get("all"):
        return
    plain = [
        number
        for number, one in enumerate(select.selects, start=1)
        if not any(not found.find_ancestor(exp.Window) for found in one.find_all(exp.AggFunc))
    ]
    if not plain:
        select.set("group", None)
        return
    select.set("group", exp.Group(expressions=[exp.Literal.number(number) for number in plain]))


def _number(key: exp.Expr, outputs: Sequence[exp.Expr]) -> int | None:
    """Which of the columns a query is ordered by; None for what is none of them."""
    if isinstance(key, exp.Literal) and key.is_int:
        return int(key.this) - 1
    for number, one in enumerate(outputs):
        if one.unalias() == key or (isinstance(key, exp.Column) and not key.table and one.alias == key.name):
            return number
    return None

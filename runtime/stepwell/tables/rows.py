"""Rows of a table in whatever form they are wanted; what a form needs is imported when it is asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stepwell.errors import TableError

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import pandas as pd
    import polars as pl

    from stepwell.tables.scan import Scan


class Rows(ABC):
    """What has rows to read; every method takes the arguments of `scan`."""

    @abstractmethod
    def scan(
        self, columns: list[str] | None = None, where: str | None = None, limit: int | None = None
    ) -> Scan:
        """Choose rows; nothing is read before they are asked for, and then only what is needed.

        Of each file the row groups are fetched in which the filter may find rows, of those the columns.

        Args:
            columns: names of the columns to read, in this order; all by default.
            where: which rows, such as ``carrier = 'UA' and dep_delay > 15``: comparisons, ``in``,
                ``is null``, ``like 'A%'``, with ``and``, ``or``, ``not``.
            limit: at most so many rows.

        Raises:
            TableError: a column, the filter or the limit is wrong.
        """

    def to_arrow(
        self, columns: list[str] | None = None, where: str | None = None, limit: int | None = None
    ) -> pa.Table:
        """All rows as an Arrow table.

        Raises:
            TableError: an argument is wrong, or the rows can't be read.
        """
        return self.scan(columns, where, limit)._table()

    def to_batches(
        self, columns: list[str] | None = None, where: str | None = None, limit: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Rows as Arrow record batches, read while they are consumed: a few are in memory at a time."""
        return self.scan(columns, where, limit)._batches()

    def to_numpy(
        self, columns: list[str] | None = None, where: str | None = None, limit: int | None = None
    ) -> dict[str, np.ndarray]:
        """An array for each column, by name; where there are nulls, numbers are floats with NaN."""
        rows = self.to_arrow(columns, where, limit)
        return {name: rows[name].to_numpy() for name in rows.column_names}

    def to_pandas(
        self, columns: list[str] | None = None, where: str | None = None, limit: int | None = None
    ) -> pd.DataFrame:
        """Rows as a pandas DataFrame."""
        optional("pandas", "to_pandas")
        return self.to_arrow(columns, where, limit).to_pandas()

    def to_polars(
        self, columns: list[str] | None = None, where: str | None = None, limit: int | None = None
    ) -> pl.DataFrame:
        """Rows as a polars DataFrame."""
        frame: pl.DataFrame = optional("polars", "to_polars").from_arrow(self.to_arrow(columns, where, limit))
        return frame

    def to_duckdb(
        self,
        columns: list[str] | None = None,
        where: str | None = None,
        limit: int | None = None,
        connection: duckdb.DuckDBPyConnection | None = None,
    ) -> duckdb.DuckDBPyRelation:
        """Rows as a relation of DuckDB, in a new connection by default.

        Nothing is read before the relation is asked; what it filters and selects is not read.
        """
        database = connection or optional("duckdb", "to_duckdb").connect()
        rows = self.scan(columns, where, limit)
        return database.from_arrow(rows._source()).project(", ".join(map(quoted, rows.columns)))


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def optional(name: str, needed_by: str) -> Any:
    """A library that Stepwell does without.

    Raises:
        TableError: it is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise TableError(f"{needed_by}: {name} is not installed: pip install {name}") from None

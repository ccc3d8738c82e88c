"""Mistakes in fact tables: columns that are not there, and partitions that a column can't have."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from modules.iceberg import can_partition, parse_partition
from stacks.mistakes import Mistake, Place
from stacks.schema import FactTable


def fact_mistakes(place: Place, table: FactTable) -> Iterator[Mistake]:
    """Mistakes of the fact table at `place`."""
    for index, column in enumerate(table.required):
        if column not in table.columns:
            yield (*place, "required", index), f"received {column!r}; {_columns(table, column)}"
    for index, text in enumerate(table.partition):
        transform, column = parse_partition(text) or ("", "")
        if column not in table.columns:
            yield (*place, "partition", index), f"received {text!r}; {_columns(table, column)}"
        elif not can_partition(table.columns[column], transform):
            yield (
                (*place, "partition", index),
                f"received {text!r}, but {column} is a {table.columns[column]}, of which Iceberg has no "
                f"{transform}; partition by the column itself, or by bucket(16, {column})",
            )


def _columns(table: FactTable, wrong: str) -> str:
    near = get_close_matches(wrong, list(table.columns), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"allowed are the table's columns: {', '.join(table.columns)}{hint}"

"""Fact tables, as settings declare them."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated

from pydantic import AfterValidator, Field

from modules.iceberg import GLUE_TYPES, parse_partition, parse_type
from stacks.schema.values import Model, matching

# Glue wants lower case, and Athena no other sign.
ColumnName = Annotated[
    str,
    matching(r"[a-z_][a-z0-9_]{0,99}", "lower-case letters, digits and underscores, such as 'dep_delay'"),
]


def _type(value: str) -> str:
    if parse_type(value) is None:
        near = get_close_matches(value.lower(), list(GLUE_TYPES), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"must be a type of Iceberg: {', '.join(GLUE_TYPES)}, decimal(P, S) or fixed[N]{hint}"
        )
    return value


def _partition(value: str) -> str:
    if parse_partition(value) is None:
        raise ValueError(
            "must be a column, or year, month, day or hour of one, such as 'day(departure)', or "
            "'bucket(16, id)' or 'truncate(4, name)'"
        )
    return value


class FactTable(Model):
    """A table that is there, without rows, before a flow writes it."""

    columns: dict[ColumnName, Annotated[str, AfterValidator(_type)]] = Field(min_length=1)
    required: Sequence[str] = ()
    partition: Sequence[Annotated[str, AfterValidator(_partition)]] = ()
    comment: str = Field(default="", max_length=2048)

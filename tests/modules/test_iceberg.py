"""First metadata files of declared tables."""

from __future__ import annotations

import json

import pytest
from pyiceberg.table.metadata import TableMetadataUtil

from modules.iceberg import (
    GLUE_TYPES,
    Shape,
    can_partition,
    glue_columns,
    metadata,
    parse_partition,
    parse_type,
)

WHERE = "s3://bucket/warehouse/facts/t"


def test_iceberg_reads_what_is_written() -> None:
    """Every type and every transform that settings may name is in a file that Iceberg's own code accepts."""
    types = [*GLUE_TYPES, "decimal(38, 10)", "fixed[16]"]
    columns = {f"c{number}": kind for number, kind in enumerate(types)}
    day = f"c{types.index('timestamp')}"
    text = f"c{types.index('string')}"
    partition = [f"year({day})", f"month({day})", f"day({day})", f"hour({day})", text,
                 f"bucket(16, {text})", f"truncate(4, {text})"]  # fmt: skip
    name, content = metadata(Shape(columns, ["c0"], partition), WHERE, "growth-dev.facts.t")
    read = TableMetadataUtil.parse_raw(content)
    assert name == f"00000-{read.table_uuid}.metadata.json"
    assert read.location == WHERE
    assert [(field.name, str(field.field_type)) for field in read.schema().fields] == list(columns.items())
    assert [field.required for field in read.schema().fields] == [True] + [False] * (len(types) - 1)
    assert [str(field.transform) for field in read.spec().fields] == [
        "year", "month", "day", "hour", "identity", "bucket[16]", "truncate[4]",
    ]  # fmt: skip
    assert len({field.name for field in read.spec().fields}) == len(partition)


def test_the_same_declaration_gives_the_same_file() -> None:
    """Neither clock nor chance is in it, so a second plan is empty; another table has another id."""
    shape = Shape({"a": "int"})
    assert metadata(shape, WHERE, "one") == metadata(shape, WHERE, "one")
    assert metadata(shape, WHERE, "one")[0] != metadata(shape, WHERE, "two")[0]


def test_an_unpartitioned_table() -> None:
    """Without a partition the spec has no field."""
    _, content = metadata(Shape({"a": "int"}), WHERE, "one")
    assert json.loads(content)["partition-specs"] == [{"fields": [], "spec-id": 0}]


def test_glue_sees_the_columns_too() -> None:
    """The catalog lists columns with Glue's names of their types."""
    shape = Shape({"id": "long", "at": "timestamptz", "price": "decimal(10, 2)", "hash": "fixed[4]"})
    assert glue_columns(shape) == [
        ("id", "bigint"), ("at", "timestamp"), ("price", "decimal(10,2)"), ("hash", "binary"),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["bigint", "decimal", "decimal(39, 1)", "decimal(5, 9)", "list<int>", ""])
def test_other_types_are_none(text: str) -> None:
    """Only Iceberg's primitive types, and decimals that can be."""
    assert parse_type(text) is None


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("carrier", ("identity", "carrier")),
        ("day(at)", ("day", "at")),
        ("bucket(16, id)", ("bucket[16]", "id")),
        ("bucket(16,id)", ("bucket[16]", "id")),
        ("truncate(4, name)", ("truncate[4]", "name")),
        ("week(at)", None),
        ("day(16, at)", None),
        ("bucket(id)", None),
        ("bucket(0, id)", None),
        ("day(at", None),
        ("at)", None),
        ("16, id", None),
        ("day at", None),
    ],
)
def test_partitions_are_columns_or_transforms(text: str, parsed: tuple[str, str] | None) -> None:
    """They are written as in SQL; what is none is told from what is."""
    assert parse_partition(text) == parsed


def test_not_every_type_has_every_transform() -> None:
    """Days are of dates and moments; buckets of almost everything."""
    assert can_partition("timestamp", "day")
    assert not can_partition("string", "day")
    assert can_partition("string", "bucket[8]")
    assert not can_partition("double", "bucket[8]")

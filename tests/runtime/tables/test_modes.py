"""How rows are written: over others, into partitions, with other columns than before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import stepwell
from stepwell.errors import TableError

DAYS = pa.table({"day": [1, 1, 2], "n": [1, 2, 3]})


@pytest.fixture(autouse=True)
def _local(local: Path) -> None: ...


def read(name: str = "facts.days") -> list[dict[str, Any]]:
    return sorted(stepwell.table(name).to_arrow().to_pylist(), key=repr)


def test_upsert() -> None:
    """Rows with the keys of others replace these, the others are added; doing it twice changes nothing."""
    stepwell.write_table("facts.days", DAYS)
    news = pa.table({"day": [2, 1], "n": [3, 9]})
    for _ in range(2):
        stepwell.write_table("facts.days", news, mode="upsert", keys=["day", "n"])
        assert read() == [{"day": 1, "n": n} for n in (1, 2, 9)] + [{"day": 2, "n": 3}]
    stepwell.write_table("facts.days", pa.table({"day": [7], "n": [9]}), mode="upsert", keys=["n"])
    assert {"day": 7, "n": 9} in read() and {"day": 1, "n": 9} not in read()


def test_replace_partition() -> None:
    """The partitions that the rows are in hold these rows alone; the others are as they were."""
    stepwell.write_table("facts.days", DAYS, partition_by=["day"])
    table = stepwell.write_table("facts.days", pa.table({"day": [1], "n": [5]}), mode="replace_partition")
    assert read() == [{"day": 1, "n": 5}, {"day": 2, "n": 3}]
    assert len(list(table._iceberg.scan("day = 2").plan_files())) == 1


def test_columns_are_added_and_widened_where_the_write_says_so() -> None:
    """`evolve` adds columns and widens types; what was written before has nulls and the same values."""
    stepwell.write_table("facts.days", pa.table({"day": pa.array([1], pa.int32())}))
    old = stepwell.table("facts.days")
    more = pa.table({"day": pa.array([2**40]), "word": ["new"]})
    table = stepwell.write_table("facts.days", more, evolve=True)
    assert table.schema == pa.schema([("day", pa.int64()), ("word", pa.string())])
    assert read() == [{"day": 1, "word": None}, {"day": 2**40, "word": "new"}]
    assert old.to_arrow().schema == stepwell.table("facts.days", snapshot=old.snapshot_id).schema


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ({"day": [1], "m": [1]}, {}, "received column 'm', which the table has not; .* evolve=True"),
        ({"day": ["x"]}, {"evolve": True}, "column 'day' was received as string, the table holds int64"),
        ({"day": [1], "m": pa.nulls(1)}, {"evolve": True}, "new column 'm' holds only nulls.*cast it"),
        ({"day": [1]}, {"mode": "upsert"}, r"mode='upsert' and keys=\[\]; mode='upsert' takes keys"),
        ({"day": [1]}, {"keys": ["day"]}, "mode='append' and keys=.*; mode='upsert' takes keys"),
        ({"day": [1]}, {"mode": "upsert", "keys": ["x"]}, r"received keys=\['x'\]; give a list of columns"),
        ({"day": [1, 1]}, {"mode": "upsert", "keys": ["day"]}, "1 rows have the same day as others"),
        (
            {"day": [1, None]},
            {"mode": "upsert", "keys": ["day"]},
            "'day' has 1 nulls, and a key has none",
        ),
        ({"day": [1]}, {"mode": "replace_partition"}, "the table has no partitions; make it with"),
        ({"day": [1]}, {"partition_by": ["day"]}, "the table is partitioned by nothing, which is decided"),
        ({"day": [1]}, {"partition_by": "day"}, "received partition_by='day'; give a list of columns"),
    ],
)
def test_refusals(data: dict[str, Any], options: dict[str, Any], message: str) -> None:
    """What does not fit the table or the mode is one line, and changes nothing."""
    before = stepwell.write_table("facts.days", DAYS)
    with pytest.raises(TableError, match=message) as raised:
        stepwell.write_table("facts.days", pa.table(data), **options)
    assert "\n" not in str(raised.value)
    assert stepwell.table("facts.days").snapshot_id == before.snapshot_id

"""What a query is expected to read."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

import stepwell
from stepwell.tables.name import TableName
from stepwell.tables.querying import duck, estimate, translation

HALF = 10_000


def test_columns_and_files_that_are_not_needed_do_not_count(local: Path) -> None:
    """Of a table whose files have ids below and above 10,000 a query counts the columns it uses, in files
    in which there can be rows for it; of what it names twice, both."""
    for start in (0, HALF):
        rows = pa.table({"id": range(start, start + HALF), "Text": ["x" * 90] * HALF, "s": [{"a": 1}] * HALF})
        table = stepwell.write_table("facts.wide", rows)
    name = TableName("facts", "wide")
    kinds = duck.types({name: table.schema.empty_table()})
    read = estimate.Read(table._iceberg, table._iceberg_schema, table.snapshot_id)

    def size(query: str) -> int:
        return estimate.scanned(translation.resolved(query, kinds), {name: read})

    (first, _), (ids, texts, inner) = (
        [task.file.column_sizes[1] for task in table._iceberg.scan().plan_files()],
        [sum(t.file.column_sizes[one] for t in table._iceberg.scan().plan_files()) for one in (1, 2, 4)],
    )
    assert size("select * from facts.wide") == ids + texts + inner
    assert size("select count(*) from facts.wide") == 0
    assert size("select text, s.a from facts.wide") == texts + inner
    half = pytest.approx(first, rel=0.1)
    assert size("with x as (select * from facts.wide) select max(id) from x where id < 5") == half
    assert size("select id from facts.wide where 3 >= id and id in (1, 2) and id between -1 and 9") == half
    assert size("select id from facts.wide where text = 'y'") == 0
    assert size("select id from facts.wide where id = 1 or text = 'x'") == ids + texts
    twice = "select a.id from facts.wide a join facts.wide b on a.id = b.id and b.id > 10000"
    assert size(twice) == pytest.approx(ids + first, rel=0.1)

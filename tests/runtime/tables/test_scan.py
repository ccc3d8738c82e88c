"""How rows are chosen, in which forms they come, and how they are divided among tasks."""

from __future__ import annotations

import json
import pickle
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyiceberg.expressions import AlwaysTrue

import stepwell
from stepwell.artifacts.codec import decode, encode
from stepwell.errors import TableError
from stepwell.store.opening import open_store
from stepwell.tables import files
from stepwell.tables.name import TableName
from stepwell.tables.opening import open_catalog
from stepwell.tables.reading import Table
from tests.runtime.tables.conftest import Task

NUMBERS = pa.table({"n": range(1000), "word": [f"w{n % 7}" for n in range(1000)], "half": [None, 0.5] * 500})


@pytest.fixture
def numbers(local: Path) -> Table:
    """A table of two files, the first with ten row groups of 50 rows."""
    iceberg = open_catalog().load_or_create(TableName("facts", "numbers"), NUMBERS.schema)
    iceberg.transaction().set_properties({"write.parquet.row-group-limit": "50"}).commit_transaction()
    stepwell.write_table("facts.numbers", NUMBERS.slice(0, 500))
    return stepwell.write_table("facts.numbers", NUMBERS.slice(500))


def test_every_form_has_the_same_rows(numbers: Table) -> None:
    """Arrow, batches, NumPy, pandas, polars and DuckDB all give the rows and columns that were chosen."""
    chosen = numbers.scan(["word", "n"], "n >= 480 and n < 500")
    rows = chosen.to_arrow()
    assert rows == NUMBERS.select(["word", "n"]).slice(480, 20)
    assert pa.Table.from_batches(chosen.to_batches()) == rows
    assert chosen.to_numpy()["n"].tolist() == list(range(480, 500))
    assert chosen.to_pandas()["n"].tolist() == list(range(480, 500))
    assert chosen.to_polars()["n"].to_list() == list(range(480, 500))
    assert chosen.to_duckdb().order("n").fetchall() == [tuple(row.values()) for row in rows.to_pylist()]


def test_scans_narrow(numbers: Table) -> None:
    """A scan of a scan has the rows of both filters, the columns of the last, and the lower limit."""
    scan = numbers.scan(["n", "word"], "n > 10 and n < 400", limit=5).scan(["n"], "word = 'w0'", limit=50)
    assert scan.to_arrow().to_pydict() == {"n": [14, 21, 28, 35, 42]}
    assert sum(batch.num_rows for batch in scan.to_batches()) == 5
    with pytest.raises(TableError, match="received column 'half', which the table has not"):
        scan.scan(["half"])


def test_duckdb_pushes_down(numbers: Table) -> None:
    """DuckDB hands its columns and filter to the files instead of reading them whole."""
    relation = numbers.to_duckdb().filter("n > 995").project("word")
    assert relation.count("*").fetchall() == [(4,)]
    plan = relation.explain()
    assert "Projections: word" in " ".join(plan.split()).replace("│ ", "") or "word" in plan
    assert "n > 995" in plan.replace('"', "").replace("n>995", "n > 995")


def test_a_filter_reads_few_bytes(local: Path) -> None:
    """A filter that keeps 1 % of the rows of a sorted table reads less than 5 % of its bytes."""
    rows = 1_000_000
    random = np.random.default_rng(0).integers(1 << 62, size=rows)
    table = stepwell.write_table("facts.sorted", pa.table({"n": np.arange(rows), "random": random}))
    size = sum(one.stat().st_size for one in (local / "warehouse/facts/sorted/data").iterdir())
    list(table.scan(where="n < 10").to_batches())
    before = _read_bytes()
    assert table.to_arrow(where="n >= 505000 and n < 515000").num_rows == rows / 100
    assert _read_bytes() - before < 0.05 * size


def _read_bytes() -> int:
    return int(Path("/proc/self/io").read_text().split()[1])


@pytest.mark.parametrize("count", [1, 3, 7, 40])
def test_shards(numbers: Table, count: int) -> None:
    """Shards are as many as asked for, disjoint, complete, and differ by two row groups at most."""
    shards = numbers.read_partitioned(count)
    assert len(shards) == count
    found = [n for shard in shards for n in shard.to_arrow(["n"])["n"].to_pylist()]
    assert sorted(found) == list(range(1000))
    sizes = [shard.bytes for shard in shards]
    largest = max(
        piece.bytes
        for piece in files.row_groups(files.planned(numbers._iceberg, numbers.snapshot_id, _all()))
    )
    assert max(sizes) - min(sizes) <= 2 * largest


def _all() -> object:

    return AlwaysTrue()


def test_shards_keep_the_choice_and_the_snapshot(numbers: Table) -> None:
    """A shard has the columns and the filter that it was made with, and no rows written afterwards."""
    shards = numbers.read_partitioned(4, columns=["n"], where="n > 900")
    stepwell.write_table("facts.numbers", NUMBERS)
    assert [n for one in shards for n in one.to_arrow()["n"].to_pylist()] == list(range(901, 1000))
    assert [list(one.to_arrow(where="n < 903").column_names) for one in shards] == [["n"]] * 4


def test_shards_travel(numbers: Table) -> None:
    """A shard is pickled, and as an artifact it is readable JSON."""
    shard = numbers.read_partitioned(4)[1]
    assert pickle.loads(pickle.dumps(shard)) == shard
    store = open_store("memory://")
    row = encode("shard", shard, where="step start", store=store, namespace="user/ada")
    assert row.encoding == "json" and "facts.numbers" in json.dumps(row.json)
    assert decode(row, store).to_arrow() == shard.to_arrow()


def test_an_empty_table_has_shards(local: Path) -> None:
    """A table without rows has as many shards, without rows."""
    table = stepwell.write_table("facts.numbers", NUMBERS.slice(0, 0))
    assert [one.to_arrow().num_rows for one in table.read_partitioned(2)] == [0, 0]
    for n in (0, True, "2"):
        with pytest.raises(TableError, match=f"received n={n!r}; a number of shards is a whole number"):
            table.read_partitioned(n)  # type: ignore[arg-type]


def test_renamed_columns_and_deletes_are_read_by_pyiceberg(numbers: Table) -> None:
    """A column that another tool renamed is read under its new name, from files that know the old one."""
    with numbers._iceberg.update_schema() as change:
        change.rename_column("word", "term")
    table = stepwell.table("facts.numbers")
    assert not files.is_plain(table._iceberg, [])
    # the snapshot still has its own schema; a new one is read with the new names
    stepwell.write_table("facts.numbers", NUMBERS.slice(0, 1).rename_columns(["n", "term", "half"]))
    table = stepwell.table("facts.numbers")
    assert table.to_arrow(["term"], "n = 500")["term"].to_pylist() == ["w3"]
    assert sum(len(one.to_arrow(["term"])) for one in table.read_partitioned(3)) == 1001
    assert table.to_duckdb(["term"]).count("*").fetchall() == [(1001,)]


def test_another_snapshot(numbers: Table) -> None:
    """A table is read at a snapshot, and as it was at a time; what is not there is told."""
    first, second = (entry.snapshot_id for entry in numbers._iceberg.history())
    assert stepwell.table("facts.numbers", snapshot=first).rows == 500
    between = datetime.fromtimestamp(numbers._iceberg.history()[0].timestamp_ms / 1000, UTC)
    assert stepwell.table("facts.numbers", as_of=between).snapshot_id == first
    assert stepwell.table("facts.numbers", as_of="2999-01-01").snapshot_id == second
    for given, message in {
        (
            "snapshot",
            7,
        ): "received snapshot=7, which the table has not, or which has expired; ",
        ("as_of", "yesterday"): "received as_of='yesterday'; it is a datetime or ISO 8601 text",
        ("as_of", "2001-01-01"): "received as_of='2001-01-01'; what is kept of the table's history begins 20",
        ("branch", "mian"): "received branch='mian', which the table has not; did you mean 'main'",
    }.items():
        with pytest.raises(TableError, match=message):
            stepwell.table("facts.numbers", **dict([given]))
    with pytest.raises(TableError, match=r"received snapshot=7, branch='main'; .*give one of them"):
        stepwell.table("facts.numbers", snapshot=7, branch="main")


def test_a_library_that_is_not_there(numbers: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form whose library is missing says how to get it."""
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(TableError, match="to_polars: polars is not installed: pip install polars"):
        numbers.to_polars()


def test_a_run_reads_tables_as_of_its_start(numbers: Table, task: Task) -> None:
    """A run reads a table as it was when the run started, whenever a task first opens it."""
    with task(run="r9", claimed=True):
        pass
    time.sleep(0.01)
    stepwell.write_table("facts.numbers", NUMBERS)
    with task(run="r9", step="late"):
        assert stepwell.table("facts.numbers").rows == 1000
    with task(run="r10", claimed=True, origin="r9"):
        assert stepwell.table("facts.numbers").rows == 1000
    with task(run="r11", claimed=True):
        assert stepwell.table("facts.numbers").rows == 2000

"""What maintenance does to a table, and what it leaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

import stepwell
from stepwell.cli.main import group
from stepwell.tables.maintenance import maintain
from stepwell.tables.name import TableName
from stepwell.tables.opening import open_catalog
from tests.runtime.tables.conftest import Task

NAME = TableName("facts", "numbers")
LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def written(local: Path) -> list[int]:
    """A table of five commits; the ids of its snapshots."""
    ids = []
    for n in (4, 2, 5, 1, 3):
        ids.append(stepwell.write_table("facts.numbers", pa.table({"n": [n]})).snapshot_id or 0)
    return ids


def parquet(home: Path) -> int:
    return len(list((home / "warehouse/facts/numbers/data").glob("*.parquet")))


def test_few_files_and_no_old_snapshots(written: list[int], local: Path) -> None:
    """Small files become one, sorted if that is wanted; snapshots and files that nobody needs are gone."""
    dry = maintain(open_catalog(), NAME, LATER, [], sort_by=["n"], dry_run=True)
    assert (dry.compacted, len(dry.expired), parquet(local)) == (5, 4, 5)
    done = maintain(open_catalog(), NAME, LATER, [], sort_by=["n"])
    assert (done.compacted, done.expired, parquet(local)) == (5, written, 1)
    table = stepwell.table("facts.numbers")
    assert table.to_arrow()["n"].to_pylist() == [1, 2, 3, 4, 5]
    again = maintain(open_catalog(), NAME, LATER, [])
    assert (again.compacted, again.expired) == (0, [])


def test_what_runs_are_pinned_to_stays(written: list[int], local: Path) -> None:
    """A pinned snapshot is read as before; what is younger than the limit stays as well."""
    done = maintain(open_catalog(), NAME, LATER, [written[1]])
    assert written[1] not in done.expired and written[0] in done.expired
    pinned = stepwell.table("facts.numbers", snapshot=written[1])
    assert sorted(pinned.to_arrow()["n"].to_pylist()) == [2, 4]
    stepwell.write_table("facts.numbers", pa.table({"n": [6]}), mode="overwrite")
    assert maintain(open_catalog(), NAME, datetime.now(UTC) - timedelta(days=1), []).expired == []


def test_a_runs_branch_can_be_published_afterwards(written: list[int], local: Path, task: Task) -> None:
    """Maintenance leaves what a run that goes on has written, down to where its branch began."""
    from stepwell.tables import branches

    with task():
        for n in (7, 8):
            stepwell.write_table("facts.numbers", pa.table({"n": [n]}))
    young = datetime.now(UTC) - timedelta(days=1)
    catalog = open_catalog()
    iceberg = catalog.load(NAME)
    expired = maintain(catalog, NAME, LATER, [], dry_run=True).expired
    assert set(expired) >= set(written[:4])
    assert maintain(catalog, NAME, young, []).branches == []
    assert iceberg.refs().keys() == {"main", "Load/r1"}
    branches.publish("Load/r1", "facts.numbers")
    assert stepwell.table("facts.numbers").rows == 7


def test_the_catalogs_commands(written: list[int], local: Path) -> None:
    """`tables`, `describe`, `history`, `diff` and `maintain` say what there is, as text and as JSON."""
    run = CliRunner()

    def said(*arguments: str) -> str:
        done = run.invoke(group, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    assert "facts.numbers  5 " in said("tables")
    described = said("describe", "facts.numbers", "--owner", "dana", "--description", "some numbers")
    assert "owner        dana" in described and "n       int64" in described
    assert "dana   some numbers" in said("tables")
    assert said("history", "facts.numbers").count("append") == 5
    assert '"mode": "append"' in said("history", "facts.numbers", "--json", "--limit", "1")
    assert said("diff", "facts.numbers", str(written[0]), str(written[2])).startswith("+ 2 rows\n")
    assert "- 2 rows" in said("diff", "facts.numbers", str(written[2]), str(written[0]))
    assert "5 files would be written again" in said("maintain", "facts.numbers", "--dry-run")

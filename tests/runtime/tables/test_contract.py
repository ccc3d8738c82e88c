"""What every catalog promises: SQLite on a laptop, Glue and S3 in an environment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pyarrow as pa
import pytest

import stepwell
from stepwell.errors import TableError
from stepwell.tables import reading, writing
from stepwell.tables.name import TableName
from stepwell.tables.opening import open_catalog
from tests.runtime.tables.conftest import Task

pytestmark = pytest.mark.usefixtures("catalog")

UA = pa.table({"carrier": ["UA", "UA"], "delay": [5, None]})
AA = pa.table({"carrier": ["AA"], "delay": [7]})
BOTH = pa.concat_tables([UA, AA])


RUN = "Load/r1"
"""The branch of a run that `task` enters."""


def rows(name: str = "facts.flights", branch: str | None = None, **options: Any) -> list[tuple[Any, ...]]:
    """A table's rows in some order that does not depend on its files."""
    table = stepwell.table(name, branch=branch).to_arrow(**options)
    return sorted((tuple(row.values()) for row in table.to_pylist()), key=repr)


def in_between(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let `act` happen once, after a writer has loaded the table and before it commits."""
    fit, left = writing.fit, [act]

    def outrun(*arguments: Any) -> pa.Table:
        fitted = fit(*arguments)
        if left:
            left.pop()()
        return fitted

    monkeypatch.setattr(writing, "fit", outrun)


def test_what_is_written_is_read() -> None:
    """A table that was not there is made with the columns of the first rows written to it."""
    made = stepwell.write_table("facts.flights", UA)
    assert made.to_arrow() == UA
    assert stepwell.table("facts.flights").to_arrow() == UA


def test_append_and_overwrite() -> None:
    """`append`, the default, adds rows; `overwrite` replaces all of them."""
    stepwell.write_table("facts.flights", UA)
    assert stepwell.write_table("facts.flights", AA).rows == 3
    assert stepwell.write_table("facts.flights", AA, mode="overwrite").rows == 1
    assert rows() == [("AA", 7)]


@pytest.mark.filterwarnings("ignore:Delete operation did not match")
def test_overwrite_of_an_empty_table() -> None:
    """Rows are overwritten by no rows, and no rows by rows."""
    stepwell.write_table("facts.flights", UA)
    assert stepwell.write_table("facts.flights", UA.slice(2), mode="overwrite").rows == 0
    assert stepwell.write_table("facts.flights", UA, mode="overwrite").to_arrow() == UA


def test_columns_filter_and_limit() -> None:
    """Columns come in the order asked for, with the rows the filter lets through, at most so many."""
    table = stepwell.write_table("facts.flights", BOTH)
    assert table.to_arrow(columns=["delay", "carrier"], where="delay > 5").to_pylist() == [
        {"delay": 7, "carrier": "AA"}
    ]
    assert table.to_arrow(columns=["delay"], where="carrier = 'UA'")["delay"].to_pylist() == [5, None]
    assert table.to_arrow(limit=2).num_rows == 2
    assert table.to_arrow(limit=0).num_rows == 0


def test_schema_is_that_of_the_rows() -> None:
    """`schema` tells the types of `to_arrow`, also where no row is left and where the data was wider."""
    data = UA.set_column(0, "carrier", UA["carrier"].cast(pa.large_string()))
    table = stepwell.write_table("facts.flights", data)
    expected = pa.schema([("carrier", pa.string()), ("delay", pa.int64())])
    assert table.schema == expected
    assert table.to_arrow().schema == expected
    assert table.to_arrow(where="delay > 1000").schema == expected


def test_data_frames_out() -> None:
    """Rows are read as pandas and polars data frames too."""
    table = stepwell.write_table("facts.flights", BOTH)
    assert table.to_pandas(where="delay > 5")["carrier"].tolist() == ["AA"]
    assert table.to_polars(columns=["carrier"])["carrier"].to_list() == ["UA", "UA", "AA"]


def test_repr() -> None:
    """A table shows its name, how many columns it has, and its snapshot."""
    table = stepwell.write_table("facts.flights", UA)
    assert repr(table) == f"<table facts.flights, 2 columns, snapshot {table.snapshot_id}>"


def test_outside_a_task_a_table_is_as_it_was_when_opened() -> None:
    """A table that is open stays at its snapshot while others write."""
    table = stepwell.write_table("facts.flights", UA)
    stepwell.write_table("facts.flights", AA)
    assert table.to_arrow() == UA
    assert table.rows == 2


def test_a_run_reads_one_snapshot(task: Task) -> None:
    """Every task of a run reads what its first reader saw; another run reads what is there now."""
    first = stepwell.write_table("facts.flights", UA)
    with task(step="start") as start:
        assert stepwell.table("facts.flights").to_arrow() == UA
    stepwell.write_table("facts.flights", AA)
    with task(step="fit", path="0-3") as fit:
        assert stepwell.table("facts.flights").to_arrow() == UA
    with task(run="r2"):
        assert stepwell.table("facts.flights").rows == 3
    assert start.table_reads == fit.table_reads
    assert start.table_reads["facts.flights"]["snapshot_id"] == first.snapshot_id


def test_a_run_keeps_reading_nothing(task: Task) -> None:
    """A run that found a table without a snapshot finds no rows in it to its end."""
    open_catalog().load_or_create(TableName("facts", "flights"), UA.schema)
    with task() as start:
        table = stepwell.table("facts.flights")
        assert (table.snapshot_id, table.rows) == (None, 0)
        assert repr(table) == "<table facts.flights, 2 columns, without a snapshot>"
    stepwell.write_table("facts.flights", UA)
    with task(step="end"):
        assert stepwell.table("facts.flights").to_arrow(["delay"]) == UA.select(["delay"]).slice(2)
    assert start.table_reads["facts.flights"]["snapshot_id"] is None


def test_a_run_reads_what_it_wrote(task: Task) -> None:
    """A run sees its own writes, and those of others only as far as they came before."""
    stepwell.write_table("facts.flights", UA)
    with task(step="start"):
        stepwell.table("facts.flights")
    with task(step="write") as write:
        made = stepwell.write_table("facts.flights", AA)
        assert rows() == [("AA", 7), ("UA", 5), ("UA", None)]
    stepwell.write_table("facts.flights", UA, mode="overwrite")
    with task(step="end"):
        assert stepwell.table("facts.flights").snapshot_id == made.snapshot_id
    assert write.table_writes == [
        {
            "table": "facts.flights",
            "mode": "append",
            "snapshot_id": made.snapshot_id,
            "sequence_number": 2,
        }
    ]


def test_a_failed_attempt_is_not_read(task: Task) -> None:
    """What an attempt wrote before it failed is not what the next attempt reads: both read the same rows."""
    stepwell.write_table("facts.flights", UA)
    for attempt in (0, 1):
        failing = pytest.raises(RuntimeError) if attempt == 0 else nullcontext()
        with failing, task(step="write", attempt=attempt):
            assert rows() == [("UA", 5), ("UA", None)]
            stepwell.write_table("facts.flights", AA)
            if attempt == 0:
                raise RuntimeError
    with task(step="end"):
        assert rows() == [("AA", 7), ("UA", 5), ("UA", None)]


def test_a_pin_may_be_younger_than_what_was_loaded(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task finds the snapshot another task pinned after it had loaded the table itself."""
    stepwell.write_table("facts.flights", UA)
    pin_read = reading.pin_read

    def outrun(*arguments: Any) -> int | None:
        monkeypatch.setattr(reading, "pin_read", pin_read)
        stepwell.write_table("facts.flights", AA)
        return pin_read(*arguments)

    monkeypatch.setattr(reading, "pin_read", outrun)
    with task():
        assert stepwell.table("facts.flights").rows == 3


def test_an_expired_snapshot(task: Task) -> None:
    """A run whose snapshot has expired is told so, with the way out."""
    table = stepwell.write_table("facts.flights", UA)
    with task():
        stepwell.table("facts.flights")
    stepwell.write_table("facts.flights", AA)
    table._iceberg.refresh().maintenance.expire_snapshots().by_id(table.snapshot_id).commit()
    with task(step="end"), pytest.raises(TableError, match=r"has expired .* start a new run"):
        stepwell.table("facts.flights")


@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_a_write_is_done_once(task: Task, mode: Any) -> None:
    """A task that is tried again writes nothing twice, and gets the snapshot of its first attempt."""
    stepwell.write_table("facts.flights", UA)
    with task(attempt=0) as first:
        made = [stepwell.write_table("facts.flights", AA, mode=mode) for _ in range(2)]
    stepwell.write_table("facts.flights", UA)
    with task(attempt=1) as second:
        again = [stepwell.write_table("facts.flights", AA, mode=mode) for _ in range(2)]
    assert [table.snapshot_id for table in again] == [table.snapshot_id for table in made]
    assert first.table_writes == second.table_writes
    assert rows(branch=RUN).count(("AA", 7)) == (2 if mode == "append" else 1)


def test_other_tasks_and_tables_are_other_writes(task: Task) -> None:
    """The same rows from another task, or to another table, are another write."""
    for path in ("0-0", "0-1"):
        with task(path=path):
            stepwell.write_table("facts.flights", AA)
            stepwell.write_table("flights.flights", AA)
    assert rows("facts.flights", RUN) == rows("flights.flights", RUN) == [("AA", 7)] * 2


def test_two_attempts_at_once(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """An attempt believed lost that commits in the midst of the next one's write is the one that counts."""
    stepwell.write_table("facts.flights", UA)

    def lost_attempt() -> None:
        with task(attempt=0):
            stepwell.write_table("facts.flights", AA)

    in_between(monkeypatch, lost_attempt)
    with task(attempt=1):
        stepwell.write_table("facts.flights", AA)
    assert rows(branch=RUN).count(("AA", 7)) == 1


def test_an_append_that_is_outrun_keeps_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that another writer outran is made on top of it."""
    stepwell.write_table("facts.flights", UA)
    in_between(monkeypatch, lambda: stepwell.write_table("facts.flights", AA))
    stepwell.write_table("facts.flights", AA)
    assert rows().count(("AA", 7)) == 2


def test_an_overwrite_that_is_outrun_replaces_that_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """After an overwrite the table has its rows alone, whoever wrote while it was being made."""
    stepwell.write_table("facts.flights", UA)
    in_between(monkeypatch, lambda: stepwell.write_table("facts.flights", UA))
    stepwell.write_table("facts.flights", AA, mode="overwrite")
    assert rows() == [("AA", 7)]


def test_eight_threads_lose_nothing() -> None:
    """Of rows appended by eight threads at once, none is lost or doubled; the first makes the table."""
    failures = []

    def append(number: int) -> None:
        try:
            stepwell.write_table("facts.flights", pa.table({"number": [number]}))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=append, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert rows() == sorted([(number,) for number in range(8)], key=repr)


def test_snapshots_tell_who_made_them(task: Task) -> None:
    """A snapshot carries the namespace, flow, run, step, task, user and mode of the write."""
    with task(run="r7", step="fit", path="0-2"):
        table = stepwell.write_table("facts.flights", UA)
    summary = table._snapshot.summary
    assert {key: summary[key] for key in summary.additional_properties if key.startswith("stepwell.")} == {
        "stepwell.write-id": "user/ada/Load/r7/fit/0-2/0",
        "stepwell.namespace": "user/ada",
        "stepwell.flow": "Load",
        "stepwell.run": "r7",
        "stepwell.step": "fit",
        "stepwell.task": "0-2",
        "stepwell.user": "ada",
        "stepwell.mode": "append",
    }


def test_columns_may_widen_and_be_missing() -> None:
    """Narrower integers are widened, columns come in any order, and a missing one is filled with nulls."""
    stepwell.write_table("facts.flights", AA)
    more = pa.table({"delay": pa.array([1], pa.int8()), "carrier": ["B6"]})
    stepwell.write_table("facts.flights", more)
    stepwell.write_table("facts.flights", pa.table({"carrier": ["DL"]}))
    assert rows() == [("AA", 7), ("B6", 1), ("DL", None)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            {"carrier": ["UA"], "dely": [1]},
            "received column 'dely', which the table has not; its columns are",
        ),
        (
            {"carrier": ["UA"], "delay": ["late"]},
            "column 'delay' was received as string, the table holds int64",
        ),
        ({"carrier": ["UA"], "delay": [1.5]}, "column 'delay' was received as double, the table holds int64"),
    ],
)
def test_data_that_does_not_fit(data: dict[str, Any], message: str) -> None:
    """Data of other columns or types is refused in one line that names the column, and changes nothing."""
    stepwell.write_table("facts.flights", UA)
    with pytest.raises(TableError, match=message) as raised:
        stepwell.write_table("facts.flights", pa.table(data), mode="overwrite")
    assert "\n" not in str(raised.value)
    assert stepwell.table("facts.flights").to_arrow() == UA


def test_a_new_table_needs_types() -> None:
    """A column of nothing but nulls can't begin a table, but can be added to one."""
    nulls = pa.table({"carrier": ["UA"], "delay": pa.nulls(1)})
    with pytest.raises(TableError, match=r"column 'delay' of the new table holds only nulls.*cast it"):
        stepwell.write_table("facts.flights", nulls)
    stepwell.write_table("facts.flights", UA)
    assert stepwell.write_table("facts.flights", nulls).rows == 3


def test_unknown_table() -> None:
    """A table that is not there is refused with the likeliest name, and those there are."""
    stepwell.write_table("facts.flights", UA)
    stepwell.write_table("facts.planes", UA)
    with pytest.raises(TableError) as raised:
        stepwell.table("facts.flihgts")
    assert "did you mean 'facts.flights'? the tables of 'facts' are flights, planes" in str(
        raised.value
    ).replace("?;", "?")


def test_unknown_database() -> None:
    """A database without tables is told apart from a misspelled table."""
    with pytest.raises(TableError, match="the tables of 'fcats' are none"):
        stepwell.table("fcats.flights")


@pytest.mark.parametrize("name", ["flights", "a.b.c", "Facts.flights", "facts.", "facts.x-y", "", None, 3])
def test_bad_names(name: Any) -> None:
    """A name that is not DATABASE.TABLE is refused, in reading and in writing."""
    with pytest.raises(TableError, match=r"a table's name is DATABASE.TABLE"):
        stepwell.table(name)
    with pytest.raises(TableError, match=r"a table's name is DATABASE.TABLE"):
        stepwell.write_table(name, UA)


def test_bad_mode() -> None:
    """A mode that is none is refused with those there are."""
    with pytest.raises(TableError, match="received mode='replace'; allowed are 'append', 'overwrite'"):
        stepwell.write_table("facts.flights", UA, mode="replace")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"columns": ["dely"]},
            "received column 'dely', .*did you mean 'delay'.*its columns are carrier, delay",
        ),
        ({"columns": "delay"}, "received columns='delay'; give a list"),
        ({"columns": []}, r"received columns=\[\]; give a list"),
        ({"where": "dely > 1"}, "Could not find field with name dely; .*the columns are carrier, delay"),
        ({"where": "delay > 'x'"}, "Could not convert x into a long; "),
        ({"where": "delay >"}, "it can't be read from character 1 on"),
        ({"limit": -1}, "received limit=-1; a limit is a whole number"),
        ({"limit": True}, "received limit=True; a limit is a whole number"),
    ],
)
def test_bad_reads(options: dict[str, Any], message: str) -> None:
    """A wrong column, filter or limit is one line that says what was received and what is allowed."""
    table = stepwell.write_table("facts.flights", UA)
    with pytest.raises(TableError, match=message) as raised:
        table.to_arrow(**options)
    assert "\n" not in str(raised.value)

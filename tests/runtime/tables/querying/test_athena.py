"""SQL over the tables of an environment, by DuckDB and by Athena."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import boto3
import numpy as np
import pyarrow as pa
import pytest

import stepwell
from stepwell.errors import TableError
from tests.runtime.tables.conftest import Task

ROWS = pa.table(
    {
        "id": range(6),
        "carrier": ["UA", "AA", None, "UA", 'D"L', ""],
        "delay": [5.5, None, -7.25, 0.0, 1e300, 2.0],
        "price": pa.array([Decimal("1.10"), Decimal("2.25"), None, *[Decimal("3.33")] * 3]),
        "day": [date(2013, 1, one + 1) for one in range(6)],
        "moment": pa.array([datetime(2013, 1, 1, 5, 0, 0, one) for one in range(6)], pa.timestamp("us")),
        "utc": pa.array([datetime(2013, 7, 1, 5, tzinfo=UTC)] * 5 + [None], pa.timestamp("us", "UTC")),
        "tags": [["a", "b"], [], None, ["c"], [None], ["d"]],
        "inner": [{"x": one, "name": str(one)} for one in range(6)],
    }
)


@pytest.fixture(autouse=True)
def _tables(athena: str) -> None:
    stepwell.write_table("facts.flights", ROWS)
    stepwell.write_table("facts.carriers", pa.table({"carrier": ["UA"], "name": ["United"]}))


QUERIES = [
    "select * from facts.flights order by id desc",
    "select carrier, count(*), sum(id), avg(delay) a, avg(price), min(moment) from facts.flights "
    "group by all order by all",
    "select moment, moment::date, utc from facts.flights where moment >= '2013-01-01 05:00:00.000003' "
    "order by price nulls first, id",
    "with late as (select * from facts.flights where delay > 1) select name, id / 2, id // 2, price / 3 "
    "from late join facts.carriers using (carrier) order by facts.carriers.name, id",
    "select id, id, null as nothing, 1.5, strftime(day, '%Y') from facts.flights order by id "
    "limit 2 offset 1",
    "select carrier, id from facts.flights qualify row_number() over (partition by carrier order by id) = 1 "
    "order by 1 desc, 2",
    "select carrier from facts.flights union select name from facts.carriers order by carrier",
    "select id from facts.flights where id > 100",
]


def test_both_give_the_same() -> None:
    """Whichever runs a query, the rows, their order, and their columns are the same."""
    for query in QUERIES:
        here, there = (stepwell.sql(query, engine=engine) for engine in ("duckdb", "athena"))
        assert there.equals(here), (query, there, here)
        assert there.schema.metadata[b"stepwell.engine"] == b"athena"


def test_what_is_large_is_read_by_athena(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The engine goes by what the query would read; which, why, and what was read is told."""
    query = "select count(*) n from facts.flights where id < 3"
    assert stepwell.sql(query).schema.metadata[b"stepwell.engine"] == b"duckdb"
    assert "sql: DuckDB here, over 0.0 MB of 1 tables in environment " in capsys.readouterr().err
    monkeypatch.setenv("STEPWELL_SQL_LIMIT_MB", "0")
    rows = stepwell.sql(query)
    assert rows["n"].to_pylist() == [3]
    told = rows.schema.metadata
    said = capsys.readouterr().err.splitlines()
    assert said[0].endswith("more than the 0 MB that are read here (STEPWELL_SQL_LIMIT_MB)")
    assert said[1].startswith("sql: Athena has read 0.0 MB in ")
    done = boto3.client("athena").get_query_execution(
        QueryExecutionId=told[b"stepwell.athena_query"].decode()
    )
    assert int(told[b"stepwell.bytes"]) == done["QueryExecution"]["Statistics"]["DataScannedInBytes"] > 0
    assert "FOR VERSION AS OF" in done["QueryExecution"]["Query"]


def test_a_run_queries_what_it_is_pinned_to(task: Task) -> None:
    """In a task Athena reads the run's snapshots, and what it makes is published with the run."""
    with task(claimed=True):
        stepwell.table("facts.carriers")
        stepwell.write_table("facts.flights", ROWS.slice(0, 1))
        with task("r2", claimed=True) as other:
            stepwell.write_table("facts.carriers", pa.table({"carrier": ["AA"], "name": ["American"]}))
            assert stepwell.sql("select name from facts.carriers", engine="athena").num_rows == 2
            assert list(other.table_writes)
        assert stepwell.sql("select name from facts.carriers", engine="athena").num_rows == 1
        counted = "create table flights.counted as select count(*) n from facts.flights"
        assert stepwell.sql(counted, engine="athena")["rows"].to_pylist() == [1]
        assert stepwell.table("flights.counted").to_arrow()["n"].to_pylist() == [7]
    assert stepwell.table("flights.counted").rows == 0


MISTAKES = {
    "select nothing from facts.flights": '"nothing" .*; the tables are facts.flights',
    "select distinct id from facts.flights order by delay": "Athena can't run it: it is ordered by",
    "select columns('id|day') from facts.flights": "does not say which columns",
    "select id from facts.flights qualify row_number() over () = 1 limit 1": "put it in a subquery",
    "select {'t': moment} from facts.flights": "Athena answered: NOT_SUPPORTED: .*; engine='duckdb' runs it",
    "select interval 1 day": "sql: Athena .*; engine='duckdb' ",
}


def test_mistakes() -> None:
    """What is wrong, and what Athena can't do, is one line."""
    for query, message in MISTAKES.items():
        with pytest.raises(TableError, match=message) as raised:
            stepwell.sql(query, engine="athena")
        assert "\n" not in str(raised.value)


def test_what_reads_too_much_is_ended() -> None:
    """A query that reads more than the workgroup lets it is ended, and told what it may read."""
    random = np.random.default_rng(0).integers(1 << 62, size=1_400_000)
    stepwell.write_table("facts.large", pa.table({"n": random}))
    with pytest.raises(TableError, match=r"more than the 0.00931 GiB that workgroup '.*' lets a query read"):
        stepwell.sql("select max(n) from facts.large", engine="athena")


def test_a_workgroup_that_is_not_there(athena: str) -> None:
    """What Athena says to a query that it doesn't take is told."""
    boto3.client("athena").delete_work_group(WorkGroup=athena)
    with pytest.raises(TableError, match="Athena answered: WorkGroup is not found; engine='duckdb'"):
        stepwell.sql("select 1", engine="athena")

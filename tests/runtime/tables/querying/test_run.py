"""SQL over tables."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

import stepwell
from stepwell.cli.main import group
from stepwell.errors import TableError
from stepwell.tables.querying import run
from tests.runtime.tables.conftest import Task


@pytest.fixture(autouse=True)
def _tables(local: Path) -> None:
    stepwell.write_table("facts.flights", pa.table({"carrier": ["UA", "AA", "UA"], "delay": [5, 7, None]}))
    stepwell.write_table("facts.carriers", pa.table({"carrier": ["UA"], "name": ["United"]}))


def test_a_query(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows come as Arrow; the tables that are named are opened, no others; the engine is shown."""
    opened = []
    open_table = run.open_table
    monkeypatch.setattr(run, "open_table", lambda name: opened.append(name) or open_table(name))
    rows = stepwell.sql(
        "with late as (select * from facts.flights where delay > 1) select name, count(*) n from late "
        "join facts.carriers using (carrier) group by all"
    )
    assert rows.to_pylist() == [{"name": "United", "n": 1}]
    assert sorted(opened) == ["facts.carriers", "facts.flights"]
    assert "sql: DuckDB here, over 0.0 MB of 2 tables in " in capsys.readouterr().err
    assert stepwell.sql("select 1 as one", quiet=True).to_pylist() == [{"one": 1}]
    assert capsys.readouterr().err == ""


def test_create_table() -> None:
    """`create table as` writes a table, once, and `or replace` writes it again."""
    made = stepwell.sql("create table flights.late as select * from facts.flights where delay > 5")
    assert made.to_pylist()[0]["rows"] == stepwell.table("flights.late").rows == 1
    with pytest.raises(TableError, match=r"flights.late: there is such a table; say create or replace"):
        stepwell.sql("create table flights.late as select 1 as delay")
    stepwell.sql("create or replace table flights.late as select carrier, delay from facts.flights")
    assert stepwell.table("flights.late").rows == 3


def test_a_run_queries_what_it_is_pinned_to(task: Task) -> None:
    """In a task a query reads the run's snapshots, and they are recorded."""
    with task(claimed=True) as context:
        stepwell.table("facts.flights")
        stepwell.write_table("facts.carriers", pa.table({"carrier": ["AA"], "name": ["American"]}))
        assert stepwell.sql("select count(*) n from facts.carriers")["n"].to_pylist() == [2]
    with task(run="r2") as context:
        assert stepwell.sql("select count(*) n from facts.carriers")["n"].to_pylist() == [1]
    assert list(context.table_reads) == ["facts.carriers"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("select * from flights", "received the table 'flights'; .*: facts.flights"),
        ("selec 1", "sql: .*yntax error.*it takes one select"),
        ("drop table facts.flights", "it takes one select"),
        ("select nothing from facts.flights", '"nothing" .*; the tables are facts.flights'),
        ("select * from facts.flihgts", "facts.flihgts: there is no such table"),
        ("select * from read_csv('/etc/passwd')", "sql: .*disabled"),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    """A query that is none, or that names what is not there, is one line; files are not read."""
    with pytest.raises(TableError, match=message) as raised:
        stepwell.sql(text)
    assert "\n" not in str(raised.value)


def test_at_a_terminal() -> None:
    """`stepwell sql` prints rows in columns, or as CSV."""
    terminal = CliRunner()
    text = "select carrier, delay from facts.flights order by all"
    assert (
        terminal.invoke(group, ["sql", text]).stdout == "carrier  delay\nAA       7\nUA       5\nUA       -\n"
    )

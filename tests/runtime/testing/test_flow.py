"""Whole flows in a test's process."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import stepwell
from stepwell import FlowSpec, Parameter, current, retry, step
from stepwell.errors import FlowError, TableError
from stepwell.testing import isolated_home, run_flow


class Squares(FlowSpec):
    count = Parameter("count", default=3)

    @step
    def start(self) -> None:
        self.numbers = list(range(self.count))
        self.process = os.getpid()
        self.next(self.square, foreach="numbers")

    @retry(times=1)
    @step
    def square(self) -> None:
        if self.input == 1 and not current.retry_count:
            raise OSError("once")
        if self.input == 7:
            raise ZeroDivisionError("seven")
        self.result = self.input**2
        self.next(self.join)

    @step
    def join(self, inputs: Any) -> None:
        self.merge_artifacts(inputs, exclude=["result"])
        self.results = [one.result for one in inputs]
        self.next(self.end)

    @step
    def end(self) -> None:
        self.total = sum(self.results)


class Late(FlowSpec):
    @step
    def start(self) -> None:
        stepwell.write_table("facts.late", pa.table({"delay": [1, 2]}))
        self.next(self.end)

    @step
    def end(self) -> None:
        self.rows = stepwell.table("facts.late").to_arrow().num_rows


def test_a_run_is_read_as_any_other() -> None:
    """The run is a client's `Run`, of a flow that ran in this process, retries included."""
    run = run_flow(Squares, {"count": "4"})
    assert run.successful and run.finished
    assert run.data.total == 14
    assert run.data.process == os.getpid()
    assert [task.id for task in run["square"]] == ["0-0", "0-1", "0-2", "0-3"]
    assert run["square"]["0-1"].data.result == 1


def test_an_exception_is_itself_and_says_where() -> None:
    """What a step raises in its last attempt is raised here, with a note of the task."""
    with pytest.raises(ZeroDivisionError, match="seven") as caught:
        run_flow(Squares, {"count": 8})
    assert caught.value.__notes__ == ["in task square/0-7 of flow Squares"]


def test_limits_are_those_of_run() -> None:
    """A foreach above the limit is refused, as by `run`."""
    with pytest.raises(FlowError, match="has 3 items, above the limit of 2"):
        run_flow(Squares, max_splits=2)


def test_tables_are_gone_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flow's tables are in a catalog of this run alone; no file is left."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STEPWELL_HOME", raising=False)
    assert run_flow(Late).data.rows == 2
    assert run_flow(Late).data.rows == 2
    assert not list(tmp_path.iterdir())


def test_a_home_of_the_test_keeps_tables() -> None:
    """Within `isolated_home` a test writes the tables that a flow reads, and reads those it wrote."""
    with isolated_home() as home:
        stepwell.write_table("facts.late", pa.table({"delay": [5]}))
        assert run_flow(Late).data.rows == 3
        assert stepwell.table("facts.late").to_arrow().num_rows == 3
    assert not home.exists()
    with isolated_home(), pytest.raises(TableError, match="there is no such table"):
        stepwell.table("facts.late")


def test_small_flows_take_milliseconds() -> None:
    """A flow of six tasks takes less than 50 ms of processor time, once everything is imported."""
    run_flow(Squares)
    times = []
    for _ in range(5):
        start = time.process_time()
        run_flow(Squares)
        times.append(time.process_time() - start)
    assert min(times) < 0.05, times

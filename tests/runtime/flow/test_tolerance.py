"""A foreach that goes on without items that fail."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stepwell import Flow
from stepwell.flow.frontier import Frontier
from stepwell.flow.graph import Graph, Step, TaskId
from tests.support import FLOWS, run_flow, write_flow

NESTED = Graph(
    "Made",
    [
        Step("start", "foreach", ("outer",), foreach="xs", tolerate=0.5),
        Step("outer", "foreach", ("inner",), foreach="ys"),
        Step("inner", "linear", ("add",)),
        Step("add", "linear", ("join",), takes_inputs=True),
        Step("join", "linear", ("end",), takes_inputs=True),
        Step("end", "end"),
    ],
)


@pytest.mark.parametrize(
    ("share", "items", "tolerated"), [(0.01, 99, 0), (0.01, 100, 1), (0.29, 100, 29), (0.5, 3, 1), (0, 9, 0)]
)
def test_how_many_may_fail(share: float, items: int, tolerated: int) -> None:
    """So many items may fail as make up the share, and none more, whatever fractions do."""
    assert Step("start", "foreach", ("a",), foreach="xs", tolerate=share).tolerated(items) == tolerated


def test_an_item_is_lost_with_the_foreach_inside_of_it() -> None:
    """What fails in a foreach that tolerates nothing loses the item around that; nothing follows from it."""
    frontier = Frontier(NESTED)
    frontier.done(TaskId("start", "0"), 2)
    for path in ("0-0", "0-1"):
        frontier.done(TaskId("outer", path), 2)
    lost = frontier.failed(TaskId("inner", "0-0-1"))
    assert lost is not None and (lost.item, lost.lost, lost.most, lost.free) == (
        TaskId("start", "0-0"), 1, 1, [],
    )  # fmt: skip
    assert frontier.is_lost(TaskId("inner", "0-0-0")) and not frontier.is_lost(TaskId("inner", "0-1-0"))
    assert frontier.done(TaskId("inner", "0-0-0")) == []
    again = frontier.failed(TaskId("inner", "0-0-0"))
    assert again is not None and again.item is None
    assert frontier.done(TaskId("inner", "0-1-0")) == []
    assert frontier.done(TaskId("inner", "0-1-1")) == [TaskId("add", "0-1")]
    assert frontier.done(TaskId("add", "0-1")) == [TaskId("join", "0")]


def test_the_last_item_may_be_the_lost_one() -> None:
    """The join starts when the items that are left have come, also where the last to end is lost."""
    frontier = Frontier(NESTED)
    frontier.done(TaskId("start", "0"), 2)
    frontier.done(TaskId("outer", "0-0"), 1)
    frontier.done(TaskId("inner", "0-0-0"))
    assert frontier.done(TaskId("add", "0-0")) == []
    lost = frontier.failed(TaskId("outer", "0-1"))
    assert lost is not None and lost.free == [TaskId("join", "0")]


def test_one_too_many_fails_the_run() -> None:
    """Beyond the share the foreach itself has failed, and what is around it."""
    frontier = Frontier(NESTED)
    frontier.done(TaskId("start", "0"), 3)
    assert frontier.failed(TaskId("outer", "0-2")) is not None
    assert frontier.failed(TaskId("outer", "0-0")) is None


def test_a_run_goes_on_without_what_failed(tmp_path: Path) -> None:
    """A run in which few enough items fail succeeds, says which, and its join gets the others."""
    done = run_flow(FLOWS / "tolerant.py", tmp_path, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The foreach goes on without item 0-1: 1 of at most 1 lost." in done.stdout
    assert "1 that failed left out" in done.stdout
    run = Flow("Tolerant", datastore=str(tmp_path), namespace="user/tester").latest_successful_run
    assert run.data.sums == {0: 18.0, 2: 3.0, 3: 12 / 5 + 2 + 12 / 7}
    assert [(one.step, one.task) for one in run.failures] == [("divide", "0-1-0")]


def test_retries_come_before_tolerance(tmp_path: Path) -> None:
    """An item is lost only when its task is not tried again; more than are tolerated fail the run."""
    body = """
    bad = Parameter("bad", default=1)
    @step
    def start(self):
        self.xs = [0, 1, 2, 3]
        self.next(self.work, foreach="xs", tolerate=0.25)
    @retry(times=1, minutes_between_retries=0)
    @step
    def work(self):
        if self.input < self.bad or (self.input == 3 and current.retry_count == 0):
            raise ValueError(self.input)
        self.next(self.join)
    @step
    def join(self, inputs):
        self.found = [one.index for one in inputs]
        self.next(self.end)
    @step
    def end(self): pass
    """
    file = write_flow(tmp_path, body, "from stepwell import retry")
    assert run_flow(file, tmp_path / "home", "run").returncode == 0
    runs = Flow("Made", datastore=str(tmp_path / "home"), namespace="user/tester")
    assert runs.latest_run.data.found == [1, 2, 3]
    failed = run_flow(file, tmp_path / "home", "run", "--bad", "2")
    assert failed.returncode == 1 and "ValueError" in failed.stderr
    assert not runs.latest_run.successful


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        ("self.work, tolerate=0.1", "tolerate goes with foreach"),
        ("self.work, foreach='xs', tolerate=1", "tolerate is a number from 0 to less than 1"),
        ("self.work, foreach='xs', tolerate=self.share", "tolerate is a number from 0 to less than 1"),
    ],
)
def test_what_tolerate_may_be(tmp_path: Path, call: str, problem: str) -> None:
    """The share is written out, below 1, and of a foreach; else one line says so."""
    body = f"""
    @step
    def start(self):
        self.next({call})
    @step
    def work(self):
        self.next(self.end)
    @step
    def end(self): pass
    """
    done = run_flow(write_flow(tmp_path, body), tmp_path, "check")
    assert done.returncode != 0
    (line,) = done.stderr.strip().split(os.linesep)
    assert problem in line

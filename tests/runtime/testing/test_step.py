"""One step of a flow in a unit test."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from stepwell import FlowSpec, Parameter, catch, current, retry, step
from stepwell.errors import FlowError, ParameterError, UsageError
from stepwell.testing import run_step


class Shop(FlowSpec):
    """Every kind of step."""

    rate = Parameter("rate", default=0.5)
    currency = "EUR"

    @step
    def start(self) -> None:
        self.prices = [10, 20]
        self.next(self.rows, foreach="prices")

    @step
    def rows(self) -> None:
        self.columns = ["a", "b"]
        self.next(self.cell, foreach="columns")

    @step
    def cell(self) -> None:
        self.stack = self.foreach_stack()
        self.seen = (self.input, self.index, self.currency, self.rate)
        self.next(self.gather)

    @step
    def gather(self, inputs: Any) -> None:
        self.all = [one.seen for one in inputs]
        self.outer = self.input
        self.merge_artifacts(inputs, include=["same"])
        self.next(self.total)

    @step
    def total(self, inputs: Any) -> None:
        self.sum = sum(one.price for one in inputs)
        self.next(self.fork)

    @step
    def fork(self) -> None:
        self.next(self.left, self.right)

    @step
    def left(self) -> None:
        self.share = 1 / len("")
        self.next(self.end)

    @catch(var="problem", print_exception=False)
    @retry(times=2)
    @step
    def right(self) -> None:
        self.tries = current.retry_count
        self.share = 1 / len("")
        self.next(self.end)

    @step
    def end(self, inputs: Any) -> None:
        self.both = (inputs.left.x, inputs.right.x)


class Loop(FlowSpec):
    """A step that repeats itself, then a switch in a branch."""

    @step
    def start(self) -> None:
        self.n = 0
        self.next(self.count)

    @step
    def count(self) -> None:
        self.n += 1
        self.more = "yes" if self.n < 3 else "no"
        self.next({"yes": self.count, "no": self.fork}, condition="more")

    @step
    def fork(self) -> None:
        self.next(self.choose, self.other)

    @step
    def choose(self) -> None:
        self.next({"a": self.a, "b": self.b}, condition="kind")

    @step
    def a(self) -> None:
        self.next(self.end)

    @step
    def b(self) -> None:
        self.next(self.end)

    @step
    def other(self) -> None:
        self.next(self.end)

    @step
    def end(self, inputs: Any) -> None:
        self.sum = inputs[0].x + inputs.other.x


def test_switches_and_repetitions_are_steps_like_others() -> None:
    """A step that repeats itself runs once, and what follows a switch; a join's inputs say who led there."""
    assert run_step(Loop, "count", {"n": 2}).n == 3
    assert run_step(Loop, "fork", {"n": 5}).n == 5
    assert run_step(Loop, "choose", {"kind": "b"}).kind == "b"
    assert run_step(Loop, "b", {"x": 1}).x == 1
    assert run_step(Loop, "end", {"b": {"x": 1}, "other": {"x": 10}}).sum == 11
    with pytest.raises(UsageError, match="by the steps it joins: 'a' or 'b' and 'other'"):
        run_step(Loop, "end", {"other": {"x": 10}})


def test_a_step_gets_parameters_and_leaves_artifacts() -> None:
    """A first step is run with parameters, by name and as text or value; constants are artifacts."""
    data = run_step(Shop, "start", parameters={"rate": "0.25"})
    assert (data.prices, data.rate, data.currency) == ([10, 20], 0.25, "EUR")


def test_a_step_in_a_foreach_gets_its_item() -> None:
    """Item and index are the test's; the stack has the items of outer foreaches that inputs name."""
    data = run_step(Shop, "cell", {"prices": [7]}, item="b", index=1)
    assert data.seen == ("b", 1, "EUR", 0.5)
    assert data.stack == [(0, 1, 7), (1, 2, "b")]


def test_items_are_taken_from_inputs() -> None:
    """Without an item, the artifact that the foreach goes over gives it."""
    assert run_step(Shop, "cell", {"columns": ["x", "y", "z"]}, index=2).seen[:2] == ("z", 2)


def test_a_join_of_a_foreach_gets_a_list() -> None:
    """Inputs come in their order; merged artifacts are those on which they agree; parameters are there."""
    inputs = [{"seen": 1, "same": "s"}, {"seen": 2, "same": "s"}, {"seen": 3, "same": "s"}]
    data = run_step(Shop, "gather", inputs, item=10, parameters={"rate": 2})
    assert (data.all, data.outer, data.same, data.rate) == ([1, 2, 3], 10, "s", 2.0)
    assert run_step(Shop, "total", [{"price": 1}, {"price": 2}]).sum == 3


def test_a_join_of_branches_gets_a_dictionary() -> None:
    """Inputs of branches are named by step."""
    assert run_step(Shop, "end", {"right": {"x": 2}, "left": {"x": 1}}).both == (1, 2)


def test_an_exception_is_itself() -> None:
    """What a step raises reaches the test as it is, with the traceback to the line."""
    with pytest.raises(ZeroDivisionError, match="division by zero") as caught:
        run_step(Shop, "left")
    assert caught.traceback[-1].path == Path(__file__)
    assert not current.is_running_flow


def test_decorators_act() -> None:
    """A step is retried at once as its decorator says, and what is left is caught."""
    data = run_step(Shop, "right")
    assert (data.tries, data.problem.type) == (2, "ZeroDivisionError")


def test_what_a_step_does_wrong_is_refused() -> None:
    """What merge_artifacts refuses in a run, it refuses here."""
    with pytest.raises(FlowError, match=r"merge_artifacts is to include \['same'\], which no input has"):
        run_step(Shop, "gather", [{"seen": 1}])


@pytest.mark.parametrize(
    ("name", "inputs", "message"),
    [
        ("stat", None, "flow Shop has no step 'stat'; it has start, rows"),
        ("start", {"x": 1}, "step 'start' takes is nothing: the first step"),
        ("cell", [{"x": 1}], "step 'cell' takes is a dictionary of artifacts by name"),
        ("total", {"price": 1}, "step 'total' takes is a list of dictionaries"),
        ("total", [], "received inputs=\\[\\]; what step 'total' takes is a list"),
        ("total", [1], "step 'total' takes is a list of dictionaries"),
        ("end", {"left": {"x": 1}}, "by the steps it joins: 'left' and 'right'"),
    ],
)
def test_inputs_of_another_form_are_refused(name: str, inputs: Any, message: str) -> None:
    """Each kind of step says what its inputs have to be."""
    with pytest.raises(UsageError, match=message):
        run_step(Shop, name, inputs)


def test_a_wrong_parameter_is_refused() -> None:
    """Parameters are checked as on the command line."""
    with pytest.raises(ParameterError, match="parameter 'rate': received 'much', which is not a number"):
        run_step(Shop, "start", parameters={"rate": "much"})


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file and no environment variable is left."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STEPWELL_ENVIRONMENT", "no-where")
    before = dict(os.environ)
    run_step(Shop, "start")
    assert dict(os.environ) == before
    assert not list(tmp_path.iterdir())

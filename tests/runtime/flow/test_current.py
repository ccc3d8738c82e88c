"""What a step can know about where it runs."""

from __future__ import annotations

import pytest

from stepwell import FlowSpec, Parameter, current, step
from stepwell.errors import UsageError
from stepwell.testing import run_flow


class Curious(FlowSpec):
    alpha = Parameter("alpha", default=1)
    the_name = Parameter("the-name", default="x")

    @step
    def start(self):
        current.run.add_tag("begun")
        self.seen = {
            name: getattr(current, name)
            for name in ("flow_name", "run_id", "step_name", "task_id", "retry_count", "username", "pathspec")
        }
        self.lists = [current.parameter_names, sorted(current.tags), current.origin_run_id]
        self.asked = [current.get("run_id"), current.get("card"), "run_id" in current, "card" in current]
        try:
            _ = current.stepname
        except AttributeError as error:
            self.said = str(error)
        self.names = ["a", "b"]
        self.next(self.each, foreach="names")

    @step
    def each(self):
        self.next(self.join)

    @step
    def join(self, inputs):
        self.joined = [(one.index, one.input) for one in inputs]
        self.next(self.left, self.right)

    @step
    def left(self):
        self.next(self.meet)

    @step
    def right(self):
        self.next(self.meet)

    @step
    def meet(self, inputs):
        self.met = [(one.index, one.input) for one in inputs]
        self.next(self.end)

    @step
    def end(self):
        pass


def test_a_step_knows_where_it_runs() -> None:
    """A step can ask for its run, task, tags and parameters, and is told what is not there."""
    run = run_flow(Curious)
    data = run["start"].task.data
    assert data.seen == {
        "flow_name": "Curious", "run_id": "test", "step_name": "start", "task_id": "0", "retry_count": 0,
        "username": "tester", "pathspec": "Curious/test/start/0",
    }  # fmt: skip
    assert data.lists == [["alpha", "the_name"], ["begun"], None]
    assert run.user_tags == {"begun"}
    assert data.asked == ["test", None, True, False]
    assert data.said == "stepwell.current has no 'stepname'; did you mean 'step_name'?"


def test_a_join_knows_the_items_of_its_inputs() -> None:
    """Each input of a join tells which item its task worked on; branches outside a foreach had none."""
    run = run_flow(Curious)
    assert run["join"].task.data.joined == [(0, "a"), (1, "b")]
    assert run["meet"].task.data.met == [(None, None), (None, None)]


def test_outside_a_task_there_is_nothing() -> None:
    """Where no task runs, what is asked for is refused, or the default where one is given."""
    assert not current.is_running_flow and "run_id" not in current and current.get("run_id", 3) == 3
    with pytest.raises(UsageError, match=r"no task is running here; read it inside a step"):
        _ = current.run

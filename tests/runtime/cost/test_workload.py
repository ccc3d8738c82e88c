"""The tasks of a run, from what is compiled for Step Functions."""

from __future__ import annotations

from typing import Any

import pytest

from stepwell import FlowSpec, parallel, resources, step
from stepwell.cost.workload import Tasks, given, of_state_machine
from stepwell.production.deploy import definition


class Wide(FlowSpec):
    """A foreach within a foreach, a branch, and a switch; three sizes."""

    @step
    def start(self) -> None:
        self.outer = [1, 2]
        self.next(self.split, foreach="outer")

    @step
    def split(self) -> None:
        self.inner = [1, 2]
        self.next(self.work, foreach="inner")

    @resources(cpu=4, memory=16384)
    @step
    def work(self) -> None:
        self.next(self.gather)

    @step
    def gather(self, inputs: object) -> None:
        self.next(self.collect)

    @step
    def collect(self, inputs: object) -> None:
        self.next(self.left, self.right)

    @step
    def left(self) -> None:
        self.next(self.join)

    @step
    def right(self) -> None:
        self.next(self.join)

    @resources(memory=2048)
    @step
    def join(self, inputs: object) -> None:
        self.way = "long"
        self.next({"long": self.more, "short": self.end}, condition="way")

    @step
    def more(self) -> None:
        self.next(self.end)

    @step
    def end(self) -> None: ...


def test_tasks_are_counted_by_size() -> None:
    """Each foreach multiplies what is in it; both ways of a switch are counted."""
    found = of_state_machine(definition(Wide), splits=3, minutes=7)
    assert found.tasks == (
        Tasks(1, 1, 2048),
        Tasks(1 + 3 + 3 + 1 + 2 + 1 + 1, 1, 4096),
        Tasks(9, 4, 16384),
    )
    assert (found.count, found.minutes) == (22, 7)
    assert found.assumed == (
        "each foreach has 3 items",
        "of a switch every case is counted, and a step that repeats itself once",
        "no task is tried again",
    )


def test_transitions_are_states_that_are_entered() -> None:
    """Beside a state for each job: the run's begin, maps and their children, branches, and a switch's two."""
    found = of_state_machine(definition(Wide), splits=3, minutes=1)
    maps, children, parallel, switch = 1 + 3, 3 + 9, 1, 2
    assert found.transitions == found.count + 1 + maps + children + parallel + switch


class Plain(FlowSpec):
    @step
    def start(self) -> None:
        self.next(self.end)

    @step
    def end(self) -> None: ...


def test_a_plain_flow_assumes_little() -> None:
    """Without a foreach and a switch nothing is assumed of them."""
    found = of_state_machine(definition(Plain), splits=3, minutes=1)
    assert (found.tasks, found.transitions) == ((Tasks(2, 1, 4096),), 3)
    assert found.assumed == ("no task is tried again",)


@pytest.mark.parametrize("count", [1, 500])
def test_tasks_that_are_given(count: int) -> None:
    """Tasks without a flow are taken for the items of a foreach."""
    found = given(Tasks(count, 1, 4096), 5)
    assert (found.count, found.transitions) == (count, 2 * count)


class Gang(FlowSpec):
    @step
    def start(self) -> None:
        self.next(self.train, num_parallel=4)

    @parallel
    @step
    def train(self) -> None:
        self.next(self.join)

    @step
    def join(self, inputs: Any) -> None:
        self.next(self.end)

    @step
    def end(self) -> None: ...


def test_the_nodes_of_a_gang_are_tasks() -> None:
    """A gang is one job of as many machines; how many a flow says is known in its runs."""
    found = of_state_machine(definition(Gang), splits=5, minutes=1)
    assert (found.tasks, found.transitions) == ((Tasks(3 + 5, 1, 4096),), 4 + 2)
    assert found.assumed == ("each gang has 5 nodes, on machines of their own", "no task is tried again")

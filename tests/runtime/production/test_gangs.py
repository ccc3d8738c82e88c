"""Gangs on Batch and on Step Functions: as on a laptop, whichever node fails or is killed."""

from __future__ import annotations

import pytest

from stepwell import Flow
from stepwell.client.objects import Run
from tests.comparing import assert_same
from tests.runtime.production.conftest import Place
from tests.runtime.production.flows import write
from tests.support import FLOWS

pytestmark = pytest.mark.xdist_group("quick")
FAILING = """
    @step
    def start(self):
        self.xs = [0, 1]
        self.next(self.each, foreach="xs")

    @step
    def each(self):
        self.next(self.train, num_parallel=self.input + 1)

    @parallel
    @step
    def train(self):
        print("node", current.parallel.node_index, "of", current.parallel.num_nodes)
        if current.parallel.node_index == 1:
            1 / 0
        if current.parallel.num_nodes == 2:
            time.sleep(300)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.last)

    @step
    def last(self, inputs):
        self.next(self.end)

    @step
    def end(self): pass
"""


def test_artifacts_are_the_same_everywhere(place: Place) -> None:
    """A gang whose nodes need each other, and are all tried again where one fails, leaves the same
    artifacts as processes, as a Batch job of a laptop, and on Step Functions."""
    file = FLOWS / "gang.py"
    place.did(file, "--datastore=local", "run")
    place.did(file, "--datastore=s3", "run", "--with", "batch")
    on_batch = Flow("Gang", datastore="s3").latest_run
    place.did(file, "step-functions", "create")
    run = place.triggered(file)
    assert place.ended(file, run) == "SUCCEEDED"
    local = Flow("Gang", namespace="user/ada", datastore=str(place.folder / place.home)).latest_run
    assert local.data.totals == [33, 33, 33] and local.data.attempts == [1, 1, 1]
    assert_same(local, on_batch, 6)
    assert_same(local, Run(f"Gang/{run}", datastore="s3"), 6)
    assert len({task.metadata_dict["job"] for task in on_batch["train"]}) == 1
    assert place.json(file, "step-functions", "describe", run)["steps"] == [
        *(f"{step}: 1 done of 1 begun" for step in ("end", "join", "start")), "train: 3 done of 3 begun",
    ]  # fmt: skip


def test_a_node_that_fails_ends_its_gang(place: Place) -> None:
    """The job ends at once, though the main node would run on; the run says which node it was and why."""
    file = write(place.folder, FAILING, name="FailingGang")
    place.did(file, "step-functions", "create")
    run = place.triggered(file)
    assert place.ended(file, run) == "FAILED"
    first, second = place.json(file, "step-functions", "describe", run)["why"]
    assert first == "train/0-1-1: ZeroDivisionError: division by zero"
    assert second == (
        "train/0-1-0: node 1 of 2 failed, task train/0-1-1: ZeroDivisionError: division by zero"
    )
    found = Run(f"FailingGang/{run}", datastore="s3")
    assert not any(task.successful for task in found["train"] if task.id.startswith("0-1-"))

"""What a run costs on each kind of compute."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stepwell.cost.prices import Prices, table
from stepwell.cost.run import Bill, Compute, bill, computes
from stepwell.cost.workload import Tasks, Workload, given

PRICES = Prices(table(), "us-east-1")
PUBLIC = Compute("FARGATE", addresses=True)
MACHINES = Compute("EC2", ("m5",))


def billed(compute: Compute, tasks: Tasks, minutes: float = 5) -> dict[str, float]:
    """The sums of the lines that differ between kinds of compute."""
    found = bill(given(tasks, minutes), compute, PRICES)
    assert found is not None
    common = {"Step Functions", "S3 writes", "S3 reads", "logs"}
    return {one.resource: round(one.sum, 6) for one in found.lines if one.resource not in common}


def test_fargate_is_paid_by_time_and_size() -> None:
    """100 tasks of five minutes, and one to start, are 10 hours of vCPU, memory and address."""
    assert billed(PUBLIC, Tasks(100, 1, 4096)) == {
        "vCPUs": 0.4048, "memory": 0.1778, "public addresses": 0.05,
    }  # fmt: skip
    assert billed(Compute("FARGATE"), Tasks(100, 1, 4096)).keys() == {"vCPUs", "memory"}


def test_fargate_has_sizes() -> None:
    """A task that Fargate has no machine for gets the next larger one, and is paid so."""
    assert billed(PUBLIC, Tasks(1, 1, 16384)) == billed(PUBLIC, Tasks(1, 2, 16384))


def test_fargate_spot_is_a_share() -> None:
    """Spot costs its share of the price on demand, and its addresses in full."""
    spot = billed(Compute("FARGATE_SPOT", addresses=True), Tasks(100, 1, 4096))
    assert spot == {"vCPUs": 0.12144, "memory": 0.05334, "public addresses": 0.05}


@pytest.mark.parametrize(
    ("tasks", "machines"),
    [
        (Tasks(10, 1, 4096), 5),  # half a machine of 2 vCPUs and 8 GiB each
        (Tasks(10, 1, 8192), 10),  # memory is the scarcer
        (Tasks(10, 4, 1024), 20),  # as of a machine twice as large
    ],
)
def test_a_task_takes_a_part_of_a_machine(tasks: Tasks, machines: float) -> None:
    """On EC2 a task takes as much of a machine as the scarcest of what it asks for."""
    assert billed(MACHINES, tasks, 54) == {"machines": round(machines * 0.096, 6)}
    assert billed(Compute("SPOT", ("m5",)), tasks, 54) == {"machines": round(machines * 0.096 * 0.35, 6)}


def test_gpus_need_machines_that_have_them() -> None:
    """A task with a GPU has no bill on Fargate, nor on machines without one."""
    tasks = given(Tasks(1, 4, 8192, 1), 54)
    assert bill(tasks, PUBLIC, PRICES) is None
    assert bill(tasks, MACHINES, PRICES) is None
    assert billed(Compute("EC2", ("g4dn.xlarge",)), Tasks(1, 4, 8192, 1), 54) == {"machines": 0.526}


def test_a_task_too_large_for_fargate_has_no_bill() -> None:
    """What no machine of Fargate has room for can't be run there."""
    assert bill(given(Tasks(1, 32, 4096), 1), PUBLIC, PRICES) is None


def test_what_every_run_costs() -> None:
    """Transitions, requests and logs are paid by their number, wherever tasks run."""
    found = bill(Workload((Tasks(1000, 1, 4096),), 1, 4000), MACHINES, PRICES)
    assert isinstance(found, Bill)
    sums = {one.resource: round(one.sum, 6) for one in found.lines}
    del sums["machines"]
    assert sums == {"Step Functions": 0.1, "S3 writes": 0.015, "S3 reads": 0.0016, "logs": 0.05}
    assert "a task makes 3 writes and 4 reads in S3 and prints 100 kB" in found.assumed


def stack(assign: str, *kinds: dict[str, Any]) -> dict[str, Any]:
    container = {"networkConfiguration": {"assignPublicIp": assign}} if assign else {}
    definition = {"one": {"container_properties": json.dumps(container)}}
    environments = {f"ce{index}": {"compute_resources": kind} for index, kind in enumerate(kinds)}
    return {
        "resource": {
            "aws_batch_job_definition": definition, "aws_batch_compute_environment": environments,
        }
    }  # fmt: skip


def test_the_computes_of_a_stack() -> None:
    """The kinds of compute come from the stack, with their machines; Fargate's addresses from its jobs."""
    fargate, spot = {"type": "FARGATE"}, {"type": "SPOT", "instance_type": ["m5", "c5"]}
    assert computes(stack("ENABLED", fargate, spot)) == [PUBLIC, Compute("SPOT", ("m5", "c5"))]
    assert computes(stack("DISABLED", fargate)) == [Compute("FARGATE")]
    assert computes(stack("", fargate, fargate)) == [Compute("FARGATE")]
    assert computes({}) == []

"""AWS Batch, as runs use it."""

from __future__ import annotations

from typing import Any

import pytest

from stepwell.compute.guardian import left_over
from stepwell.compute.service import Service
from stepwell.compute.submission import StepPlan
from stepwell.errors import PlatformError
from stepwell.machines import Machine
from tests.runtime.compute.support import FakeBatch, refusal

SMALL = {"work": StepPlan("queue", "definition", Machine(1, 2048))}


@pytest.fixture
def batch() -> FakeBatch:
    return FakeBatch()


def test_jobs_are_described_a_hundred_at_once(batch: FakeBatch) -> None:
    """250 jobs take three calls; one that Batch does not know is left out."""
    service = Service(batch)
    ids = [service.submit({"jobName": "x"}) for _ in range(250)]
    del batch.jobs["job-7"]
    found = service.describe(ids)
    assert [len(ids) for ids in batch.described] == [100, 100, 50]
    assert found.keys() == set(ids) - {"job-7"}


def test_what_batch_refuses_is_one_line(batch: FakeBatch) -> None:
    """A refused submission names the job and says what AWS answered."""
    batch.refusals.append(refusal("SubmitJob", "ClientException", "no such job definition"))
    with pytest.raises(
        PlatformError, match="Batch job x: AWS answered ClientException: no such job definition"
    ):
        Service(batch).submit({"jobName": "x"})


def test_jobs_are_ended_and_those_left_are_named(batch: FakeBatch) -> None:
    """Each job is terminated with the reason; of those that could not be, the error is given."""
    batch.endless.add("b")
    left = Service(batch).terminate(["a", "b", "c"], "enough")
    assert batch.terminated == {"a": "enough", "c": "enough"}
    assert left.keys() == {"b"} and "AccessDeniedException: not yours" in str(left["b"])


def test_a_queue_that_is_well(batch: FakeBatch) -> None:
    """Where nothing is wrong the check is silent, and nothing ails the queue."""
    Service(batch).check("queue", SMALL)
    assert Service(batch).ails("queue") is None


@pytest.mark.parametrize(
    ("queue", "environment", "message"),
    [
        ({"state": "DISABLED"}, {}, "job queue queue is DISABLED"),
        ({"status": "INVALID", "statusReason": "no role"}, {}, "job queue queue is INVALID: no role"),
        ({"computeEnvironmentOrder": []}, {}, "job queue queue: it has no compute environment"),
        (
            {},
            {"status": "INVALID", "statusReason": "subnet is gone"},
            "job queue queue: compute environment fargate is INVALID: subnet is gone",
        ),
        (
            {},
            {"computeResources": {"maxvCpus": 0.5}},
            "step 'work': its job takes 1 vCPUs, but job queue queue has at most 0.5 in all; ask for less",
        ),
    ],
)
def test_a_queue_in_which_no_job_starts(
    queue: dict[str, Any], environment: dict[str, Any], message: str, batch: FakeBatch
) -> None:
    """A queue in which a job would wait for ever is refused before anything is submitted."""
    batch.queue |= queue
    batch.environment |= environment
    with pytest.raises(PlatformError) as refused:
        Service(batch).check("queue", SMALL)
    assert str(refused.value).startswith(message)


def test_a_queue_that_there_is_not(batch: FakeBatch) -> None:
    """A queue that is not there is named."""
    with pytest.raises(PlatformError, match="job queue nowhere: there is none in this account"):
        Service(batch).check("nowhere", SMALL)


def test_what_ails_a_queue(batch: FakeBatch) -> None:
    """A queue and its compute environments are asked what keeps jobs from starting."""
    batch.environment |= {"state": "DISABLED"}
    assert Service(batch).ails("queue") == "compute environment fargate is DISABLED"


def test_a_guardian_knows_what_is_left() -> None:
    """Jobs that were watched and not forgotten are left over; a line that was cut off is a job too."""
    assert left_over(["+a\n", "+b\n", "-a\n", "+c\n", "-x\n", "+d"]) == ["b", "c", "d"]

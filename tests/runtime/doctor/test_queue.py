"""Checks of compute, by what Batch says of it."""

from __future__ import annotations

from typing import Any

import pytest

from stepwell.contract import CONTRACT_VERSION, NamespaceContract
from stepwell.doctor.finding import Outcome, failed, ok, warning
from stepwell.doctor.platform import AGAIN
from stepwell.doctor.queue import LONG, fits, judge_job_definition, judge_queue, judge_waiting

QUEUE = {"jobQueueName": "q", "state": "ENABLED", "status": "VALID", "statusReason": "JobQueue Healthy"}


def environment(
    name: str = "ce", *, kind: str = "FARGATE", vcpus: int = 16, **changes: str
) -> dict[str, Any]:
    return {
        "computeEnvironmentName": name,
        "status": "VALID",
        "computeResources": {"type": kind, "maxvCpus": vcpus},
        **changes,
    }


def test_a_queue_that_works() -> None:
    """A queue that is enabled and valid, with a compute environment that is so too, works."""
    assert judge_queue(QUEUE, [environment()]) == ok("enabled, valid: FARGATE up to 16 vCPUs")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"state": "DISABLED"}, "job queue q is DISABLED"),
        (
            {"status": "INVALID", "statusReason": "no such role"},
            "job queue q is INVALID: no such role",
        ),
        ({"status": "DELETING", "statusReason": ""}, "job queue q is DELETING: Batch gives no reason"),
    ],
)
def test_a_queue_that_takes_no_jobs(changes: dict[str, str], reason: str) -> None:
    """A disabled or invalid queue is told with Batch's reason."""
    assert judge_queue({**QUEUE, **changes}, [environment()]) == failed(reason, AGAIN)


def test_one_of_two_compute_environments_is_enough() -> None:
    """A queue with a broken compute environment beside a good one still works, with a warning."""
    broken = environment("spot", status="INVALID", statusReason="no such subnet")
    reason = "compute environment spot is INVALID: no such subnet"
    assert judge_queue(QUEUE, [environment(), broken]) == warning(
        f"FARGATE up to 16 vCPUs, but {reason}", AGAIN
    )
    assert judge_queue(QUEUE, [broken]) == failed(reason, AGAIN)
    assert judge_queue(QUEUE, [environment(state="DISABLED")]).outcome is Outcome.FAILED
    assert judge_queue(QUEUE, []) == failed("it has no compute environment", AGAIN)


def test_a_queue_too_small_for_any_step() -> None:
    """A queue on which a step without @resources could never start fails."""
    finding = judge_queue(QUEUE, [environment(vcpus=0)])
    assert finding == failed(
        "FARGATE up to 0 vCPUs, too little for a step without @resources (cpu=1, memory=4096, gpu=0)",
        "raise compute.max_vcpus in environments.toml and deploy",
    )


@pytest.mark.parametrize(
    ("kind", "vcpus", "asked", "expected"),
    [
        ("FARGATE", 1, (1, 4096, 0), True),
        ("FARGATE_SPOT", 1, (1, 16384, 0), False),  # Fargate gives that much memory with 2 vCPUs
        ("FARGATE", 64, (1, 4096, 1), False),
        ("EC2", 4, (4, 100_000, 0), True),
        ("SPOT", 4, (8, 1024, 0), False),
    ],
)
def test_what_fits(kind: str, vcpus: int, asked: tuple[int, int, int], expected: bool) -> None:
    """Fargate rounds up to its sizes and has no GPUs; every kind has a most of vCPUs."""
    assert fits({"type": kind, "maxvCpus": vcpus}, *asked) is expected


def test_jobs_that_wait_in_vain() -> None:
    """Jobs that wait a few minutes are normal; one that waits longer is told with Batch's reason."""

    def job(age: float, name: str, **more: str) -> dict[str, Any]:
        return {"createdAt": (1e9 - age) * 1000, "jobName": name, **more}

    assert judge_waiting([], 1e9) == ok("no job waits for a machine")
    assert judge_waiting([job(60, "new")], 1e9) == ok("1 job waits for a machine, since 1 min")
    jobs = [job(60, "new"), job(LONG, "old", statusReason="MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT")]
    finding = judge_waiting(jobs, 1e9)
    assert finding.outcome is Outcome.WARNING
    assert finding.reason == (
        "2 jobs wait for a machine, since 15 min: old: MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"
    )


def test_a_job_definition() -> None:
    """The newest active revision counts, by number; without any, jobs can't be submitted."""
    contract = NamespaceContract(
        CONTRACT_VERSION, "user/ada", "role", "arn:job-definition/j", "execution", "starter"
    )
    revisions = [
        {"jobDefinitionName": "j", "revision": number, "containerProperties": {"image": f"i:{number}"}}
        for number in (9, 10)
    ]
    assert judge_job_definition(contract, revisions) == ok("j:10, image i:10")
    assert judge_job_definition(contract, []) == failed("arn:job-definition/j has no active revision", AGAIN)

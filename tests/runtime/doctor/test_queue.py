"""Checks of compute, by what Batch says of it."""

from __future__ import annotations

from typing import Any

import pytest

from stepwell.contract import Queue
from stepwell.doctor.finding import Outcome, failed, ok, warning
from stepwell.doctor.platform import AGAIN
from stepwell.doctor.queue import LONG, judge_job_definition, judge_queue, judge_waiting, together

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


def test_several_queues_are_one_finding() -> None:
    """The worst of them counts, and all are told."""
    queues = [Queue("one", "", "FARGATE", 16), Queue("two", "", "FARGATE_SPOT", 16)]
    assert together({"one": ok("fine")}, queues) == ok("fine")
    assert together({"one": ok("fine"), "two": ok("well")}, queues) == ok("one: fine; two: well")
    bad = failed("job queue q is DISABLED", AGAIN)
    assert together({"one": bad, "two": ok("well")}, queues) == failed(f"one: {bad.reason}; two: well", AGAIN)
    odd = warning("but", AGAIN)
    assert together({"one": ok("fine"), "two": odd}, queues) == warning("one: fine; two: but", AGAIN)


@pytest.mark.parametrize(
    "queue", [Queue("small", "", "FARGATE", 0), Queue("gpu", "", "EC2", 16, ("g5",))], ids=["small", "gpu"]
)
def test_queues_too_small_for_any_step(queue: Queue) -> None:
    """An environment in which a step without @resources could never start fails."""
    assert together({"q": ok("enabled")}, [queue]) == failed(
        "enabled, too little for a step without @resources (cpu=1, memory=4096, gpu=0)",
        "raise max_vcpus of a queue in environments.toml and deploy",
    )


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
    revisions = [
        {"jobDefinitionName": "j", "revision": number, "containerProperties": {"image": f"i:{number}"}}
        for number in (9, 10)
    ]
    assert judge_job_definition("arn:job-definition/j", revisions) == ok("j:10, image i:10")
    assert judge_job_definition("arn:job-definition/j", []) == failed(
        "arn:job-definition/j has no active revision", AGAIN
    )

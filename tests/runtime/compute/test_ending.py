"""Why a job ended, in words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stepwell.compute.ending import Death, why_it_died, why_it_ended

EXITED = "Essential container in task exited"


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ({"statusReason": EXITED, "container": {"exitCode": 3}}, "the container exited with code 3"),
        (
            {"statusReason": EXITED, "container": {"exitCode": 137}},
            "the container was killed by SIGKILL (exit code 137), maybe for want of memory; ask for more "
            "memory: @resources(memory=...)",
        ),
        (
            {
                "statusReason": EXITED,
                "container": {"exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory"},
            },
            "OutOfMemoryError: Container killed due to memory; the container was killed by SIGKILL (exit "
            "code 137), maybe for want of memory; ask for more memory: @resources(memory=...)",
        ),
        (
            {"statusReason": EXITED, "container": {"exitCode": 143}},
            "the container was killed by SIGTERM (exit code 143)",
        ),
        (
            {
                "statusReason": "Task failed to start",
                "container": {"reason": "CannotPullContainerError: pull\n image manifest has been retried"},
            },
            "Task failed to start; CannotPullContainerError: pull image manifest has been retried; ask who "
            "runs the environment to check its image, compute.image",
        ),
        (
            {"statusReason": "Job attempt duration exceeded timeout", "container": {"exitCode": 137}},
            "Job attempt duration exceeded timeout; the container was killed by SIGKILL (exit code 137), "
            "maybe for want of memory; give its @timeout more time, or find out why it was stuck",
        ),
        (
            {"statusReason": "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", "container": {}},
            "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT; ask for less with @resources, or who runs the "
            "environment for a larger queue",
        ),
        ({"statusReason": "not needed"}, "not needed"),
        ({}, "Batch gives no reason"),
    ],
)
def test_every_end_has_words(detail: dict[str, Any], words: str) -> None:
    """What Batch and the container say, once each, and the way out where there is one."""
    assert why_it_ended({"jobId": "j1", **detail}) == f"its Batch job j1 ended: {words}"


def in_states(**detail: Any) -> dict[str, str]:
    """What a state machine catches where a job failed."""
    variables = [{"Name": "STEPWELL_STEP", "Value": "fit"}, {"Name": "STEPWELL_ATTEMPT", "Value": "2"}]
    given = detail.pop("Container", {})
    container = {} if given is None else {"Container": {"Environment": variables, **given}}
    cause = {"JobId": "j1", "Status": "FAILED", **container, **detail}
    return {"Error": "States.TaskFailed", "Cause": json.dumps(cause)}


@pytest.mark.parametrize(
    ("error", "death"),
    [
        (
            in_states(StatusReason=EXITED, Container={"ExitCode": 137, "Reason": "OutOfMemoryError"}),
            Death(
                "its Batch job j1 ended: OutOfMemoryError; the container was killed by SIGKILL (exit code "
                "137), maybe for want of memory; ask for more memory: @resources(memory=...)",
                2,
            ),
        ),
        (
            in_states(StatusReason="Host EC2 (instance i-1) terminated.", Attempts=[{}, {}]),
            Death(
                "its Batch job j1 ended: Host EC2 (instance i-1) terminated.; its machine was taken away: "
                "let it be tried again, @retry(times=2)",
                3,
            ),
        ),
        (
            in_states(Container={"Reason": "CannotPullContainerError: not found"}),
            Death(
                "its Batch job j1 ended: CannotPullContainerError: not found; ask who runs the environment "
                "to check its image, compute.image",
                2,
            ),
        ),
        (
            in_states(StatusReason="MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"),
            Death(
                "its Batch job j1 ended: MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT; ask for less with "
                "@resources, or who runs the environment for a larger queue",
                2,
            ),
        ),
        (
            in_states(
                Container=None,
                Attempts=[{"Container": {"ExitCode": 137, "Reason": "OutOfMemoryError: killed"}}],
                NodeProperties={
                    "NodeRangeProperties": [
                        {"Container": {"Environment": [{"Name": "STEPWELL_ATTEMPT", "Value": "1"}]}}
                    ]
                },
            ),
            Death(
                "its Batch job j1 ended: OutOfMemoryError: killed; the container was killed by SIGKILL (exit "
                "code 137), maybe for want of memory; ask for more memory: @resources(memory=...)",
                1,
            ),
        ),
        (
            {"Error": "Batch.ClientException", "Cause": "JobQueue q not found\n(Service: AWSBatch)"},
            Death(
                "it had no Batch job: Batch.ClientException: JobQueue q not found (Service: AWSBatch); "
                "deploy the flow again; if that does not help, ask who runs the environment",
                0,
            ),
        ),
        (
            {"Error": "States.Runtime"},
            Death("it had no Batch job: States.Runtime: Step Functions gives no cause", 0),
        ),
    ],
)
def test_what_step_functions_says_has_the_same_words(error: dict[str, str], death: Death) -> None:
    """A job that a state machine waited for is explained as one that a laptop did, with its attempt."""
    assert why_it_died(error) == death

"""Why a job ended, in words."""

from __future__ import annotations

from typing import Any

import pytest

from stepwell.compute.ending import why_it_ended

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

"""Why a Batch job is over that has not said so itself: in words, from what Batch tells of it. Pure."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from typing import Any

_EXITED = "Essential container in task exited"
"""Batch's reason for every container that ended: it says less than the exit code."""
_MORE_MEMORY = "ask for more memory: @resources(memory=...)"
_ANOTHER_MACHINE = "its machine was taken away: let it be tried again, @retry(times=2)"
_WAYS_OUT = (
    ("CannotPullContainer", "ask who runs the environment to check its image, compute.image"),
    ("OutOfMemory", _MORE_MEMORY),
    ("attempt duration exceeded timeout", "give its @timeout more time, or find out why it was stuck"),
    ("Host EC2", _ANOTHER_MACHINE),
    ("Spot", _ANOTHER_MACHINE),
    ("MISCONFIGURATION", "ask for less with @resources, or who runs the environment for a larger queue"),
    ("ResourceInitializationError", "ask who runs the environment to check its network and roles"),
)


def why_it_ended(detail: Mapping[str, Any]) -> str:
    """Why a failed job ended, as one line.

    Args:
        detail: the job as ``DescribeJobs`` describes it (AWS Batch API reference, JobDetail).
    """
    container = detail.get("container", {})
    reasons = [detail.get("statusReason", ""), container.get("reason", "")]
    code = container.get("exitCode")
    if code is not None:
        reasons = [reason for reason in reasons if reason != _EXITED]
        reasons.append(_exit(code))
    said = "; ".join(dict.fromkeys(" ".join(reason.split()) for reason in reasons if reason))
    way_out = next((way for sign, way in _WAYS_OUT if sign in said), None)
    if way_out is None and code == 128 + signal.SIGKILL:
        way_out = _MORE_MEMORY
    return f"its Batch job {detail['jobId']} ended: {said or 'Batch gives no reason'}" + (
        f"; {way_out}" if way_out else ""
    )


def _exit(code: int) -> str:
    """An exit code as Docker has it: above 128 it is that and the number of a signal."""
    if code == 128 + signal.SIGKILL:
        return f"the container was killed by SIGKILL (exit code {code}), maybe for want of memory"
    try:
        return f"the container was killed by {signal.Signals(code - 128).name} (exit code {code})"
    except ValueError:
        return f"the container exited with code {code}"

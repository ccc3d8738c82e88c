"""Why a Batch job is over that has not said so itself: in words, from what Batch tells of it. Pure.

Step Functions tells the same of a job that it waited for, with names that begin in upper case.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from typing import Any, NamedTuple

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


_NO_JOB = {
    "Batch.ClientException": "deploy the flow again; if that does not help, ask who runs the environment",
    "Batch.AccessDeniedException": "ask who runs the environment for the rights of its state machines",
    "States.Timeout": "give it more time: create --workflow-timeout",
}


class Death(NamedTuple):
    """The end of a task that could not say it itself, in one line, and which attempt it was, from 0."""

    reason: str
    attempt: int


def why_it_died(error: Mapping[str, str]) -> Death:
    """Why the state of a task failed for good.

    Args:
        error: its ``Error`` and ``Cause``, as a state machine catches them (AWS Step Functions developer
            guide, "Handling errors in Step Functions workflows").
    """
    name, cause = error.get("Error", ""), error.get("Cause", "")
    try:
        detail = _lowered(json.loads(cause))
        reason = why_it_ended(detail)
    except (ValueError, KeyError, TypeError):
        said = " ".join(cause.split()) or "Step Functions gives no cause"
        way_out = f"; {_NO_JOB[name]}" if name in _NO_JOB else ""
        return Death(f"it had no Batch job: {name}: {said}{way_out}", 0)
    variables = {one["name"]: one.get("value") for one in container_of(detail).get("environment", ())}
    return Death(
        reason, int(variables.get("STEPWELL_ATTEMPT") or 0) + max(len(detail.get("attempts", ())) - 1, 0)
    )


def container_of(detail: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a description says of a job's container; of a multi-node job that of its main node.

    Of that, how it ended is told for each attempt (AWS Batch user guide, "Multi-node parallel jobs").
    """
    groups = detail.get("nodeProperties", {}).get("nodeRangeProperties", ())
    attempts = detail.get("attempts") or [{}] if groups else [{}]
    return {
        **(groups[0].get("container", {}) if groups else {}),
        **detail.get("container", {}),
        **attempts[-1].get("container", {}),
    }


def _lowered(value: Any) -> Any:
    """A description with names as Batch itself writes them."""
    if isinstance(value, list):
        return [_lowered(one) for one in value]
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _lowered(one) for key, one in value.items()}
    return value


def why_it_ended(detail: Mapping[str, Any]) -> str:
    """Why a failed job ended, as one line.

    Args:
        detail: the job as ``DescribeJobs`` describes it (AWS Batch API reference, JobDetail).
    """
    container = container_of(detail)
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

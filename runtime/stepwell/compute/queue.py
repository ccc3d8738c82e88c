"""What keeps a job queue from its work: pure, from what Batch says of it and its compute environments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stepwell.compute.submission import StepPlan
from stepwell.errors import PlatformError

Described = Mapping[str, Any]
"""A resource as a describe call of Batch gives it."""
_WORKING = frozenset({"VALID", "UPDATING", "CREATING"})


def trouble(found: Described) -> str:
    """What keeps a queue or a compute environment from its work; empty where nothing does."""
    kind, key = ("job queue", "jobQueueName")
    if key not in found:
        kind, key = ("compute environment", "computeEnvironmentName")
    what = f"{kind} {found[key]}"
    if found.get("state", "ENABLED") != "ENABLED":  # Batch may leave out what is the default
        return f"{what} is {found['state']}"
    if found["status"] not in _WORKING:
        return f"{what} is {found['status']}: {found.get('statusReason') or 'Batch gives no reason'}"
    return ""


def check(queue: Described, environments: Sequence[Described], plans: Mapping[str, StepPlan]) -> None:
    """Raise `PlatformError` where the jobs of these steps could never start in a queue."""
    if said := trouble(queue):
        raise PlatformError(said)
    usable = [one["computeResources"] for one in environments if not trouble(one)]
    name = queue["jobQueueName"]
    if not usable:
        why = "; ".join(trouble(one) for one in environments) or "it has no compute environment"
        raise PlatformError(f"job queue {name}: {why}")
    most = max(one["maxvCpus"] for one in usable)
    for step, plan in plans.items():
        if plan.machine.vcpus > most:
            raise PlatformError(
                f"step '{step}': its job takes {plan.machine.vcpus:g} vCPUs, but job queue {name} has at "
                f"most {most} in all; ask for less, or who runs the environment for more (max_vcpus)"
            )

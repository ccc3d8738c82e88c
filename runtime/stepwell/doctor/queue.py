"""Checks of compute: whether the job queue takes jobs and can run them, and has none that wait in vain."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from stepwell import aws
from stepwell.compute.fargate import fit
from stepwell.compute.queue import Described, trouble
from stepwell.contract import NamespaceContract
from stepwell.doctor.finding import Finding, failed, ok, warning
from stepwell.doctor.platform import AGAIN, mine, offered
from stepwell.errors import FlowError
from stepwell.flow.decorators.resources import resources

LONG = 15 * 60
"""Seconds by which a job that can run has begun to: machines of Batch start within minutes."""


def queue() -> Finding:
    """Whether the job queue takes jobs, and can run a step that asks for nothing."""
    batch, arn = _batch(), offered().job_queue
    with aws.translated("batch"):
        queues = batch.describe_job_queues(jobQueues=[arn])["jobQueues"]
        if not queues:
            return failed(f"there is no job queue {arn}", AGAIN)
        names = [one["computeEnvironment"] for one in queues[0]["computeEnvironmentOrder"]]
        described = batch.describe_compute_environments(computeEnvironments=names)
    return judge_queue(queues[0], described["computeEnvironments"])


def judge_queue(queue: Described, environments: Sequence[Described]) -> Finding:
    """Judge by the queue and its compute environments; one of them that works is enough to run."""
    if said := trouble(queue):
        return failed(said, AGAIN)
    usable, troubles = [], []
    for one in environments:
        if said := trouble(one):
            troubles.append(said)
        else:
            usable.append(one["computeResources"])
    if not usable:
        return failed(", ".join(troubles) or "it has no compute environment", AGAIN)
    text = ", ".join(f"{one['type']} up to {one['maxvCpus']} vCPUs" for one in usable)
    if not any(fits(one, **resources.defaults) for one in usable):
        asked = ", ".join(f"{name}={value}" for name, value in resources.defaults.items())
        return failed(
            f"{text}, too little for a step without @resources ({asked})",
            "raise compute.max_vcpus in environments.toml and deploy",
        )
    return warning(f"{text}, but {', '.join(troubles)}", AGAIN) if troubles else ok(f"enabled, valid: {text}")


def fits(compute: Described, cpu: float, memory: int, gpu: int) -> bool:
    """Whether a compute environment can run a step that asks for so much, as far as its limits tell."""
    vcpus = cpu
    if compute["type"].startswith("FARGATE"):
        try:
            vcpus, _ = fit("", cpu, memory, gpu)
        except FlowError:
            return False
    return bool(vcpus <= compute["maxvCpus"])


def waiting() -> Finding:
    """Whether jobs wait longer than machines take to start."""
    batch, arn = _batch(), offered().job_queue
    with aws.translated("batch"):
        jobs = batch.list_jobs(jobQueue=arn, jobStatus="RUNNABLE")["jobSummaryList"]
    return judge_waiting(jobs, time.time())


def judge_waiting(jobs: Sequence[Described], now: float) -> Finding:
    """Judge by the jobs that are RUNNABLE; `createdAt` is in milliseconds."""
    if not jobs:
        return ok("no job waits for a machine")
    oldest = min(jobs, key=lambda one: int(one["createdAt"]))
    minutes = (now - oldest["createdAt"] / 1000) / 60
    text = (
        f"{len(jobs)} {'job waits' if len(jobs) == 1 else 'jobs wait'} for a machine, since {minutes:.0f} min"
    )
    if minutes * 60 < LONG:
        return ok(text)
    reason = oldest.get("statusReason") or "Batch gives no reason"
    return warning(
        f"{text}: {oldest['jobName']}: {reason}",
        "ask for less with @resources, or raise compute.max_vcpus in environments.toml and deploy",
    )


def job_definition() -> Finding:
    """Whether tasks of the namespace have a job definition to run with."""
    contract = mine()
    with aws.translated("batch"):
        found = _batch().describe_job_definitions(
            jobDefinitionName=contract.job_definition.rpartition("/")[2], status="ACTIVE"
        )["jobDefinitions"]
    return judge_job_definition(contract, found)


def judge_job_definition(contract: NamespaceContract, active: Sequence[Described]) -> Finding:
    """Judge by the active revisions of the namespace's job definition."""
    if not active:
        return failed(f"{contract.job_definition} has no active revision", AGAIN)
    newest = max(active, key=lambda one: int(one["revision"]))
    image = newest["containerProperties"]["image"]
    return ok(f"{newest['jobDefinitionName']}:{newest['revision']}, image {image}")


def _batch() -> Any:
    return aws.client("batch", offered().region, patient=False)

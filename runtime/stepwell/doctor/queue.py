"""Checks of compute: whether the job queue takes jobs and can run them, and has none that wait in vain."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from stepwell import aws
from stepwell.compute.placement import Offer, place
from stepwell.compute.queue import Described, trouble
from stepwell.contract import Queue
from stepwell.contract import job_definition as definition_of
from stepwell.doctor.finding import Finding, Outcome, failed, ok, warning
from stepwell.doctor.platform import AGAIN, mine, offered
from stepwell.errors import FlowError
from stepwell.flow.decorators.resources import SIZES
from stepwell.machines import Machine

_BADNESS = (Outcome.OK, Outcome.WARNING, Outcome.FAILED)

LONG = 15 * 60
"""Seconds by which a job that can run has begun to: machines of Batch start within minutes."""


def queue() -> Finding:
    """Whether the job queues take jobs, and one of them can run a step that asks for nothing."""
    batch, queues = _batch(), offered().queues
    findings = {}
    with aws.translated("batch"):
        found = batch.describe_job_queues(jobQueues=[one.arn for one in queues])["jobQueues"]
        described = {one["jobQueueArn"]: one for one in found}
        for one in queues:
            if one.arn not in described:
                findings[one.name] = failed(f"there is no job queue {one.arn}", AGAIN)
                continue
            names = [it["computeEnvironment"] for it in described[one.arn]["computeEnvironmentOrder"]]
            environments = batch.describe_compute_environments(computeEnvironments=names)
            findings[one.name] = judge_queue(described[one.arn], environments["computeEnvironments"])
    return together(findings, queues)


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
    return warning(f"{text}, but {', '.join(troubles)}", AGAIN) if troubles else ok(f"enabled, valid: {text}")


def together(findings: Mapping[str, Finding], queues: Sequence[Queue]) -> Finding:
    """One finding of all queues, as bad as the worst; and whether a step without ``@resources`` has one."""
    worst = max(findings.values(), key=lambda one: _BADNESS.index(one.outcome))
    reason = "; ".join(
        f"{name}: {one.reason}" if len(findings) > 1 else one.reason for name, one in findings.items()
    )
    if worst.works:
        try:
            place("", Offer(queues, [], ""), Machine(*SIZES.values()))
        except FlowError:
            asked = ", ".join(f"{name}={value}" for name, value in SIZES.items())
            return failed(
                f"{reason}, too little for a step without @resources ({asked})",
                "raise max_vcpus of a queue in environments.toml and deploy",
            )
    return Finding(worst.outcome, reason, worst.way_out)


def waiting() -> Finding:
    """Whether jobs wait longer than machines take to start."""
    batch = _batch()
    with aws.translated("batch"):
        jobs = [
            job
            for one in offered().queues
            for job in batch.list_jobs(jobQueue=one.arn, jobStatus="RUNNABLE")["jobSummaryList"]
        ]
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
        "ask for less with @resources, or raise max_vcpus of a queue in environments.toml and deploy",
    )


def job_definition() -> Finding:
    """Whether tasks of the namespace have a job definition to run with: that of the first image and queue."""
    contract = offered()
    arn = definition_of(mine().job_definitions, contract.images[0], contract.queues[0].platform)
    with aws.translated("batch"):
        found = _batch().describe_job_definitions(jobDefinitionName=arn.rpartition("/")[2], status="ACTIVE")[
            "jobDefinitions"
        ]
    return judge_job_definition(arn, found)


def judge_job_definition(arn: str, active: Sequence[Described]) -> Finding:
    """Judge by the active revisions of a job definition."""
    if not active:
        return failed(f"{arn} has no active revision", AGAIN)
    newest = max(active, key=lambda one: int(one["revision"]))
    image = newest["containerProperties"]["image"]
    return ok(f"{newest['jobDefinitionName']}:{newest['revision']}, image {image}")


def _batch() -> Any:
    return aws.client("batch", offered().region, patient=False)

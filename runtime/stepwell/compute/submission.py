"""What a Batch job of a task is: the arguments of ``SubmitJob``, whoever submits it. Pure.

A laptop submits them as they are; in a state machine they are parameters of a state, and what is
known only when it runs is a `Reference` (AWS Batch API reference, SubmitJob).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from stepwell.contract import ALL_NODES, NAMESPACE_TAG, owner, share
from stepwell.flow.decorators.attempts import ONCE, Attempts
from stepwell.machines import Machine

LEAST_TIMEOUT = 60
"""Seconds: the least limit of a Batch job's attempt (AWS Batch API reference, JobTimeout)."""
MAX_NAME = 128
"""Characters of a job's name."""
_STEM = 80


@dataclass(frozen=True, slots=True)
class Reference:
    """A value that a state machine fills in: an expression of its language."""

    expression: str


Value = str | Reference


@dataclass(frozen=True, slots=True)
class StepPlan:
    """How a step is run as Batch jobs.

    Attributes:
        queue: ARN of the job queue.
        definition: ARN of the job definition, without a revision.
        machine: what a job asks for.
        attempts: how often it is tried.
        limit: seconds after which it ends itself, if it has a ``@timeout``.
    """

    queue: str
    definition: str
    machine: Machine
    attempts: Attempts = ONCE
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Jobs:
    """What all jobs of a run, or of a deployment, have in common: names and pointers, never payloads.

    Attributes:
        datastore: URL that jobs can reach, ``s3://BUCKET``.
        code: sha256 of the code package.
        flow_file: the flow's file within the package.
        max_splits: how many items a foreach may have; None for any number.
    """

    datastore: str
    namespace: str
    username: str
    code: str
    flow: str
    flow_file: str
    max_splits: int | None = None


@dataclass(frozen=True, slots=True)
class JobTask:
    """The task that a job runs.

    Attributes:
        path: of a gang that of the task which has split; each node appends its index.
        attempt: how many attempts came before; None where that is not counted.
        nodes: of a gang, how many tasks it is.
    """

    run: Value
    step: str
    path: Value
    attempt: Value | None
    nodes: int | Reference | None = None


def submission(jobs: Jobs, task: JobTask, name: Value, plan: StepPlan) -> dict[str, Any]:
    """The arguments of ``SubmitJob`` for a task."""
    environment = {
        "STEPWELL_DATASTORE": jobs.datastore,
        "STEPWELL_NAMESPACE": jobs.namespace,
        "STEPWELL_USER": jobs.username,
        "STEPWELL_CODE": jobs.code,
        "STEPWELL_FLOW": jobs.flow,
        "STEPWELL_FLOW_FILE": jobs.flow_file,
        "STEPWELL_RUN": task.run,
        "STEPWELL_STEP": task.step,
        "STEPWELL_TASK": task.path,
    }
    if jobs.max_splits is not None:
        environment["STEPWELL_MAX_SPLITS"] = str(jobs.max_splits)
    if task.attempt is not None:
        environment["STEPWELL_ATTEMPT"] = task.attempt
    container = {
        "environment": [{"name": name, "value": value} for name, value in environment.items()],
        "resourceRequirements": [
            {"type": kind, "value": value} for kind, value in _requirements(plan.machine).items()
        ],
    }
    found: dict[str, Any] = {
        "jobName": name,
        "jobQueue": plan.queue,
        "jobDefinition": plan.definition,
        # queues divide their machines between namespaces
        "shareIdentifier": share(jobs.namespace),
        **(_on_nodes(task.nodes, container) if task.nodes is not None else {"containerOverrides": container}),
        # what a role may stop a job by: Batch's own ids say nothing of whose it is
        "tags": {NAMESPACE_TAG: owner(jobs.namespace)},
        "propagateTags": True,
    }
    if plan.limit is not None:
        # the job's limit is a minute above the step's, which ends itself and can be caught
        found["timeout"] = {"attemptDurationSeconds": plan.limit + LEAST_TIMEOUT}
    return found


def _on_nodes(nodes: int | Reference, container: dict[str, Any]) -> dict[str, Any]:
    """The container of every node of a multi-node job."""
    each = [{"targetNodes": ALL_NODES, "containerOverrides": container}]
    return {"nodeOverrides": {"numNodes": nodes, "nodePropertyOverrides": each}}


def _requirements(machine: Machine) -> dict[str, str]:
    asked = {"VCPU": f"{machine.vcpus:g}", "MEMORY": str(machine.memory)}
    return asked | ({"GPU": str(machine.gpus)} if machine.gpus else {})


def name_stem(flow: str, step: str) -> str:
    """What the names of all jobs of a step begin with; the path of the task follows.

    Batch takes letters and digits of ASCII, hyphens and underscores, the first no hyphen or underscore.
    """
    return re.sub(r"[^A-Za-z0-9_-]", "_", f"{flow}-{step}").lstrip("_-")[:_STEM] or "job"


def job_name(flow: str, step: str, path: str) -> str:
    """The name of a task's job."""
    return f"{name_stem(flow, step)}-{path}"[:MAX_NAME]

"""Deployments and their runs, described: facts by name, for people and for programs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice, product
from typing import Any
from zoneinfo import ZoneInfo

from stepwell import aws
from stepwell.client.namespaces import Scope
from stepwell.client.objects import Run
from stepwell.client.reader import is_done
from stepwell.compute.service import MAX_DESCRIBED, Service
from stepwell.compute.submission import name_stem
from stepwell.errors import NoSuchObject
from stepwell.flow.cron import next_time
from stepwell.production.about import About
from stepwell.production.executions import Execution, Executions
from stepwell.production.starters import Starters
from stepwell.production.target import Target
from stepwell.production.tokens import needs_token

_ALIVE = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING")
_MOST_FAILURES, _MOST_STARTS = 5, 3
_EXCERPT = 200
"""Characters of a detail in a table of events."""


def deployment_facts(target: Target) -> dict[str, Any]:
    """What is deployed. Raises `UsageError` where nothing is."""
    machine = target.required_machine()
    about = About.from_definition(machine["definition"])
    starters = Starters(target)
    when = starters.schedule_there()
    return {
        "flow": target.flow,
        "namespace": target.namespace,
        "project": target.project_name,
        "branch": target.project.branch if target.project else None,
        "environment": str(target.environment),
        "state_machine": machine["stateMachineArn"],
        "created": machine["creationDate"],
        "deployed": about.deployed if about else None,
        "deployed_by": about.deployed_by if about else None,
        "code": about.code if about else None,
        "max_workers": about.max_workers if about else None,
        "workflow_timeout": about.timeout if about else None,
        "role": target.mine.role,
        "production_token": "needed" if needs_token(target.namespace) else None,
        "schedule": f"{when['ScheduleExpression']} in {when['ScheduleExpressionTimezone']}" if when else None,
        "next_starts": list(islice(_starts(when), _MOST_STARTS)) if when else [],
        "starts": starters.rules_there(),
    }


def run_facts(target: Target, run: str) -> dict[str, Any]:
    """How a run is. Raises `PlatformError` where Step Functions does not know it."""
    execution = Executions(target).get(run)
    facts: dict[str, Any] = {
        "run": f"{target.flow}/{run}", "status": execution.status,
        "started": execution.started, "stopped": execution.stopped,
    }  # fmt: skip
    try:
        found = Run._of(Scope(target.datastore.store, (target.namespace,)).run(target.flow, run))
    except NoSuchObject:
        found = None
    if found:
        facts |= _done(found)
    facts["why"] = _why(execution, found)
    if execution.status == "RUNNING":
        facts |= _waiting(target, run)
    return facts


def _done(run: Run) -> dict[str, Any]:
    """What the tasks of a run have come to, by step."""
    begun, done = Counter[str](), Counter[str]()
    for task, files in run._reader.files().items():
        begun[task.step] += 1
        done[task.step] += is_done(files)
    trigger = run.trigger
    return {
        "parameters": dict(run.info.parameters),
        "started_by": f"{trigger.event.type} {trigger.event.name}" if trigger else None,
        "steps": [f"{step}: {done[step]} done of {count} begun" for step, count in begun.items()],
    }


def _why(execution: Execution, run: Run | None) -> list[str]:
    """Why a run failed, the first failure first: what its tasks have left, else what Step Functions says."""
    failures = run.failures if run and execution.status != "SUCCEEDED" else []
    said = [f"{one.step}/{one.task}: {one.reason}" for one in failures[:_MOST_FAILURES]]
    if len(failures) > _MOST_FAILURES:
        said.append(f"and {len(failures) - _MOST_FAILURES} more")
    if execution.status == "TIMED_OUT":
        said.append("it took longer than the deployment's --workflow-timeout")
    if not said and execution.error:
        said.append(f"{execution.error}: {' '.join((execution.cause or '').split())[:_EXCERPT]}")
    return said


def _waiting(target: Target, run: str) -> dict[str, Any]:
    """The jobs of a run that Batch has, by status, and why they wait."""
    client = target.client("batch")
    jobs = list(_jobs(target, client, run))
    waits = {
        one.get("statusReason") or Service(client).ails(one["jobQueue"])
        for one in jobs
        if one["status"] == "RUNNABLE"
    }
    counted = Counter(one["status"] for one in jobs)
    return {
        "jobs": [f"{count} {status}" for status, count in counted.items()],
        "waits": sorted(filter(None, waits)),
    }


def _jobs(target: Target, client: Any, run: str) -> Iterator[dict[str, Any]]:
    stems = {name_stem(target.flow, step) for step in target.graph}
    ids: list[str] = []
    with aws.translated(f"jobs of run {run}"):
        for queue, status in product(target.contract.queues, _ALIVE):
            pages = client.get_paginator("list_jobs").paginate(jobQueue=queue.arn, jobStatus=status)
            ids += [
                one["jobId"]
                for page in pages
                for one in page["jobSummaryList"]
                if any(one["jobName"].startswith(stem) for stem in stems)
            ]
    for start in range(0, len(ids), MAX_DESCRIBED):
        for detail in Service(client).describe(ids[start : start + MAX_DESCRIBED]).values():
            variables = {one["name"]: one.get("value") for one in detail["container"]["environment"]}
            if variables.get("STEPWELL_RUN") == run and detail["status"] in _ALIVE:
                yield detail


def _starts(when: dict[str, Any]) -> Iterator[datetime]:
    """When a schedule comes due next."""
    zone = ZoneInfo(when["ScheduleExpressionTimezone"])
    due: datetime | None = datetime.now(UTC)
    while due:
        due = next_time(when["ScheduleExpression"], zone, due, when["CreationDate"])
        if due:
            yield due


def event_row(event: dict[str, Any]) -> dict[str, Any]:
    """An event of a history as a row of a table."""
    details: dict[str, Any] = next(
        (value for name, value in event.items() if name.endswith("EventDetails")), {}
    )
    kept = ("error", "cause", "resource", "output", "input", "parameters")
    said = next((f"{name} {details[name]}" for name in kept if details.get(name)), "")
    return {
        "time": event["timestamp"],
        "event": re.sub(r"(?<=[a-z])(?=[A-Z])", " ", event["type"]).lower(),
        "state": details.get("name", ""),
        "detail": " ".join(said.split())[:_EXCERPT],
    }

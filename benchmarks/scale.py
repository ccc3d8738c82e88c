"""A production run of 100,000 tasks, simulated beside Metaflow's: transitions, events, requests and cost.

No AWS: each framework compiles the same flow to its own state machine, and this walks both machines with
that many items, as Step Functions would::

    python benchmarks/scale.py [--tasks 100000]

What a task asks of S3 is counted, as `counts` does. Metaflow compiles against an AWS of this process
(moto), for its `create` looks for its queue; its machine is taken with and without its distributed map.
docs/scale.md explains the arithmetic.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import boto3
from counts import counting_s3, measure
from sources import FOREACH

from stepwell.cost.prices import Prices, table

MOST_EVENTS = 25_000
"""Events of the history of an execution (AWS Step Functions developer guide, "Service quotas")."""
MOST_BYTES = 262_144
"""Of a state's input or output (the same page)."""
EVENTS = {"Pass": 2, "Choice": 2, "Succeed": 2, "Wait": 2, "Fail": 1, "Parallel": 4}
"""Events that a state adds to the history: entered and exited, at least."""
OF_A_TASK = 6
"""Entered, scheduled, started, submitted, succeeded, exited."""


class Walked(NamedTuple):
    """What an execution comes to, those of a distributed map's children included.

    Attributes:
        transitions: states entered, which is what Step Functions bills.
        events: of the longest history, that of the run itself.
        jobs: submitted to Batch.
        calls: of other services, by the state machine itself.
    """

    transitions: int = 0
    events: int = 0
    jobs: int = 0
    calls: int = 0

    def __add__(self, other: tuple[int, ...]) -> Walked:  # type: ignore[override]
        return Walked(*map(sum, zip(self, other, strict=True)))

    def times(self, count: int) -> Walked:
        return Walked(*(one * count for one in self))


def walk(machine: Mapping[str, Any], tasks: int) -> Walked:
    """Walk a machine, or a part of one, on the way on which all goes well; a map has `tasks` items.

    A map that stands behind a distributed one in the same block goes over that one's few files of results.
    """
    found, name, behind = Walked(), machine["StartAt"], False
    while name:
        state = machine["States"][name]
        kind = state["Type"]
        if kind == "Task":
            is_job = "batch:submitJob" in state["Resource"]
            found += Walked(1, OF_A_TASK, int(is_job), int(not is_job))
        elif kind == "Map":
            inner = state.get("ItemProcessor") or state["Iterator"]
            distributed = inner.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED"
            count = 1 if behind else tasks
            of_items = walk(inner, tasks).times(count)
            # each item of an inline map starts and ends in the run's own history
            own = 4 if distributed else 4 + 2 * count + of_items.events
            found += Walked(1 + of_items.transitions, own, of_items.jobs, of_items.calls)
            behind = distributed
        elif kind == "Parallel":
            parts = [walk(branch, tasks) for branch in state["Branches"]]
            found = sum(parts, found + Walked(1, EVENTS[kind]))
        else:
            found += Walked(1, EVENTS[kind])
        name = state.get("Next") or state.get("Default")
    return found


def created(file: Path, environ: Mapping[str, str], options: Sequence[str], create: Sequence[str]) -> Any:
    """The state machine that a flow's ``step-functions create --only-json`` prints."""
    command = [sys.executable, str(file), *options, "step-functions", "create", "--only-json", *create]
    ended = subprocess.run(command, env=dict(environ), cwd=file.parent, capture_output=True, text=True)
    if ended.returncode:
        raise RuntimeError(ended.stderr)
    return json.loads(ended.stdout[ended.stdout.index("{") :])


def machines(tasks: int) -> dict[str, Any]:
    """The state machines, by who made them."""
    with tempfile.TemporaryDirectory() as name, counting_s3() as (url, _):
        folder, environ = Path(name), {**os.environ, "USER": "bench", "AWS_ENDPOINT_URL": url}
        files = {}
        for framework in ("stepwell", "metaflow"):
            files[framework] = folder / f"flow_{framework}.py"
            files[framework].write_text(FOREACH.format(framework=framework, items=tasks))
        role = _metaflows_needs(url)
        settings = {
            "S3_ENDPOINT_URL": url, "DATASTORE_SYSROOT_S3": "s3://bench/metaflow", "SERVICE_URL": url,
            "DEFAULT_DATASTORE": "s3", "BATCH_JOB_QUEUE": "bench", "ECS_S3_ACCESS_IAM_ROLE": role,
            "ECS_FARGATE_EXECUTION_ROLE": role, "SFN_IAM_ROLE": role, "SFN_DYNAMO_DB_TABLE": "bench",
        }  # fmt: skip
        theirs = {**environ, **{f"METAFLOW_{key}": value for key, value in settings.items()}}
        options = ["--metadata", "local", "--datastore", "s3"]
        return {
            "stepwell": created(files["stepwell"], environ, [], []),
            "metaflow": created(files["metaflow"], theirs, options, []),
            "metaflow, distributed": created(files["metaflow"], theirs, options, ["--use-distributed-map"]),
        }


def _metaflows_needs(url: str) -> str:
    """Make what Metaflow looks for when it deploys: a bucket and a queue; returns a role's ARN."""

    def client(service: str) -> Any:
        return boto3.client(service, endpoint_url=url)

    client("s3").create_bucket(Bucket="bench")
    role: str = client("iam").create_role(RoleName="bench", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    machine = {
        "type": "FARGATE",
        "maxvCpus": 16,
        "subnets": [client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]],
        "securityGroupIds": [client("ec2").describe_security_groups()["SecurityGroups"][0]["GroupId"]],
    }
    batch = client("batch")
    environment = batch.create_compute_environment(
        computeEnvironmentName="bench", type="MANAGED", serviceRole=role, computeResources=machine
    )["computeEnvironmentArn"]
    batch.create_job_queue(
        jobQueueName="bench", state="ENABLED", priority=1,
        computeEnvironmentOrder=[{"order": 1, "computeEnvironment": environment}],
    )  # fmt: skip
    return role


def requests(framework: str, items: int = 20) -> tuple[float, float]:
    """Writes and reads in S3 of a task of a foreach, counted."""
    few, many = measure(framework, 1)[1], measure(framework, items + 1)[1]
    made = {method: (many[method] - few[method]) / items for method in few | many}
    writes = sum(made.get(method, 0) for method in ("PUT", "POST"))
    return writes, sum(made.values()) - writes


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--tasks", type=int, default=100_000)
    tasks: int = arguments.parse_args().tasks
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
    os.environ |= {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    prices = Prices(table(), "us-east-1")
    a_thousand = {name: prices[name].amount for name in ("transitions", "s3.put", "s3.get")}
    asked = {framework: requests(framework) for framework in ("stepwell", "metaflow")}
    items = len(json.dumps(list(range(tasks))))
    rows = []
    for who, machine in machines(tasks).items():
        walked, (writes, reads) = walk(machine, tasks), asked[who.partition(",")[0]]
        inline = "DISTRIBUTED" not in json.dumps(machine)
        limits = [f"history of {walked.events:,} events"] if walked.events > MOST_EVENTS else []
        limits += [f"items of {items:,} bytes in a state"] if inline and items > MOST_BYTES else []
        transitions = walked.transitions / tasks
        amounts = zip((transitions, writes, reads), a_thousand.values(), strict=True)
        rows.append(
            {
                "who": who,
                "definition": len(json.dumps(machine)),
                "jobs": walked.jobs,
                "transitions": transitions,
                "events": walked.events,
                "writes": writes,
                "reads": reads,
                "cost": sum(amount * price for amount, price in amounts),
                "beyond": limits,
            }
        )
    print(f"\nA foreach of {tasks:,} tasks on Step Functions, list prices of us-east-1, {prices.date}\n")
    print(
        f"{'':<24}{'machine':>11}{'jobs':>9}{'transitions':>13}{'S3 writes':>11}{'S3 reads':>10}{'cost':>14}"
    )
    print(f"{'':<24}{'bytes':>11}{'':>9}{'a task':>13}{'a task':>11}{'a task':>10}{'1,000 tasks':>14}")
    for row in rows:
        print(
            f"{row['who']:<24}{row['definition']:>11,}{row['jobs']:>9,}{row['transitions']:>13.3f}"
            f"{row['writes']:>11.2f}{row['reads']:>10.2f}{'$':>8}{row['cost']:.4f}"
        )
        for limit in row["beyond"]:
            print(f"{'':<24}can't run: {limit}")
    print(json.dumps({"tasks": tasks, "results": rows}))


if __name__ == "__main__":
    main()

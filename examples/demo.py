"""The whole road in a few minutes: ``make demo``.

Real flights are loaded into fact tables by one flow; another learns from them which carriers'
delays can be predicted. Both run on this machine, then on a local AWS to which a real
``cdktf deploy`` has deployed the environment of environments.toml. IAM is enforced there: each user acts
with the rights of her own role, and so does each task.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stepwell.cloud import control

ROOT = Path(__file__).parents[1]
FLIGHTS = ROOT / "examples" / "flights"
HOME = ROOT / ".stepwell" / "demo"
FOUNDATION, ENVIRONMENT = "foundation-us-east-1", "growth-dev"
LOAD, PREDICT = "load.py", "predict.py"


class Clock:
    """How long each part of the demo took."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, float]] = []

    @contextmanager
    def part(self, title: str) -> Iterator[None]:
        """A part of the demo, under its title."""
        print(f"\n\x1b[1m━━ {len(self.parts) + 1}. {title} \x1b[0m".ljust(100, "━"), flush=True)
        began = time.monotonic()
        yield
        self.parts.append((title, time.monotonic() - began))

    def show(self) -> None:
        """A bar for each part."""
        total = sum(seconds for _, seconds in self.parts)
        for title, seconds in self.parts:
            print(f"{title:<62}{seconds:>6.1f} s  {'█' * round(40 * seconds / total)}")
        print(f"{'all of it':<62}{total:>6.1f} s")


def flow(file: str, *arguments: str, user: str, fails: bool = False) -> str:
    """Run ``python FILE ARGUMENTS`` as a user, show what it prints, and return its last line.

    It has to succeed, or to fail where it `fails`.
    """
    print(f"$ python {file} {' '.join(arguments)}", flush=True)
    process = subprocess.Popen(
        [sys.executable, str(FLIGHTS / file), *arguments],
        env={**os.environ, "STEPWELL_HOME": str(HOME), "STEPWELL_USER": user},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    last = ""
    for line in process.stdout:
        print(line, end="", flush=True)
        last = line
    if bool(process.wait()) != fails:
        raise SystemExit(f"python {file} {' '.join(arguments)} {'did not fail' if fails else 'failed'}")
    return last.rstrip()


def act_as(user: str, cloud: control.CloudInfo) -> None:
    """Assume the role of a user: all that follows has its rights and no others."""
    from stepwell import aws

    role = f"stepwell-{ENVIRONMENT}-user-{user}"
    print(f'$ eval "$(stepwell local env --role {role})"', flush=True)
    os.environ.update(control.environment(cloud, [role]))
    aws.forget()


def start_deploy(variables: dict[str, str]) -> subprocess.Popen[bytes]:
    """Begin ``cdktf deploy`` of both stacks in the background; what it prints goes to a file."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    options = f"--auto-approve --no-color --output '{HOME / 'cdktf.out'}'"
    script = " && ".join(f"cdktf deploy {stack} {options}" for stack in (FOUNDATION, ENVIRONMENT))
    with (HOME / "deploy.log").open("wb") as log:
        return subprocess.Popen(
            ["/bin/sh", "-c", script],
            cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
            env={**os.environ, **variables, "PATH": f"{ROOT / 'node_modules/.bin'}{os.pathsep}{path}"},
        )  # fmt: skip


def finish_deploy(deploy: subprocess.Popen[bytes]) -> None:
    """Wait for the deploy's end; every few seconds a line says how far it is."""
    log = HOME / "deploy.log"
    for stack in (FOUNDATION, ENVIRONMENT):
        print(f"$ cdktf deploy {stack} --auto-approve", flush=True)
    while deploy.poll() is None:
        time.sleep(5)
        created = log.read_text().count("Creation complete")
        print(f"  {created} resources created, now waiting for the provider", flush=True)
    text = log.read_text()
    if deploy.returncode:
        raise SystemExit(f"cdktf deploy failed:\n{text[-4000:]}")
    print(*(line.strip() for line in text.splitlines() if "Apply complete!" in line), sep="\n")


def follow(name: str, run: str, user: str) -> list[dict[str, Any]]:
    """Show a production run's progress until it ends; returns its execution's history."""
    from stepwell import Flow, aws
    from stepwell.errors import NoSuchObject

    states = aws.client("stepfunctions")
    (machine,) = [
        one["stateMachineArn"]
        for one in states.list_state_machines()["stateMachines"]
        if one["name"].endswith(f"-{name}")
    ]
    execution = f"{machine.replace(':stateMachine:', ':execution:')}:{run.removeprefix('sfn-')}"
    shown = ""
    while True:
        status = states.describe_execution(executionArn=execution)["status"]
        try:
            seen = Flow(name, namespace=f"user/{user}", datastore="s3")[run]
            done = {step.id: sum(task.successful for task in step) for step in seen}
        except NoSuchObject:
            done = {}
        line = ", ".join(f"{step} {count}" for step, count in done.items()) or "waiting for the first job"
        if line != shown:
            print(f"  {status:<10} tasks done: {line}", flush=True)
            shown = line
        if status != "RUNNING":
            break
        time.sleep(2)
    if status != "SUCCEEDED":
        raise SystemExit(f"run {run} ended {status}; its jobs' logs: Flow('{name}')['{run}']")
    pages = states.get_paginator("get_execution_history").paginate(executionArn=execution)
    return [event for page in pages for event in page["events"]]


def show_history(events: list[dict[str, Any]]) -> None:
    """The events of an execution that say something, with the seconds since its start."""
    began = events[0]["timestamp"]
    for event in events:
        details: dict[str, Any] = next((value for key, value in event.items() if key.endswith("Details")), {})
        name = details.get("name", "")
        if event["type"].endswith(("Entered", "Scheduled")) or event["type"].startswith(
            ("Execution", "MapRun")
        ):
            seconds = (event["timestamp"] - began).total_seconds()
            print(f"  {event['id']:>4} {seconds:>7.1f} s  {event['type']:<24} {name}")


def main() -> None:
    """The demo."""
    clock = Clock()
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    with clock.part("The flow, drawn from its source"):
        flow(PREDICT, "show", user="ada")
    with control.running(HOME, enforce_iam=True) as cloud:
        everywhere(cloud, clock)


def everywhere(cloud: control.CloudInfo, clock: Clock) -> None:
    """Here while it is deployed, then in production."""
    deploy = start_deploy(control.environment(cloud))
    try:
        with clock.part("On this machine (the deploy has begun in the background)"):
            flow(LOAD, "run", user="dana")
            flow(PREDICT, "run", user="ada")
        with clock.part(f"A real cdktf deploy to the local cloud at {cloud.url}"):
            finish_deploy(deploy)
        os.environ.update({"STEPWELL_ENVIRONMENT": ENVIRONMENT, "STEPWELL_DATASTORE": "s3"})
        with clock.part("In production: dana, a data engineer, loads the fact tables"):
            act_as("dana", cloud)
            flow(LOAD, "step-functions", "create", user="dana")
            run = flow(LOAD, "step-functions", "trigger", user="dana").split()[-1]
            follow("LoadFlights", run, "dana")
        with clock.part("In production: ada, a data scientist, predicts; a Batch job for each carrier"):
            act_as("ada", cloud)
            flow(PREDICT, "step-functions", "create", user="ada")
            run = flow(PREDICT, "step-functions", "trigger", user="ada").split()[-1]
            history = follow("PredictDelays", run, "ada")
            flow(PREDICT, "step-functions", "list-runs", user="ada")
        with clock.part("What Step Functions has done"):
            show_history(history)
        with clock.part("What the run has found, and whether it is what this machine found"):
            compare(run)
        with clock.part("What ada, a data scientist, may not: write the facts"):
            flow(LOAD, "run", "--quiet", user="ada", fails=True)
        with clock.part("The tables, queried with SQL"):
            print("$ python query.py", flush=True)
            subprocess.run([sys.executable, FLIGHTS / "query.py"], check=True)
    finally:
        if deploy.poll() is None:
            os.killpg(deploy.pid, signal.SIGTERM)
            deploy.wait()
    print("\n\x1b[1m━━ How long each part took \x1b[0m".ljust(100, "━"))
    clock.show()


def compare(run: str) -> None:
    """The production run's report, and its result beside that of the local run."""
    from stepwell import Flow

    production = Flow("PredictDelays", namespace="user/ada", datastore="s3")[run]
    local = Flow("PredictDelays", namespace="user/ada", datastore=str(HOME)).latest_successful_run
    print(production["end"].task.stdout)
    ours, theirs = (one.data.ranking.to_pylist() for one in (local, production))
    if ours != theirs:
        raise SystemExit(f"the runs differ:\n{json.dumps(ours)}\n{json.dumps(theirs)}")
    print(
        f"The ranking of {len(ours)} carriers is the same on this machine and in production, value by value."
    )


if __name__ == "__main__":
    main()

"""Runs of deployed flows: seen, ended, and explained when they fail; the commands, on the local cloud."""

from __future__ import annotations

import re
import time
from datetime import datetime

import pytest

from stepwell import Flow, Run
from tests.runtime.production.conftest import Place, until
from tests.runtime.production.flows import write

pytestmark = pytest.mark.xdist_group("quick")
CREATE = ("step-functions", "create")

SLOW = """
    @step
    def start(self):
        print("sleeping")
        time.sleep(120)
        self.next(self.end)

    @step
    def end(self): pass
"""
FAILING = """
    @step
    def start(self):
        self.xs = [1, 0]
        self.next(self.divide, foreach="xs")

    @step
    def divide(self):
        print("dividing by", self.input)
        self.share = 1 / self.input
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self): pass
"""
DYING = """
    @step
    def start(self):
        print("last words", flush=True)
        os.killpg(0, signal.SIGKILL)
        self.next(self.end)

    @step
    def end(self): pass
"""


def test_a_run_is_seen(place: Place) -> None:
    """A run's id goes to a file; it is listed, described, its logs are read and its history is there."""
    file = write(place.folder, name="Seen")
    place.did(file, *CREATE)
    place.did(
        file, "step-functions", "trigger", "--alpha", "3", "--run-id-file", "run.txt", "--tag", "nightly"
    )
    run = (place.folder / "run.txt").read_text()
    assert place.ended(file, run) == "SUCCEEDED"
    (listed,) = place.json(file, "step-functions", "list-runs", "--succeeded")
    assert listed["run"] == run and datetime.fromisoformat(listed["stopped"])
    assert place.json(file, "step-functions", "list-runs", "--failed", "--running") == []
    assert re.match(r"RUN +STATUS +STARTED +STOPPED\n" + run, place.did(file, "step-functions", "list-runs"))
    found = place.json(file, "step-functions", "describe", run)
    assert (found["status"], found["parameters"], found["why"]) == ("SUCCEEDED", {"alpha": "3"}, [])
    assert found["steps"] == ["end: 1 done of 1 begun", "start: 1 done of 1 begun"]
    assert place.did(file, "step-functions", "logs", f"{run}/start") == "alpha is 3\n"
    history = place.json(file, "step-functions", "history", run)
    assert (history[0]["type"], history[-1]["type"]) == ("ExecutionStarted", "ExecutionSucceeded")
    shown = place.did(file, "step-functions", "history", run)
    assert re.search(r"task state entered +start +input", shown)


def test_a_run_that_failed_says_why(place: Place) -> None:
    """The first failure comes first in `describe`, and in the logs of the task."""
    file = write(place.folder, FAILING, name="Failing")
    place.did(file, *CREATE)
    run = place.triggered(file)
    assert place.ended(file, run) == "FAILED"
    found = place.json(file, "step-functions", "describe", run)
    assert found["why"] == ["divide/0-1: ZeroDivisionError: division by zero"]
    assert found["steps"] == ["divide: 1 done of 2 begun", "start: 1 done of 1 begun"]
    assert "why      divide/0-1: ZeroDivisionError" in place.did(file, "step-functions", "describe", run)
    logs = place.run(file, "step-functions", "logs", f"{run}/divide/0-1")
    assert logs.stdout == "dividing by 0\n" and "ZeroDivisionError" in logs.stderr
    assert Flow("Failing", datastore="s3")[run].finished


def test_a_task_that_died_without_a_word_is_explained(place: Place) -> None:
    """A container that is killed whole leaves no failure: the run, its logs and the client still say why."""
    file = write(place.folder, DYING, name="Dying")
    place.did(file, *CREATE)
    run = place.triggered(file)
    assert place.ended(file, run) == "FAILED"
    (why,) = place.json(file, "step-functions", "describe", run)["why"]
    assert re.match(
        r"start/0: its Batch job \S+ ended: the container was killed by SIGKILL \(exit code 137\), maybe for "
        r"want of memory; ask for more memory: @resources\(memory=...\)",
        why,
    )
    assert "killed by SIGKILL" in place.run(file, "step-functions", "logs", run).stderr
    found = Flow("Dying", datastore="s3")[run]
    assert [failure.reason for failure in found.failures] == [why.removeprefix("start/0: ")]
    assert found.finished and found["start"].task.finished


def test_a_task_that_never_began_is_explained(place: Place) -> None:
    """A job that is never placed and taken from the queue, before the run has begun, is told all the same."""
    file = write(place.folder, name="Placeless")
    place.did(file, *CREATE)
    batch = place.client("batch")
    holders = [_holder(place) for _ in range(8)]
    try:
        run = place.triggered(file)

        def waiting() -> list[str]:
            jobs = batch.list_jobs(jobQueue=place.contract.queues[0].arn, jobStatus="RUNNABLE")[
                "jobSummaryList"
            ]
            return [job["jobId"] for job in jobs if job["jobName"] == "Placeless-start-0"]

        (job,) = until(waiting)
        assert place.json(file, "step-functions", "describe", run)["jobs"] == ["1 RUNNABLE"]
        batch.terminate_job(jobId=job, reason="MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT")
        assert place.ended(file, run) == "FAILED"
    finally:
        for holder in holders:
            batch.terminate_job(jobId=holder, reason="the test is over")
    said = (
        f"its Batch job {job} ended: MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT; ask for less with @resources"
    )
    assert place.json(file, "step-functions", "describe", run)["why"][0].startswith(f"start/0: {said}")
    assert said in place.run(file, "step-functions", "logs", run).stderr
    found = Run(f"Placeless/{run}", datastore="s3")
    assert found.finished and found.failures[0].reason.startswith(said)


def _holder(place: Place) -> str:
    """A job that takes a slot of the local cloud."""
    definition = place.client("batch").register_job_definition(
        jobDefinitionName="holder", type="container",
        containerProperties={
            "image": "local", "command": ["sleep", "300"],
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}],
        },
    )["jobDefinitionArn"]  # fmt: skip
    job: str = place.client("batch").submit_job(
        jobName="holder", jobQueue=place.contract.queues[0].arn, jobDefinition=definition,
        shareIdentifier="holder", schedulingPriorityOverride=1,
    )["jobId"]  # fmt: skip
    return job


def test_a_run_that_is_terminated(place: Place) -> None:
    """`terminate` ends a run with its jobs, and says so of one that has ended before."""
    file = write(place.folder, SLOW, name="Slow")
    place.did(file, *CREATE)
    run = place.triggered(file)
    found = until(lambda: place.json(file, "step-functions", "describe", run)["jobs"] == ["1 RUNNING"])
    assert found
    assert "are being ended" in place.did(file, "step-functions", "terminate", run)
    assert place.ended(file, run) == "ABORTED"
    assert f"Run {run} had ABORTED" in place.did(file, "step-functions", "terminate", run)
    until(lambda: not _alive(place))
    assert Flow("Slow", datastore="s3")[run].finished


def _alive(place: Place) -> list[str]:
    """Jobs that run."""
    jobs = place.client("batch").list_jobs(jobQueue=place.contract.queues[0].arn, jobStatus="RUNNING")
    return [job["jobId"] for job in jobs["jobSummaryList"]]


def test_a_run_that_takes_too_long(place: Place) -> None:
    """`--workflow-timeout` ends a run, and `describe` says that it was that."""
    file = write(place.folder, SLOW, name="Timed")
    place.did(file, *CREATE, "--workflow-timeout", "5")
    run = place.triggered(file)
    began = time.monotonic()
    assert place.ended(file, run) == "TIMED_OUT"
    assert time.monotonic() - began < 60
    why = place.json(file, "step-functions", "describe", run)["why"]
    assert why == ["it took longer than the deployment's --workflow-timeout"]


def test_only_deployers_end_production_runs(place: Place) -> None:
    """To end a run of production one needs its token, as to deploy."""
    file = write(place.folder, SLOW, decorators='@project(name="fraud")', name="Ended")
    place.did(file, "--production", *CREATE)
    run = place.triggered(file, before=("--production",))
    refused = place.of("bob").refused(file, "--production", "step-functions", "terminate", run)
    assert "this needs its production token" in refused
    place.did(file, "--production", "step-functions", "terminate", run)
    assert place.ended(file, run, ("--production",)) == "ABORTED"


def test_a_failed_run_is_resumed(place: Place) -> None:
    """A failed production run goes on where it stopped, with the code that is deployed now."""
    file = write(place.folder, FAILING, name="Resumed")
    place.did(file, *CREATE)
    failed = place.triggered(file)
    assert place.ended(file, failed) == "FAILED"
    write(place.folder, FAILING.replace("1 / self.input", "1 / (self.input or 2)"), name="Resumed")
    place.did(file, *CREATE)
    resumed = place.did(file, "step-functions", "resume", "--origin-run-id", failed).split()[-1]
    assert place.ended(file, resumed) == "SUCCEEDED"
    tasks = Flow("Resumed", datastore="s3")[resumed]["divide"]
    assert [task.metadata_dict.get("taken_from") for task in tasks] == [f"Resumed/{failed}/divide/0-0", None]


def test_a_run_that_is_not_there(place: Place) -> None:
    """A run that Step Functions does not know is one line."""
    file = write(place.folder, name="Known")
    place.did(file, *CREATE)
    for command in ("describe", "history", "terminate"):
        refused = place.refused(file, "step-functions", command, "sfn-nothing")
        assert refused.startswith("run sfn-nothing: AWS answered ExecutionDoesNotExist")


def test_a_deployment_is_renewed_while_it_runs(place: Place) -> None:
    """A run goes on with the code that it began with; the next has the new one."""
    body = """
    @step
    def start(self):
        time.sleep(4)
        self.next(self.end)

    @step
    def end(self):
        self.version = 1
"""
    file = write(place.folder, body, name="Renewed")
    place.did(file, *CREATE)
    old = place.triggered(file)
    write(
        place.folder,
        body.replace("self.version = 1", "self.version = 2").replace("(4)", "(0)"),
        name="Renewed",
    )
    place.did(file, *CREATE)
    new = place.triggered(file)
    assert (place.ended(file, old), place.ended(file, new)) == ("SUCCEEDED", "SUCCEEDED")
    flow = Flow("Renewed", datastore="s3")
    assert (flow[old].data.version, flow[new].data.version) == (1, 2)

"""Runs on Step Functions, seen as local ones are: listed, and followed to their end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stepwell.deployer.flows import Deployer, TriggeredRun
from tests.support import write_flow

pytestmark = pytest.mark.xdist_group("quick")

STEPWELL = str(Path(sys.executable).parent / "stepwell")
BODY = """
wait = Parameter("wait", default=0.0)

@step
def start(self):
    self.xs = [0, 1, 2]
    self.next(self.work, foreach="xs")

@step
def work(self):
    time.sleep(self.wait)
    self.next(self.join)

@step
def join(self, inputs):
    self.next(self.end)

@step
def end(self): pass
"""


def watching(run: str) -> subprocess.Popen[str]:
    """``stepwell watch RUN``, as a person calls it who has the environment's variables set."""
    command = [STEPWELL, "watch", run, "--datastore=s3"]
    return subprocess.Popen(
        command, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def listed() -> dict[str, str]:
    """Of each run that ``stepwell runs`` lists its status."""
    command = [STEPWELL, "runs", "--datastore=s3", "--json"]
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=True)
    return {one["run"]: one["status"] for one in json.loads(done.stdout)}


def test_a_production_run_is_followed(tmp_path: Path, stepwell_environment: dict[str, str]) -> None:
    """A run is followed from before its first job to its end, with the items of its foreach."""
    run = Deployer(write_flow(tmp_path, BODY)).step_functions().create().trigger()
    out, err = (watch := watching(run.id)).communicate(timeout=120)
    assert watch.returncode == 0, (out, err)
    assert "of tester, step-functions" in out and "work: 3 of 3 done" in out
    assert f"Made/{run.id} succeeded after" in out
    assert listed()[run.id] == "succeeded"


def test_a_production_run_that_was_aborted(tmp_path: Path, stepwell_environment: dict[str, str]) -> None:
    """A run that is terminated ends the watching, though no task of it could say so."""
    run = Deployer(write_flow(tmp_path, BODY)).step_functions().create().trigger(wait=300.0)
    wait_until_it_runs(run)
    watch = watching(run.id)
    run.terminate()
    out, err = watch.communicate(timeout=120)
    assert watch.returncode == 1, (out, err)
    assert err == f"Error: run Made/{run.id} failed: it was interrupted\n"
    assert listed()[run.id] == "failed"


def test_a_run_of_a_project_that_was_aborted_before_it_began(
    tmp_path: Path, stepwell_environment: dict[str, str]
) -> None:
    """A console that aborts a run leaves no word, and before its first task nothing says which project the
    flow is of: that it was aborted is seen all the same."""
    file = write_flow(tmp_path, BODY, "from stepwell import project")
    file.write_text(file.read_text().replace("class Made", '@project(name="fraud")\nclass Made'))
    run = Deployer(file).step_functions().create().trigger()
    production = run._production
    production.states.stop_execution(executionArn=production.execution_arn(run.id.removeprefix("sfn-")))
    out, err = (watch := watching(run.id)).communicate(timeout=120)
    assert watch.returncode == 1, (out, err)
    assert err == (
        f"Error: run Made/{run.id} failed before its first task began: its execution was aborted\n"
    )


def wait_until_it_runs(run: TriggeredRun) -> None:
    deadline = time.monotonic() + 60
    while run.run is None:
        assert time.monotonic() < deadline
        time.sleep(0.2)

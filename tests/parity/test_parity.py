"""The same flow leaves the same artifacts on a laptop and on Step Functions, value by value."""

from __future__ import annotations

import math
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stepwell import Flow
from stepwell.client.objects import Run
from stepwell.flow.decorators.catch import CaughtException
from tests.deployment import Deployed
from tests.support import FLOWS, run_flow, write_flow

pytestmark = [pytest.mark.cloud, pytest.mark.xdist_group("cloud")]

GRAPHS = {
    "linear.py": ("Linear", ["--alpha", "11"], 3),
    "branch.py": ("Branch", [], 6),
    "foreach.py": ("Foreach", ["--items", "5"], 13),
    "nested.py": ("Nested", [], 15),
    "branch_in_foreach.py": ("BranchInForeach", [], 12),
    "switch.py": ("Switch", ["--size", "30"], 5),
    "recursion.py": ("Recursion", [], 32),
    "attempts.py": ("Attempts", [], 7),
}


@pytest.fixture
def cloud(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables of a data scientist of the deployed environment, set here for the client too."""
    variables = {**deployed.variables, "STEPWELL_USER": "ada"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


def in_production(file: Path, home: Path, cloud: dict[str, str], *parameters: str) -> tuple[str, str]:
    """Deploy a flow, trigger it and wait for its end: the run's id and its status."""
    created = run_flow(file, home, "step-functions", "create", **cloud)
    assert created.returncode == 0, created.stderr
    triggered = run_flow(file, home, "step-functions", "trigger", *parameters, **cloud)
    assert triggered.returncode == 0, triggered.stderr
    run = triggered.stdout.split()[-1]
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        listed = run_flow(file, home, "step-functions", "list-runs", **cloud)
        assert listed.returncode == 0, listed.stderr
        found = re.search(rf"{run} +(\w+)", listed.stdout)
        if found and found[1] != "RUNNING":
            return run, found[1]
        time.sleep(1)
    raise AssertionError(f"run {run} did not end: {listed.stdout}")


def same(left: Any, right: Any) -> bool:
    """Equal in type and value; NaN equals NaN."""
    if type(left) is not type(right):
        return False
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and np.array_equal(left, right)
    if isinstance(left, CaughtException):
        # its traceback names the folder that the code ran in
        return (left.type, left.message) == (right.type, right.message)
    if isinstance(left, float):
        return left == right or (math.isnan(left) and math.isnan(right))
    if hasattr(left, "equals"):
        return bool(left.equals(right))
    return bool(left == right)


def tasks(run: Run) -> dict[str, dict[str, Any]]:
    """Every artifact of every task of a run."""
    return {
        f"{step.id}/{task.id}": {name: task[name].load() for name in task.artifacts}
        for step in run
        for task in step
    }


@pytest.mark.parametrize("file", GRAPHS)
def test_artifacts_are_the_same(file: str, cloud: dict[str, str], tmp_path: Path) -> None:
    """Each graph leaves the same tasks with the same artifacts locally and on Step Functions."""
    flow, parameters, count = GRAPHS[file]
    home = tmp_path / "home"
    ended = run_flow(FLOWS / file, home, "run", *parameters, STEPWELL_USER="ada")
    assert ended.returncode == 0, ended.stderr
    run_id, status = in_production(FLOWS / file, home, cloud, *parameters)
    assert status == "SUCCEEDED"
    local = tasks(Flow(flow, datastore=str(home)).latest_successful_run)
    production = tasks(Flow(flow, datastore="s3")[run_id])
    assert len(local) == count
    assert local.keys() == production.keys()
    for task, artifacts in local.items():
        assert artifacts.keys() == production[task].keys(), task
        for name, value in artifacts.items():
            assert same(value, production[task][name]), (task, name, value, production[task][name])


def test_a_failure_is_the_same(cloud: dict[str, str], tmp_path: Path) -> None:
    """A foreach task that raises fails the run; failure, log and finished artifacts are as locally."""
    body = """
    @step
    def start(self):
        self.xs = [4, 0]
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
    file = write_flow(tmp_path, body)
    home = tmp_path / "home"
    assert run_flow(file, home, "run", "--max-workers", "1", STEPWELL_USER="ada").returncode == 1
    run_id, status = in_production(file, home, cloud)
    assert status == "FAILED"
    local = Flow("Made", datastore=str(home)).latest_run
    production = Flow("Made", datastore="s3")[run_id]
    for run in (local, production):
        (failure,) = run.failures
        assert (failure.step, failure.task, failure.reason) == (
            "divide", "0-1", "ZeroDivisionError: division by zero",
        )  # fmt: skip
        assert run["divide"]["0-1"].stdout == "dividing by 0\n"
        assert "ZeroDivisionError" in run["divide"]["0-1"].stderr
        assert run["divide"]["0-0"].data.share == 0.25
        assert run.finished and not run.successful

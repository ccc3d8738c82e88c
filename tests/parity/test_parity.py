"""The same flow leaves the same artifacts on a laptop, on Batch and on Step Functions, value by value."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stepwell import Flow, aws
from tests.comparing import assert_same
from tests.deployment import Deployed
from tests.support import FLOWS, in_production, run_flow, write_flow

pytestmark = [pytest.mark.cloud, pytest.mark.xdist_group("cloud")]

GRAPHS = {
    "linear.py": ("Linear", ["--alpha", "11"], 3),
    "branch.py": ("Branch", [], 6),
    "foreach.py": ("Foreach", ["--items", "5"], 13),
    "nested.py": ("Nested", [], 15),
    "branch_in_foreach.py": ("BranchInForeach", [], 12),
    "switch.py": ("Switch", ["--size", "30"], 8),
    "recursion.py": ("Recursion", [], 32),
    "attempts.py": ("Attempts", [], 7),
    "tolerant.py": ("Tolerant", [], 17),
}


@pytest.fixture
def cloud(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables of a data scientist of the deployed environment, set here for the client too.

    She has the rights of her role, and her tasks those of theirs.
    """
    variables = {**deployed.acting_as("user-ada"), "STEPWELL_USER": "ada"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    aws.forget()
    return variables


@pytest.mark.parametrize("file", GRAPHS)
def test_artifacts_are_the_same(file: str, cloud: dict[str, str], tmp_path: Path) -> None:
    """Each graph leaves the same tasks with the same artifacts locally and on Step Functions."""
    flow, parameters, count = GRAPHS[file]
    home = tmp_path / "home"
    ended = run_flow(FLOWS / file, home, "run", *parameters, STEPWELL_USER="ada")
    assert ended.returncode == 0, ended.stderr
    run_id, status = in_production(FLOWS / file, home, cloud, *parameters)
    assert status == "SUCCEEDED"
    local = Flow(flow, datastore=str(home)).latest_successful_run
    assert_same(local, Flow(flow, datastore="s3")[run_id], count)


@pytest.mark.parametrize("file", ["foreach.py", "switch.py"])
def test_artifacts_of_batch_jobs_are_the_same(file: str, cloud: dict[str, str], tmp_path: Path) -> None:
    """`run --with batch` leaves the same tasks with the same artifacts in the deployed environment."""
    flow, parameters, count = GRAPHS[file]
    home = tmp_path / "home"
    local = run_flow(FLOWS / file, home, "run", *parameters, STEPWELL_USER="ada")
    assert local.returncode == 0, local.stderr
    on_batch = run_flow(FLOWS / file, home, "--datastore=s3", "run", "--with", "batch", *parameters, **cloud)
    assert on_batch.returncode == 0, on_batch.stderr
    runs = Flow(flow, datastore="s3")
    (run_id,) = {line.split("/")[0] for line in re.findall(r"\[(\S+/\S+)", on_batch.stdout)}
    assert_same(Flow(flow, datastore=str(home)).latest_successful_run, runs[run_id], count)


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

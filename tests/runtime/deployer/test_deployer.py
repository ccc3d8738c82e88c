"""Flows that are deployed and started from Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stepwell import Flow
from stepwell.deployer.flows import DeployedFlow, Deployer
from stepwell.deployer.load import load_flow
from stepwell.errors import ParameterError, UsageError
from stepwell.production.deploy import Production
from tests.support import FLOWS, write_flow

pytestmark = pytest.mark.xdist_group("quick")

BODY = """
alpha = Parameter("alpha", default=1)
wait = Parameter("wait", default=0.0)

@step
def start(self):
    time.sleep(self.wait)
    self.double = twice(self.alpha)
    self.next(self.end)

@step
def end(self):
    assert self.alpha != 13
"""
RAISING = """
@step
def start(self):
    raise ValueError("no")
    self.next(self.end)
@step
def end(self): pass
"""
DYING = """
@retry(times=1, minutes_between_retries=0)
@step
def start(self):
    os.kill(os.getpid(), 9)
    self.next(self.end)
@step
def end(self): pass
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A flow's file, with a neighbor it imports."""
    (tmp_path / "neighbor.py").write_text("def twice(x):\n    return 2 * x\n")
    return write_flow(tmp_path, BODY, "from neighbor import twice")


def test_a_flow_is_deployed_and_run(file: Path, stepwell_environment: dict[str, str]) -> None:
    """A deployed flow is triggered with parameters, waited for and read; its runs are listed."""
    file.write_text(file.read_text().replace("Made", "Listed"))  # no other test's
    deployed = Deployer(file).step_functions().create(max_workers=2, tags=["ours"])
    assert (deployed.name, deployed.flow_name) == ("stepwell-test-local-user-tester-Listed", "Listed")
    good = deployed.trigger(alpha=3, tags=["good"])
    assert good.wait(timeout=60) == good.status == "SUCCEEDED"
    assert good.run is not None and good.run.data.double == 6
    assert good.run.user_tags == {"ours", "good"}
    bad = deployed.trigger(alpha=13)
    assert bad.wait() == "FAILED"
    assert bad.run is not None and bad.run.user_tags == {"ours"}
    assert bad.run.finished and not bad.run.successful
    flow = Flow("Listed", datastore="s3")
    assert [run.id for run in flow.runs("ours")] == [bad.id, good.id]
    assert [run.id for run in flow.runs("good")] == [good.id]
    assert [run.id for run in deployed.runs()] == [bad.id, good.id]
    assert [run.id for run in deployed.runs("SUCCEEDED")] == [good.id]


def test_a_run_is_terminated(file: Path, stepwell_environment: dict[str, str]) -> None:
    """A run that is terminated is aborted, and to wait for one that runs on has a limit."""
    run = Deployer(file).step_functions().create().trigger(wait=120.0)
    with pytest.raises(TimeoutError, match=rf"run Made/{run.id} still runs after 0.1 s"):
        run.wait(timeout=0.1)
    run.terminate()
    assert run.wait(timeout=30) == "ABORTED"


def test_a_wrong_parameter_starts_nothing(file: Path, stepwell_environment: dict[str, str]) -> None:
    """Parameters are checked before a run is started."""
    deployed = Deployer(file).step_functions().create()
    before = [run.id for run in deployed.runs()]
    with pytest.raises(ParameterError, match="parameter 'alpha': received 'many', which is not an integer"):
        deployed.trigger(alpha="many")
    assert [run.id for run in deployed.runs()] == before


def test_a_foreach_runs_in_the_quick_environment(stepwell_environment: dict[str, str]) -> None:
    """Distributed maps, nested ones too, work in an environment that was made without Terraform."""
    run = Deployer(FLOWS / "nested.py").step_functions().create().trigger()
    assert run.wait(timeout=120) == "SUCCEEDED"


def test_bad_tags_deploy_and_start_nothing(file: Path, stepwell_environment: dict[str, str]) -> None:
    """A tag that can't be is refused by `create` and by `trigger`, before anything happens."""
    deployed = Deployer(file).step_functions().create()
    with pytest.raises(UsageError, match=r"received the tag 'user:ada'; tags that begin with 'user:'"):
        Deployer(file).step_functions().create(tags=["user:ada"])
    before = [run.id for run in deployed.runs()]
    with pytest.raises(UsageError, match=r"tag: received ''; a tag is printable text"):
        deployed.trigger(tags=[""])
    assert [run.id for run in deployed.runs()] == before


def test_a_run_that_dies_is_finished(file: Path, stepwell_environment: dict[str, str]) -> None:
    """A production run is finished when the last attempt's process died, and not before."""
    flow = write_flow(file.parent, DYING, "from stepwell import retry")
    run = Deployer(flow).step_functions().create().trigger()
    assert run.wait(timeout=60) == "FAILED"
    assert run.run is not None
    assert [failure.attempt for failure in run.run.failures] == [0, 1]
    assert run.run.finished_at is not None and run.run.finished_at >= run.run.failures[1].ended


def test_what_with_attached_is_deployed(file: Path, stepwell_environment: dict[str, str]) -> None:
    """A deployment has what `--with` before `create` attached: the state machine, and the step in its job."""
    write_flow(file.parent, RAISING)
    words = [sys.executable, str(file), "--with", "catch:var=problem", "step-functions", "create"]
    done = subprocess.run([*words, "--tag", "x"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    run = DeployedFlow(Production(load_flow(file))).trigger()
    assert run.wait(timeout=60) == "SUCCEEDED"
    assert run.run is not None and run.run.user_tags == {"x"}
    assert run.run["start"].task.data.problem.message == "no"


def test_no_environment_is_said(file: Path, stepwell_home: Path) -> None:
    """Without an environment there is nothing to deploy to."""
    with pytest.raises(UsageError, match="no environment is named"):
        Deployer(file).step_functions()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "there is no file"),
        ("x = 1\n", r"defines 0 flows \(none\)"),
        ("import no_such_module\n", "can't be imported: ModuleNotFoundError"),
    ],
)
def test_a_file_without_a_flow_is_refused(tmp_path: Path, text: str | None, message: str) -> None:
    """A file that is missing, breaks or defines no flow is one line."""
    if text is not None:
        (tmp_path / "odd.py").write_text(text)
    with pytest.raises(UsageError, match=message):
        Deployer(tmp_path / "odd.py")

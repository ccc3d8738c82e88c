"""Flows of a project: their branches and namespaces."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepwell import Flow, FlowSpec, Runner, project, step
from stepwell.errors import UsageError
from stepwell.flow.decorators.project import namespace_of, project_of
from tests.support import run_flow, write_flow

BODY = """
@step
def start(self):
    self.seen = {
        name: getattr(current, name) for name in
        ("project_name", "branch_name", "project_flow_name", "is_production", "is_user_branch", "namespace")
    }
    self.next(self.end)

@step
def end(self): pass
"""


@project(name="fraud")
class Train(FlowSpec):
    @step
    def start(self) -> None:
        self.next(self.end)

    @step
    def end(self) -> None:
        pass


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = write_flow(tmp_path, BODY, "from stepwell import project")
    file.write_text(file.read_text().replace("class Made", '@project(name="fraud")\nclass Made'))
    return file


@pytest.mark.parametrize(
    ("branch", "production", "namespace", "name"),
    [
        ("new_model", False, "project/fraud/branch/new_model", "test.new_model"),
        (None, True, "project/fraud/prod", "prod"),
        ("new_model", True, "project/fraud/prod.new_model", "prod.new_model"),
    ],
)
def test_branches_are_namespaces(branch: str | None, production: bool, namespace: str, name: str) -> None:
    """What the command line names is a namespace, and the branch is read off it again."""
    assert namespace_of(Train, branch, production) == namespace
    found = project_of(Train, namespace)
    assert found == ("fraud", name, "Train")
    assert (found.is_production, found.flow_name) == (production, f"fraud.{name}.Train")


def test_ones_own_namespace_is_a_branch() -> None:
    """Without a branch a flow is on its user's, which is no production."""
    assert namespace_of(Train, None, False) is None
    found = project_of(Train, "user/ada")
    assert found == ("fraud", "user.ada", "Train") and not found.is_production


def test_another_projects_namespace_is_refused() -> None:
    """A flow of one project is not run in the namespace of another."""
    with pytest.raises(UsageError, match="received the namespace 'project/other/prod', but @project says"):
        project_of(Train, "project/other/prod")


@pytest.mark.parametrize("branch", ["New", "a.b", "a/b", "", "x" * 129])
def test_odd_branches_are_refused(branch: str) -> None:
    """A branch is lower-case letters, digits and underscores."""
    with pytest.raises(UsageError, match=r"--branch: received .*; it must be 1 to 128 lower-case letters"):
        namespace_of(Train, branch, False)


def test_runs_of_branches_lie_apart(file: Path, tmp_path: Path) -> None:
    """Each branch's runs are in its own namespace, know where they are, and have tags that say it."""
    home = tmp_path / "home"
    ways = {
        (): ("user/tester", "user.tester"),
        ("--branch", "new"): ("project/fraud/branch/new", "test.new"),
        ("--production",): ("project/fraud/prod", "prod"),
        ("--production", "--branch", "new"): ("project/fraud/prod.new", "prod.new"),
    }
    for options, (namespace, branch) in ways.items():
        ended = run_flow(file, home, *options, "run")
        assert ended.returncode == 0, ended.stderr
        (run,) = Flow("Made", namespace=namespace, datastore=str(home))
        production = branch.startswith("prod")
        assert run["start"].task.data.seen == {
            "project_name": "fraud", "branch_name": branch, "project_flow_name": f"fraud.{branch}.Made",
            "is_production": production, "is_user_branch": namespace == "user/tester", "namespace": namespace,
        }  # fmt: skip
        assert {"project:fraud", f"project_branch:{branch}"} < run.system_tags
        assert next(Flow("Made", namespace=namespace, datastore=str(home)).runs(f"project_branch:{branch}"))
    shown = run_flow(file, home, "--production", "dump", f"{run.id}/start", "--include", "seen")
    assert shown.returncode == 1  # it is the newest run's id, which is in prod.new
    listed = run_flow(file, home, "--production", "--branch", "new", "dump", f"{run.id}/start")
    assert "'branch_name': 'prod.new'" in listed.stdout


def test_a_runner_takes_a_branch(file: Path, tmp_path: Path) -> None:
    """`Runner` runs on a branch, or in production."""
    runner = Runner(file, show_output=False, cwd=tmp_path, branch="new", production=True)
    with runner.run() as ended:
        assert ended.status == "successful"
        assert ended.run.datastore.namespace == "project/fraud/prod.new"


def test_a_flow_without_a_project(tmp_path: Path) -> None:
    """Without @project there are no branches: no options, and nothing in `current`."""
    file, home = write_flow(tmp_path, BODY), tmp_path / "home"
    refused = run_flow(file, home, "--production", "run")
    assert (refused.returncode, refused.stderr) == (2, "Error: No such option '--production'.\n")
    assert run_flow(file, home, "run").returncode == 0
    seen = Flow("Made", namespace="user/tester", datastore=str(home)).latest_run["start"].task.data.seen
    assert list(seen.values())[:5] == [None, None, None, False, False]


def test_a_namespace_is_said_once(file: Path, tmp_path: Path) -> None:
    """A namespace besides a branch, or one of another project, is one line, and nothing runs."""
    both = run_flow(file, tmp_path / "home", "--production", "run", "--namespace", "user/ada")
    assert both.returncode == 2
    assert both.stderr == (
        "Error: --namespace: received 'user/ada' besides --production or --branch, which say the namespace "
        "already; give one of them\n"
    )
    other = run_flow(file, tmp_path / "home", "run", "--namespace", "project/other/prod")
    assert other.returncode == 2 and "but @project says 'fraud'" in other.stderr
    assert not (tmp_path / "home" / "ns").exists()

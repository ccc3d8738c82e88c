"""What Step Functions says of runs that the datastore believes to run."""

from __future__ import annotations

from typing import Any

import pytest

from stepwell import aws
from stepwell.contract import CONTRACT_VERSION, Contract, Queue
from stepwell.datastore import RunInfo, utc_now
from stepwell.errors import PlatformError
from stepwell.flow.decorators.project import Project
from stepwell.production.status import why_it_is_over

CONTRACT = Contract(
    version=CONTRACT_VERSION,
    team="growth", environment="dev", region="eu-west-1", bucket="store",
    queues=(Queue("steps", "arn:aws:batch:eu-west-1:123456789012:job-queue/steps", "FARGATE", 16),),
    images=("default",), log_group="", tracing=False, dead_letter_queue="", job_log_group="",
    database_prefix="", state_machine_prefix="stepwell-growth-dev-",
)  # fmt: skip


def run(id: str, project: Project | None = None) -> RunInfo:
    """A run of ada's."""
    return RunInfo("Train", id, "user/ada", "ada", utc_now(), "step-functions", project=project)


class States:
    """Step Functions, which knows of one execution."""

    def __init__(self, status: str) -> None:
        self.status = status
        self.asked: list[str] = []

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        self.asked.append(executionArn)
        return {"status": self.status}


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> States:
    found = States("ABORTED")
    monkeypatch.setenv("STEPWELL_ENVIRONMENT", "growth-dev")
    monkeypatch.setattr(aws, "contract", lambda name: CONTRACT)
    monkeypatch.setattr(aws, "client", lambda *of: found)
    return found


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("RUNNING", None),
        ("SUCCEEDED", None),
        ("ABORTED", "its execution was aborted"),
        ("TIMED_OUT", "its execution had no time left"),
        ("FAILED", "its execution has failed"),
    ],
)
def test_why_a_run_is_over(states: States, status: str, reason: str | None) -> None:
    """The execution that a run is says why it is over, found by the run's id."""
    states.status = status
    assert why_it_is_over(run("sfn-20261123")) == reason
    assert states.asked == [
        "arn:aws:states:eu-west-1:123456789012:execution:stepwell-growth-dev-user-ada-Train:20261123"
    ]


def test_a_run_of_a_project(states: States) -> None:
    """In a user's namespace the execution is that of the project's state machine."""
    assert why_it_is_over(run("sfn-1", Project("fraud", "user.ada", "Train")))
    assert states.asked[0].endswith(":execution:stepwell-growth-dev-user-ada-fraud-Train:1")


def test_a_local_run_is_not_asked_for(states: States, monkeypatch: pytest.MonkeyPatch) -> None:
    """Step Functions is asked neither for a local run nor where no environment is named."""
    assert why_it_is_over(run("20261123")) is None
    monkeypatch.delenv("STEPWELL_ENVIRONMENT")
    assert why_it_is_over(run("sfn-20261123")) is None
    assert states.asked == []


def test_who_may_not_ask_learns_nothing(states: States, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Step Functions can't be asked, or the environment is gone, nothing is said."""

    def refuse(name: object) -> Contract:
        raise PlatformError("no such environment")

    monkeypatch.setattr(aws, "contract", refuse)
    assert why_it_is_over(run("sfn-20261123")) is None

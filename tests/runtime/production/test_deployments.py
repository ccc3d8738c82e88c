"""Deployments side by side, their tokens, and their end: the commands, on the local cloud."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from stepwell import Deployer, Flow
from stepwell.production.tokens import new_token
from stepwell.store import keys
from stepwell.store.opening import open_store
from tests.runtime.production.conftest import Place
from tests.runtime.production.flows import write
from tests.support import environment, flow_command

pytestmark = pytest.mark.xdist_group("quick")
CREATE, DELETE = ("step-functions", "create"), ("step-functions", "delete")


def token_of(printed: str) -> str:
    found = re.search(r"The production token of this deployment is (\S+)", printed)
    assert found, printed
    return found[1]


def flow(place: Place, name: str) -> Path:
    """A flow of the project, of a name that no other test deploys."""
    return write(place.folder, decorators='@project(name="fraud")', name=name)


def test_branches_are_deployed_side_by_side(place: Place) -> None:
    """A user's, a branch's and production's deployment stand apart: code, runs, and who deployed."""
    file = flow(place, "Apart")
    ways: dict[tuple[str, ...], str] = {
        (): "user/ada",
        ("--branch", "new"): "project/fraud/branch/new",
        ("--production",): "project/fraud/prod",
        ("--production", "--branch", "new"): "project/fraud/prod.new",
    }
    for way in ways:
        assert "Created state machine" in place.did(file, *way, *CREATE)
    found = place.json(file, "step-functions", "list-deployments")
    assert {one["namespace"] for one in found} == set(ways.values())
    assert len({one["state_machine"] for one in found}) == 4 and {one["deployed_by"] for one in found} == {
        "ada"
    }
    assert all(one["state_machine"].startswith("stepwell-prod-local-") for one in found)
    run = place.triggered(file, "--alpha", "4", before=("--production",))
    assert place.ended(file, run, ("--production",)) == "SUCCEEDED"
    found_run = Flow("Apart", namespace="project/fraud/prod", datastore="s3")[run]
    assert found_run.data.double == 8 and "project_branch:prod" in found_run.tags
    assert place.json(file, "step-functions", "list-runs") == []
    place.did(file, *DELETE)
    assert len(place.json(file, "step-functions", "list-deployments")) == 3


def test_another_needs_the_production_token(place: Place) -> None:
    """Whoever else deploys to production is told who did, and deploys with that one's token, once."""
    file = flow(place, "Guarded")
    bob = place.of("bob")
    token = token_of(place.did(file, "--production", *CREATE))
    assert "production token" not in place.did(file, "--production", *CREATE)
    refused = bob.refused(file, "--production", *CREATE)
    assert "flow Guarded in 'project/fraud/prod'" in refused and "deployed by ada at" in refused
    assert refused.endswith("ask ada for it and give it once: step-functions create --authorize TOKEN")
    assert "the production token you gave" in bob.refused(
        file, "--production", *CREATE, "--authorize", new_token()
    )
    assert token not in bob.run(file, "--production", *CREATE).stderr
    bob.did(file, "--production", *CREATE, "--authorize", token)
    bob.did(file, "--production", *CREATE)
    (here,) = place.json(file, "step-functions", "list-deployments")
    assert here["deployed_by"] == "bob"


def test_a_token_is_replaced(place: Place) -> None:
    """A new token, of chance or one's own, shuts out who has the old one."""
    file, bob = flow(place, "Rotated"), place.of("bob")
    first = token_of(place.did(file, "--production", *CREATE))
    bob.did(file, "--production", *CREATE, "--authorize", first)
    second = token_of(bob.did(file, "--production", *CREATE, "--generate-new-token"))
    assert second != first
    assert "token that this machine keeps is not its" in place.refused(file, "--production", *CREATE)
    own = new_token()
    assert (
        token_of(place.did(file, "--production", *CREATE, "--authorize", second, "--new-token", own)) == own
    )
    assert "token that this machine keeps is not its" in bob.refused(file, "--production", *CREATE)


def test_a_token_is_in_no_job_and_no_public_place(place: Place) -> None:
    """The token is in its deployment's record alone: not in the state machine, nor in any namespace."""
    file = flow(place, "Secret")
    token = token_of(place.did(file, "--production", *CREATE))
    machine = place.json(file, "--production", "step-functions", "describe")["state_machine"]
    described = place.client("stepfunctions").describe_state_machine(stateMachineArn=machine)
    assert token not in json.dumps(described, default=str)
    store = open_store(f"s3://{place.contract.bucket}")
    holding = [info.key for info in store.list("") if token.encode() in store.get(info.key)]
    assert holding == [keys.deployments_root("project/fraud/prod", "Secret") + "00000001.json"]


def test_ones_own_namespace_needs_no_token(place: Place) -> None:
    """Nobody else deploys to a user's namespace, so that tokens are refused there."""
    file = write(place.folder, name="Mine")
    assert "production token" not in place.did(file, *CREATE)
    refused = place.refused(file, *CREATE, "--generate-new-token")
    assert "received a production token, but nobody else may deploy to a user's namespace" in refused


def test_deployments_that_race_do_not_mix(place: Place) -> None:
    """Of deployments that begin at once each is complete or changes nothing, and the last one is whole."""
    commands = []
    for number in range(4):
        folder = place.folder / f"clone{number}"
        folder.mkdir()
        file = write(
            folder, name="Raced",
            decorators=f'@schedule(cron="{number} 3 * * ? *")\n@trigger(event="raced{number}")',
        )  # fmt: skip
        commands.append(flow_command(file, *CREATE, "--max-workers", str(number + 1)))
    variables = {**place.variables, "STEPWELL_USER": "ada"}
    environ = environment(place.folder / "home", **variables)
    running = [
        subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for command in commands
    ]
    said = [one.communicate(timeout=120) for one in running]
    assert any(one.returncode == 0 for one in running)
    for one, (_, error) in zip(running, said, strict=True):
        assert one.returncode == 0 or "another deployment began" in error, error
    found = place.json(file, "step-functions", "describe")
    number = found["max_workers"] - 1
    assert found["schedule"] == f"cron({number} 3 * * ? *) in UTC"
    assert len(found["starts"]) == 1 and f"'raced{number}'" in found["starts"][0]


def test_a_deployment_is_described(place: Place) -> None:
    """A person is told what is deployed, by whom and how it starts; a program gets the same as JSON."""
    file = write(
        place.folder, name="Told", decorators='@project(name="fraud")\n@schedule(cron="0 6 ? * MON-FRI *")'
    )
    place.did(file, "--production", *CREATE, "--max-workers", "7", "--workflow-timeout", "900")
    found = place.json(file, "--production", "step-functions", "describe")
    assert {
        name: found[name]
        for name in (
            "flow", "namespace", "project", "branch", "environment", "deployed_by", "max_workers",
            "workflow_timeout", "production_token", "schedule", "starts",
        )
    } == {
        "flow": "Told", "namespace": "project/fraud/prod", "project": "fraud", "branch": "prod",
        "environment": "prod-local", "deployed_by": "ada", "max_workers": 7, "workflow_timeout": 900,
        "production_token": "needed", "schedule": "cron(0 6 ? * MON-FRI *) in UTC", "starts": [],
    }  # fmt: skip
    assert len(found["next_starts"]) == 3 and all("T06:00:00" in start for start in found["next_starts"])
    shown = place.did(file, "--production", "step-functions", "describe")
    assert re.search(r"deployed by +ada\n", shown) and re.search(r"workflow timeout +900\n", shown)
    assert "is not deployed in namespace 'user/ada'" in place.refused(file, "step-functions", "describe")


def test_a_deployment_is_deleted(place: Place) -> None:
    """What was deployed is gone with what started it; what its runs have done stays, and it can come "
    "again."""
    file = write(place.folder, name="Gone", decorators='@schedule(daily=True)\n@trigger(event="gone")')
    place.did(file, *CREATE)
    run = place.triggered(file)
    assert place.ended(file, run) == "SUCCEEDED"
    assert "Deleted state machine" in place.did(file, *DELETE)
    assert "is not deployed" in place.refused(file, "step-functions", "trigger")
    assert "is not deployed" in place.refused(file, *DELETE)
    schedules = place.client("scheduler").list_schedules()["Schedules"]
    rules = place.client("events").list_rules(NamePrefix="stepwell-prod-local-user-ada-Gone")["Rules"]
    assert [one for one in schedules if "Gone" in one["Name"]] == rules == []
    assert Flow("Gone", datastore="s3")[run].successful
    assert "Created state machine" in place.did(file, *CREATE)


def test_python_deploys_to_a_branch(place: Place) -> None:
    """`Deployer` takes a branch or production, tokens and limits, and deletes."""
    file = flow(place, "Pythonic")
    deployed = Deployer(file, production=True).step_functions().create(workflow_timeout=600, max_workers=3)
    assert deployed.name == "stepwell-prod-local-project-fraud-prod-Pythonic"
    run = deployed.trigger(alpha=5)
    assert run.wait(timeout=60) == "SUCCEEDED"
    assert run.run is not None and run.run.data.double == 10
    deployed.delete()
    assert place.json(file, "step-functions", "list-deployments") == []


def test_only_json_of_a_branch(place: Place) -> None:
    """`--production create --only-json` prints production's state machine, and needs no token."""
    file = flow(place, "Printed")
    printed = json.loads(place.did(file, "--production", *CREATE, "--only-json", "--workflow-timeout", "60"))
    assert json.loads(printed["Comment"])["stepwell"]["namespace"] == "project/fraud/prod"
    assert printed["TimeoutSeconds"] == 60


def test_a_limit_is_said_before_anything_is_deployed(place: Place) -> None:
    """What is beyond a limit of AWS is one line, and nothing is there afterwards."""
    file = write(place.folder, name="Unlimited")
    refused = place.refused(file, *CREATE, "--workflow-timeout", "99999999")
    assert refused == "--workflow-timeout: received 99999999; it must be from 1 to 31,622,400 seconds"
    assert place.json(file, "step-functions", "list-deployments") == []

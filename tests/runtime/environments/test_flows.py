"""What a flow's command line and its scheduler do with environments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from stepwell import FlowSpec, pypi, step
from stepwell.archive import open_archive
from stepwell.cli.environment import environment_group
from stepwell.datastore import Datastore
from stepwell.environments import platforms, prepare
from stepwell.execution.elsewhere import environment_servers
from stepwell.execution.package import FROZEN_FILE, CodePackage, pack_flow
from stepwell.flow.decorators.attach import use_environment
from stepwell.flow.decorators.packages import wanted
from stepwell.production.deploy import definition
from tests.runtime.environments.conftest import write_wheel


class Made(FlowSpec):
    @pypi(packages={"stone": ">=3"})
    @step
    def start(self) -> None:
        self.next(self.end)

    @step
    def end(self) -> None: ...


def test_a_file_that_the_environment_can_not_read(wheels: Path, datastore: Datastore) -> None:
    """A flow's file that imports what an environment has not: its server ends, and says what is missing."""
    asked = wanted(Made, Made.step_functions())
    said = prepare.prepare(asked, datastore, print, made_for=[platforms.here()])
    (server,) = environment_servers(Made, said, {"start", "end"}, datastore).values()
    assert server.event() is None
    assert server.why_gone().startswith(
        "the flow's file can't be run in the environment of step 'start': ModuleNotFoundError: No module "
        "named 'pytest'; add it to the step's packages, or import it inside of the steps that have it"
    )
    server.close()


def test_locks_are_shown_and_renewed(
    wheels: Path, datastore: Datastore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`environment show` prints what steps have and stays with it; `resolve` takes what is newer."""
    monkeypatch.setenv("STEPWELL_USER", "ada")

    def said(command: str) -> str:
        return CliRunner().invoke(environment_group(Made), [command], obj=datastore.store.url).stdout

    first = said("show")
    assert first.startswith("# start: pypi, Python 3.") and "\nstone==3.1 " in first
    write_wheel(wheels, "stone", "4.0")
    assert said("show") == first
    assert "\nstone==4.0 " in said("resolve") and "\nstone==4.0 " in said("show")


def test_the_printed_state_machine_is_the_deployed_one(
    wheels: Path, datastore: Datastore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`create --only-json` names the code package that a deployment makes, with what steps have in it, and
    puts nothing into a datastore."""
    monkeypatch.setenv("STEPWELL_USER", "ada")
    printed = json.dumps(definition(Made))
    assert not list(datastore.store.list(""))
    deployed = pack_flow(Made, environments=prepare.prepare_deployment(Made, datastore))
    assert f'"Value": "{deployed.sha256}"' in printed
    assert frozen_of(deployed)["environments"]["steps"]["start"]["asked"] == ["stone"]
    assert definition(Made) == json.loads(printed)


def frozen_of(package: CodePackage) -> dict[str, Any]:
    with open_archive(package.data) as archive:
        file = archive.extractfile(FROZEN_FILE)
        assert file is not None
        found: dict[str, Any] = json.load(file)
        return found


def test_no_packages(wheels: Path, datastore: Datastore) -> None:
    """With `--environment=local` there is nothing to show."""

    class Plain(Made): ...

    use_environment(Plain, "local")
    shown = CliRunner().invoke(environment_group(Plain), ["show"], obj=datastore.store.url)
    assert shown.stdout == "No step has packages of its own.\n"

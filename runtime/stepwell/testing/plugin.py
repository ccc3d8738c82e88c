"""Fixtures for pytest, there wherever Stepwell is installed; nothing is imported before one is used.

``stepwell_home``
    a STEPWELL_HOME of this test, with no environment named; its path.
``stepwell_cloud``
    a local cloud of this session, or of this worker of pytest-xdist; ends with it.
``stepwell_deployed``
    an environment deployed to it; the variables that point a process there. By default one made by
    `stepwell.cloud.quick`, in about a second. With the ini option ``stepwell_cdktf``, a folder, what
    `npx cdktf deploy` makes of it, which needs Terraform and about 90 seconds.
``stepwell_environment``
    a test whose process uses that environment, so that `stepwell.Deployer`, the client and tables
    work in it; the variables.

The ini option ``stepwell_environment`` names the environment, ``test-local`` by default. STEPWELL_USER
is ``tester``, unless the ini option ``stepwell_user`` says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stepwell.cloud.control import CloudInfo


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("stepwell_environment", "TEAM-ENV of the fixture stepwell_deployed", default="test-local")
    parser.addini("stepwell_user", "STEPWELL_USER of the fixture stepwell_deployed", default="tester")
    parser.addini("stepwell_cdktf", "folder with cdktf.json that stepwell_deployed deploys", default="")


@pytest.fixture
def stepwell_home(tmp_path: Path) -> Iterator[Path]:
    """A STEPWELL_HOME of this test alone, in its temporary folder."""
    from stepwell.testing.isolation import isolated_home

    with isolated_home(tmp_path / "stepwell") as home:
        yield home


@pytest.fixture(scope="session")
def stepwell_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudInfo]:
    """A local cloud of this session's own."""
    from stepwell.cloud import control

    with control.running(tmp_path_factory.mktemp("stepwell-cloud")) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def stepwell_deployed(stepwell_cloud: CloudInfo, pytestconfig: pytest.Config) -> dict[str, str]:
    """The variables of an environment that is deployed to the session's local cloud."""
    from stepwell.cloud import quick
    from stepwell.contract import EnvironmentName
    from stepwell.testing.deployment import deploy

    name = EnvironmentName.parse(pytestconfig.getini("stepwell_environment"))
    user, folder = pytestconfig.getini("stepwell_user"), pytestconfig.getini("stepwell_cdktf")
    if folder:
        variables = deploy(stepwell_cloud, name, pytestconfig.rootpath / folder)
    else:
        variables = quick.make(stepwell_cloud, name, users=[user])
    return {**variables, "STEPWELL_USER": user}


@pytest.fixture
def stepwell_environment(
    stepwell_deployed: dict[str, str], stepwell_home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """This process uses the deployed environment for the time of the test."""
    from stepwell import aws

    for name, value in stepwell_deployed.items():
        monkeypatch.setenv(name, value)
    aws.forget()
    yield stepwell_deployed
    aws.forget()

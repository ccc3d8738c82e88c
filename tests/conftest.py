"""What tests of several parts share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from stepwell.cloud import control
from stepwell.contract import EnvironmentName
from stepwell.testing.deployment import deploy
from tests.deployment import CDKTF, ENVIRONMENT, FOUNDATION, ROOT, Deployed

if TYPE_CHECKING:
    from tests.synthesis import Synthesized


@pytest.fixture(scope="session")
def demo_stacks() -> dict[str, Synthesized]:
    """The stacks of the demo's team, where everything that can be is left to its default."""
    from tests.synthesis import settings, stacks  # the bindings take seconds to import

    return stacks(settings())


@pytest.fixture(scope="session")
def demo(demo_stacks: dict[str, Synthesized]) -> Synthesized:
    """The stack of the demo's environment."""
    return demo_stacks[ENVIRONMENT]


@pytest.fixture(scope="session")
def full() -> Synthesized:
    """The stack of an environment with everything that settings can add."""
    from tests.synthesis import FULL, settings, synthesized

    return synthesized(settings(**FULL))


@pytest.fixture(scope="session")
def base(demo_stacks: dict[str, Synthesized]) -> Synthesized:
    """The demo's foundation."""
    return demo_stacks[FOUNDATION]


@pytest.fixture(scope="session")
def local_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[control.CloudInfo]:
    """A local cloud of this session's own; `control.environment` has the variables that point to it."""
    with control.running(tmp_path_factory.mktemp("home")) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def enforcing_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[control.CloudInfo]:
    """A local cloud that refuses what no IAM policy allows."""
    with control.running(tmp_path_factory.mktemp("enforcing"), enforce_iam=True) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def deployed(enforcing_cloud: control.CloudInfo, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """The foundation and `growth-dev` of the repository's environments.toml, deployed by the cdktf that
    package.json pins.

    It is what the fixture `stepwell_deployed` does where the ini option `stepwell_cdktf` names a folder.
    But IAM is enforced: tests act as the roles of the environment (`Deployed.acting_as`).
    It is not destroyed: it ends with the local cloud, which saves the provider's waits.
    """
    if not CDKTF.exists() or shutil.which("terraform") is None:
        pytest.fail("cdktf or terraform is missing: run `npm ci`, and install terraform >= 1.10")
    output, before = tmp_path_factory.mktemp("cdktf") / "out", set(ROOT.iterdir())
    variables = deploy(enforcing_cloud, EnvironmentName.parse(ENVIRONMENT), ROOT, output)
    return Deployed(enforcing_cloud, variables, output, set(ROOT.iterdir()) - before)

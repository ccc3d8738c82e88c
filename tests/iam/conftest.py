from __future__ import annotations

from collections.abc import Iterator

import pytest

from stepwell.cloud.iam.simulator import Simulator
from stepwell.contract import EnvironmentName
from tests.deployment import ENVIRONMENT, FOUNDATION
from tests.iam.world import World
from tests.synthesis import FULL, settings, stacks


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """The demo's environment with everything that settings can add, as its stacks will be deployed."""
    made = stacks(settings(**FULL))
    with Simulator() as evaluator:
        yield World(evaluator, EnvironmentName("growth", "dev"), [made[ENVIRONMENT], made[FOUNDATION]])

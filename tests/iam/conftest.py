from __future__ import annotations

from collections.abc import Iterator

import pytest

from stepwell.cloud.iam.simulator import Simulator
from stepwell.contract import EnvironmentName
from tests.iam.world import World
from tests.synthesis import settings, synthesized


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """The demo's environment, as its stack will be deployed."""
    with Simulator() as evaluator:
        yield World(evaluator, EnvironmentName("growth", "dev"), [synthesized(settings())])

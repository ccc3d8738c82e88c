"""Mistakes in an environment."""

from __future__ import annotations

from collections.abc import Iterator

from stacks.checks.compute import compute_mistakes
from stacks.checks.keys import two_keys
from stacks.checks.network import network_mistakes
from stacks.mistakes import Mistake, Place
from stacks.schema import Environment
from stepwell.contract import EnvironmentName


def environment_mistakes(place: Place, name: EnvironmentName, environment: Environment) -> Iterator[Mistake]:
    """Mistakes of the environment at `place`."""
    yield from network_mistakes((*place, "network"), environment.network)
    yield from compute_mistakes((*place, "compute"), environment.compute)
    yield from two_keys((*place, "datastore"), str(name), environment.datastore)

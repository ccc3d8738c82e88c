"""Mistakes in an environment."""

from __future__ import annotations

from collections.abc import Iterator

from stacks.checks.keys import two_keys
from stacks.checks.network import network_mistakes
from stacks.mistakes import Mistake, Place
from stacks.schema import Environment
from stepwell.contract import FARGATE_SIZES, EnvironmentName


def environment_mistakes(place: Place, name: EnvironmentName, environment: Environment) -> Iterator[Mistake]:
    """Mistakes of the environment at `place`."""
    yield from network_mistakes((*place, "network"), environment.network)
    yield from _sizes(place, environment)
    yield from two_keys((*place, "datastore"), str(name), environment.datastore)


def _sizes(place: Place, environment: Environment) -> Iterator[Mistake]:
    compute = environment.compute
    allowed = FARGATE_SIZES[compute.vcpu]
    if compute.memory not in allowed:
        yield (
            (*place, "compute", "memory"),
            f"received {compute.memory!r}; with vcpu = {compute.vcpu:g} Fargate has "
            f"{', '.join(str(size) for size in allowed)} (MiB)",
        )
    if compute.vcpu > compute.max_vcpus:
        yield (
            (*place, "compute", "vcpu"),
            f"received {compute.vcpu:g}, more than max_vcpus = {compute.max_vcpus}: no task could start; "
            "lower it, or raise max_vcpus",
        )

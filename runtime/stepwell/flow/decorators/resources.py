"""``@resources``: how much of a machine a step needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from stepwell.flow.decorators.base import StepDecorator


class resources(StepDecorator):
    """Ask for processors, memory and GPUs; honored where steps run on Batch.

    Names, units and defaults are Metaflow's.

    Args:
        cpu: number of virtual CPUs (default 1; fractions such as 0.5 on Fargate).
        memory: memory in MiB (default 4096).
        gpu: number of GPUs (default 0).
    """

    name = "resources"
    defaults: ClassVar[dict[str, Any]] = {"cpu": 1, "memory": 4096, "gpu": 0}

    def check(self) -> None:
        for key, kinds, allowed in (
            ("cpu", (int, float), "a number above 0"),
            ("memory", (int,), "a whole number of MiB above 0"),
        ):
            value = self.attributes[key]
            if isinstance(value, bool) or not isinstance(value, kinds) or value <= 0:
                raise self.refuse(key, allowed)
        gpu = self.attributes["gpu"]
        if isinstance(gpu, bool) or not isinstance(gpu, int) or gpu < 0:
            raise self.refuse("gpu", "a whole number, 0 or more")


def needs(function: Callable[..., Any]) -> dict[str, Any]:
    """What a step asks for: ``cpu``, ``memory`` in MiB and ``gpu``, with the defaults filled in."""
    found = resources.of(function)
    return dict(found.attributes if found else resources.defaults)

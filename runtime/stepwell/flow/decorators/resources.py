"""``@resources``: how much of a machine a step needs."""

from __future__ import annotations

from typing import Any, ClassVar

from stepwell.flow.decorators.base import StepDecorator

SIZES = {"cpu": 1, "memory": 4096, "gpu": 0}
"""What a step gets that asks for nothing."""


class resources(StepDecorator):
    """Ask for processors, memory, GPUs and an image; honored where steps run on Batch.

    Names, units and defaults are Metaflow's; `image` is not there.

    Args:
        cpu: number of virtual CPUs (default 1; fractions such as 0.5 on Fargate).
        memory: memory in MiB (default 4096).
        gpu: number of GPUs (default 0).
        image: name of one of the environment's container images (default: its first).
    """

    name = "resources"
    defaults: ClassVar[dict[str, Any]] = {**SIZES, "image": None}
    only_how = True

    def check(self) -> None:
        check_sizes(self)
        check_name(self, "image", "the name of an image")


def check_name(decorator: StepDecorator, key: str, allowed: str) -> None:
    """Raise `FlowError` for an attribute that is neither text nor left out."""
    value = decorator.attributes[key]
    if value is not None and not (isinstance(value, str) and value):
        raise decorator.refuse(key, allowed)


def check_sizes(decorator: StepDecorator) -> None:
    """Raise `FlowError` for a ``cpu``, ``memory`` or ``gpu`` that can't be; None leaves it open."""
    for key, kinds, least, allowed in (
        ("cpu", (int, float), None, "a number above 0"),
        ("memory", (int,), None, "a whole number of MiB above 0"),
        ("gpu", (int,), 0, "a whole number, 0 or more"),
    ):
        value = decorator.attributes[key]
        if value is None and decorator.defaults[key] is None:
            continue
        if isinstance(value, bool) or not isinstance(value, kinds) or not (value > 0 or value == least):
            raise decorator.refuse(key, allowed)

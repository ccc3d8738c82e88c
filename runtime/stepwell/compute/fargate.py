"""Which machine fits on Fargate. Pure."""

from __future__ import annotations

from stepwell.machines import FARGATE_SIZES, Machine


def smallest(asked: Machine) -> Machine | None:
    """The smallest size of Fargate that holds what is asked for: None if none does, or for a GPU."""
    if asked.gpus:
        return None
    for vcpus, memories in FARGATE_SIZES.items():
        if vcpus >= asked.vcpus:
            for mebibytes in memories:
                if mebibytes >= asked.memory:
                    return Machine(vcpus, mebibytes)
    return None

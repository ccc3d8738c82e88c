"""What sizes machines have: the tasks of Fargate, and the instances of EC2 that job queues may name. Pure.

Infrastructure checks settings with it, the runtime chooses a queue for a step with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

# MiB of memory that a task of so many vCPUs may have (Amazon ECS Developer Guide, "Fargate task sizes").
FARGATE_SIZES: dict[float, Sequence[int]] = {
    0.25: (512, 1024, 2048),
    0.5: range(1024, 4096 + 1, 1024),
    1: range(2048, 8192 + 1, 1024),
    2: range(4096, 16384 + 1, 1024),
    4: range(8192, 30720 + 1, 1024),
    8: range(16384, 61440 + 1, 4096),
    16: range(32768, 122880 + 1, 8192),
}


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine, or a part of one: memory in MiB, as much as a job may ask for."""

    vcpus: float
    memory: int
    gpus: int = 0


@dataclass(frozen=True, slots=True)
class _Family:
    """A family of EC2 instances: `sizes` are multiples of xlarge, 4 vCPUs; 0.5 is large."""

    gib_of_vcpu: float
    sizes: tuple[float, ...]
    gpus: Mapping[float, int] = field(default_factory=dict)


_5 = (0.5, 1, 2, 4, 8, 12, 16, 24)
_C5 = (0.5, 1, 2, 4, 9, 12, 18, 24)
_6I = (0.5, 1, 2, 4, 8, 12, 16, 24, 32)
_7I = (0.5, 1, 2, 4, 8, 12, 16, 24, 48)
_G4: dict[float, int] = {1: 1, 2: 1, 4: 1, 8: 1, 12: 4, 16: 1}
_G: dict[float, int] = {1: 1, 2: 1, 4: 1, 8: 1, 12: 4, 16: 1, 24: 4, 48: 8}

# Amazon EC2 Instance Types: x86 families that containers of Stepwell run on.
_FAMILIES = {
    "c5": _Family(2, _C5),
    "m5": _Family(4, _5),
    "r5": _Family(8, _5),
    "c6i": _Family(2, _6I),
    "m6i": _Family(4, _6I),
    "r6i": _Family(8, _6I),
    "c7i": _Family(2, _7I),
    "m7i": _Family(4, _7I),
    "r7i": _Family(8, _7I),
    "g4dn": _Family(4, tuple(_G4), _G4),
    "g5": _Family(4, tuple(_G), _G),
    "g6": _Family(4, tuple(_G), _G),
    "p4d": _Family(12, (24,), {24: 8}),
    "p5": _Family(2048 / 192, (48,), {48: 8}),
}


def instance_types() -> list[str]:
    """Every family and every type of instance that is known, the families first."""
    types = [f"{family}.{_size(size)}" for family, its in _FAMILIES.items() for size in its.sizes]
    return [*_FAMILIES, *types]


def machines(types: Sequence[str]) -> list[Machine]:
    """The machines that types or families of instances are; one that is not known is none."""
    return [machine for one in types for machine in _of_type(one)]


def _of_type(type_or_family: str) -> Iterator[Machine]:
    name, _, wanted = type_or_family.partition(".")
    family = _FAMILIES.get(name)
    for size in family.sizes if family else ():
        if wanted in ("", _size(size)):
            assert family is not None
            vcpus = int(4 * size)
            yield Machine(vcpus, _for_jobs(vcpus * family.gib_of_vcpu), family.gpus.get(size, 0))


def _size(size: float) -> str:
    return {0.5: "large", 1: "xlarge"}.get(size, f"{size:g}xlarge")


def _for_jobs(gib: float) -> int:
    """What kernel and agent leave of a machine's memory. It differs by type (AWS Batch User Guide, "Compute
    resource memory management"): this is a little less than any leaves, for a job that fits no machine
    waits for ever.
    """
    return int(gib * 1024 * 0.92) - 64

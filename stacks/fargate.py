"""Which task sizes Fargate runs. Pure."""

from __future__ import annotations

# Amazon ECS Developer Guide, "Fargate task sizes": vCPUs to MiB from, to, and in steps of.
_SIZES: dict[float, tuple[int, int, int]] = {
    1: (2048, 8192, 1024),
    2: (4096, 16384, 1024),
    4: (8192, 30720, 1024),
    8: (16384, 61440, 4096),
    16: (32768, 122880, 8192),
}
_SMALL: dict[float, list[int]] = {0.25: [512, 1024, 2048], 0.5: [1024, 2048, 3072, 4096]}

VCPUS = sorted([*_SMALL, *_SIZES])


def memories(vcpu: float) -> list[int]:
    """The memory sizes in MiB that a task of `vcpu`, one of `VCPUS`, may have."""
    if vcpu in _SMALL:
        return _SMALL[vcpu]
    start, end, step = _SIZES[vcpu]
    return list(range(start, end + 1, step))

"""Which machine a step gets on Fargate."""

from __future__ import annotations

from stepwell.errors import FlowError

_PAIRS: dict[float, range | tuple[int, ...]] = {
    0.25: (512, 1024, 2048),
    0.5: range(1024, 4096 + 1, 1024),
    1: range(2048, 8192 + 1, 1024),
    2: range(4096, 16384 + 1, 1024),
    4: range(8192, 30720 + 1, 1024),
    8: range(16384, 61440 + 1, 4096),
    16: range(32768, 122880 + 1, 8192),
}
"""MiB of memory that go with each number of vCPUs (AWS Batch API reference, ResourceRequirement)."""


def fit(step: str, cpu: float, memory: int, gpu: int) -> tuple[float, int]:
    """The smallest Fargate machine with at least `cpu` vCPUs and `memory` MiB.

    Raises:
        FlowError: no machine is that large, or a GPU is asked for.
    """
    if gpu:
        raise FlowError(
            f"step '{step}': received @resources(gpu={gpu}), but the job queue is on Fargate, which has no "
            "GPUs; leave gpu out"
        )
    for vcpus, memories in _PAIRS.items():
        if vcpus >= cpu:
            for mebibytes in memories:
                if mebibytes >= memory:
                    return vcpus, mebibytes
    raise FlowError(
        f"step '{step}': received @resources(cpu={cpu}, memory={memory}), more than Fargate has; "
        f"allowed are at most cpu={max(_PAIRS)} and memory={_PAIRS[max(_PAIRS)][-1]} (MiB)"
    )

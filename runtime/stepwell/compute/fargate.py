"""Which machine a step gets on Fargate."""

from __future__ import annotations

from stepwell.contract import FARGATE_SIZES
from stepwell.errors import FlowError


def fit(step: str, cpu: float, memory: int, gpu: int) -> tuple[float, int]:
    """The smallest Fargate machine with at least `cpu` vCPUs and `memory` MiB.

    Raises:
        FlowError: no machine is that large, or a GPU is asked for.
    """
    if gpu:
        raise FlowError(
            f"step '{step}': received gpu={gpu}, but the job queue is on Fargate, which has no GPUs; "
            "leave gpu out"
        )
    for vcpus, memories in FARGATE_SIZES.items():
        if vcpus >= cpu:
            for mebibytes in memories:
                if mebibytes >= memory:
                    return vcpus, mebibytes
    most = max(FARGATE_SIZES)
    raise FlowError(
        f"step '{step}': received cpu={cpu:g}, memory={memory}, more than Fargate has; allowed are at most "
        f"cpu={most:g} and memory={FARGATE_SIZES[most][-1]} (MiB)"
    )

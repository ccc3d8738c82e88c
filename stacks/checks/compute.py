"""Mistakes in compute: machines that a queue can't have, or that are larger than it."""

from __future__ import annotations

from collections.abc import Iterator

from stacks.mistakes import Mistake, Place
from stacks.schema import Compute, Queue
from stepwell.machines import machines


def compute_mistakes(place: Place, compute: Compute) -> Iterator[Mistake]:
    """Mistakes of the compute at `place`."""
    for name, queue in compute.queues.items():
        yield from _queue((*place, "queues", name), queue)


def _queue(place: Place, queue: Queue) -> Iterator[Mistake]:
    types = queue.instance_types
    if queue.type.startswith("FARGATE"):
        if types:
            yield (
                (*place, "instance_types"),
                f'received {list(types)}; Fargate has no instances: remove it, or set type = "EC2" or "SPOT"',
            )
        return
    kinds = machines(types)
    if len({bool(machine.gpus) for machine in kinds}) > 1:
        yield (
            (*place, "instance_types"),
            f"received {list(types)}, some with GPUs and some without: make a queue of each, for each needs "
            "machine images of its own",
        )
    smallest = min((machine.vcpus for machine in kinds), default=0)
    if smallest > queue.max_vcpus:
        yield (
            (*place, "max_vcpus"),
            f"received {queue.max_vcpus}, but the smallest of {', '.join(types)} has {smallest:g} vCPUs: no "
            "machine could start; raise it",
        )

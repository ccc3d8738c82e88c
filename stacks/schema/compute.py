"""The compute of an environment: images, queues, and what a job may wait for."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from stacks.schema.values import Model, matching
from stepwell.machines import instance_types


def _known(value: str) -> str:
    known = instance_types()
    if value not in known:
        near = get_close_matches(value, known, n=1)
        families = ", ".join(name for name in known if "." not in name)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"must be a family of instances ({families}) or a type of one, such as 'm5.xlarge'{hint}"
        )
    return value


ImageName = Annotated[
    str,
    matching(
        r"[a-z][a-z0-9]{0,19}", "1 to 20 lower-case letters and digits, a letter first, such as 'torch'"
    ),
    matching(r"(?!default$).*", "another name: 'default' is that of compute.image"),
]
QueueName = Annotated[
    str,
    matching(r"[a-z][a-z0-9]{0,19}", "1 to 20 lower-case letters and digits, a letter first, such as 'spot'"),
]
# Batch, JobStateTimeLimitAction: 600 to 86,400 seconds.
Waiting = Annotated[int, Field(ge=10, le=1440)]


class Queue(Model):
    """A job queue, and its machines."""

    type: Literal["FARGATE", "FARGATE_SPOT", "EC2", "SPOT"] = "FARGATE"
    max_vcpus: int = Field(default=16, ge=1, le=10_000)
    instance_types: Sequence[Annotated[str, AfterValidator(_known)]] = ()


class Compute(Model):
    """What jobs run in, and on."""

    image: str = Field(min_length=1)
    images: dict[ImageName, Annotated[str, Field(min_length=1)]] = Field(default_factory=dict, max_length=10)
    # CloudWatch's alarms look at ten metrics at most, those of jobs that wait at one of each queue.
    queues: dict[QueueName, Queue] = Field(
        default_factory=lambda: {"fargate": Queue()}, min_length=1, max_length=8
    )
    project_share: float = Field(default=2, ge=0.01, le=100)
    share_decay_minutes: int = Field(default=60, ge=1, le=10_080)
    reclaims: int = Field(default=3, ge=0, le=9)
    runnable_minutes: Waiting = 60
    capacity_minutes: Waiting = 1440
    task_disk_gib: int = Field(default=20, ge=20, le=200)
    instance_disk_gib: int = Field(default=100, ge=30, le=16_384)

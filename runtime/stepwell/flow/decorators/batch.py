"""``@batch``: run a step as an AWS Batch job, also when the flow runs on a laptop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from stepwell.errors import FlowError
from stepwell.flow.decorators.base import StepDecorator
from stepwell.flow.decorators.resources import SIZES, check_name, check_sizes, resources

_NOT_HERE = {
    "iam_role": "a job has the role of its namespace, which the environment's job definition names",
    "execution_role": "the environment's job definition names the role that starts containers",
    "shared_memory": "Batch takes it of a job definition only, and Fargate not at all",
    "ephemeral_storage": "Batch takes it of a job definition only, not of a job",
}
"""What Metaflow's has and this has not, and why: job definitions are the platform's, made by Terraform."""


class batch(StepDecorator):
    """Run the step as a Batch job of the environment that STEPWELL_ENVIRONMENT names.

    ``run --with batch`` hangs it on every step. Names are Metaflow's; where `resources` is there as
    well, the larger number counts. On Step Functions every step is a Batch job, with the same sizes.

    Args:
        cpu: number of virtual CPUs (default: that of `resources`).
        memory: memory in MiB (default: that of `resources`).
        gpu: number of GPUs (default: that of `resources`).
        queue: name of one of the environment's job queues (default: the first with a machine as large).
        image: name of one of the environment's container images (default: that of `resources`).
    """

    name = "batch"
    defaults: ClassVar[dict[str, Any]] = {
        "cpu": None, "memory": None, "gpu": None, "queue": None, "image": None,
    }  # fmt: skip
    only_how = True

    def _check_names(self, attributes: dict[str, Any]) -> None:
        for key in attributes:
            if key in _NOT_HERE:
                raise FlowError(
                    f"@batch: received {key}={attributes[key]!r}, which is not there: {_NOT_HERE[key]}; "
                    "leave it out"
                )
        super()._check_names(attributes)

    def check(self) -> None:
        check_sizes(self)
        check_name(self, "queue", "the name or ARN of a job queue")
        check_name(self, "image", "the name of an image")


def needs(function: Callable[..., Any]) -> dict[str, Any]:
    """The ``cpu``, ``memory`` in MiB and ``gpu`` of a step: the largest that is said, or the default."""
    said = [one.attributes for one in (resources.of(function), batch.of(function)) if one]
    return {
        key: max((given[key] for given in said if given[key] is not None), default=default)
        for key, default in SIZES.items()
    }


def image(function: Callable[..., Any]) -> str | None:
    """The name of the image that a step asks for; what `batch` says counts more than `resources`."""
    said = [one.attributes["image"] for one in (batch.of(function), resources.of(function)) if one]
    return next(filter(None, said), None)


def batch_steps(functions: Mapping[str, Callable[..., Any]]) -> frozenset[str]:
    """Which of these steps are Batch jobs also where the flow runs on a laptop."""
    return frozenset(name for name, function in functions.items() if batch.of(function))

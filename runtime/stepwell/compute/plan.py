"""How each step of a flow is run as Batch jobs: pure, from its decorators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stepwell.compute.fargate import fit
from stepwell.compute.submission import StepPlan
from stepwell.errors import UsageError
from stepwell.flow.decorators.attempts import attempts
from stepwell.flow.decorators.batch import batch, needs
from stepwell.flow.decorators.timeout import limit


def step_plans(functions: Mapping[str, Callable[..., Any]]) -> dict[str, StepPlan]:
    """The plan of each of these steps, by name.

    Raises:
        FlowError: no machine is as large as a step asks for.
        UsageError: a step asks for an image that no job definition is made for.
    """
    plans = {}
    for name, function in functions.items():
        asked = batch.of(function)
        if asked and asked.attributes["image"]:
            raise UsageError(
                f"step '{name}': received @batch(image={asked.attributes['image']!r}), but the environment's "
                "job definition has one image, compute.image of environments.toml; leave image out"
            )
        vcpus, memory = fit(name, **needs(function))
        queue = asked.attributes["queue"] if asked else None
        plans[name] = StepPlan(vcpus, memory, attempts(function), limit(function), queue)
    return plans

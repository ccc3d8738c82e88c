"""How each step of a flow is run as Batch jobs: pure, from its decorators and what an environment has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stepwell.compute.placement import Offer, place
from stepwell.compute.submission import StepPlan
from stepwell.contract import MULTINODE
from stepwell.flow.decorators.attempts import attempts
from stepwell.flow.decorators.batch import batch, image, needs
from stepwell.flow.decorators.parallel import parallel
from stepwell.flow.decorators.timeout import limit
from stepwell.machines import Machine


def step_plans(functions: Mapping[str, Callable[..., Any]], offer: Offer) -> dict[str, StepPlan]:
    """The plan of each of these steps, by name.

    Raises:
        FlowError: no machine is as large as a step asks for.
        UsageError: a step asks for a queue or an image that there is not.
    """
    plans = {}
    for name, function in functions.items():
        asked = batch.of(function)
        needed = needs(function)
        machine = Machine(needed["cpu"], needed["memory"], needed["gpu"])
        gang = parallel.of(function) is not None
        wanted = asked.attributes["queue"] if asked else None
        queue, found = place(name, offer, machine, wanted, gang=gang)
        plans[name] = StepPlan(
            queue.arn,
            offer.definition(name, image(function), MULTINODE if gang else queue.platform),
            found,
            attempts(function),
            limit(function),
        )
    return plans

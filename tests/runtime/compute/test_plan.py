"""How steps are run as Batch jobs, as their decorators say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stepwell import batch, resources, retry, timeout
from stepwell.compute.plan import step_plans
from stepwell.compute.submission import StepPlan
from stepwell.errors import FlowError, UsageError
from stepwell.flow.decorators.attempts import ONCE, Attempts
from stepwell.flow.decorators.batch import batch_steps


def decorated(*decorators: Callable[[Any], Any]) -> Callable[..., Any]:
    def work() -> None: ...

    for decorator in decorators:
        decorator(work)
    return work


@pytest.mark.parametrize(
    ("decorators", "machine"),
    [
        ([], (1, 4096)),
        ([batch()], (1, 4096)),
        ([batch(cpu=2)], (2, 4096)),
        ([resources(cpu=0.25, memory=512)], (0.25, 512)),
        ([batch(), resources(cpu=0.25, memory=512)], (0.25, 512)),
        ([batch(cpu=2, memory=4096), resources(cpu=1, memory=8192)], (2, 8192)),
        ([batch(memory=5000)], (1, 5120)),
    ],
)
def test_the_larger_number_counts(decorators: list[Callable[[Any], Any]], machine: tuple[float, int]) -> None:
    """Of `@batch` and `@resources` the larger counts, and the smallest machine that holds it is taken."""
    plan = step_plans({"work": decorated(*decorators)})["work"]
    assert (plan.vcpus, plan.memory) == machine


def test_a_plan_has_attempts_limit_and_queue() -> None:
    """A plan says how often a step is tried, when it ends itself, and which queue it asks for."""
    work = decorated(batch(queue="big"), retry(times=2, minutes_between_retries=1), timeout(minutes=1))
    assert step_plans({"work": work, "plain": decorated()}) == {
        "work": StepPlan(1, 4096, Attempts(2, 60.0, False), 60, "big"),
        "plain": StepPlan(1, 4096, ONCE),
    }


def test_steps_on_batch_are_those_that_say_so() -> None:
    """`@resources` alone sends no step to Batch."""
    assert batch_steps({"a": decorated(batch), "b": decorated(resources(cpu=4))}) == {"a"}


@pytest.mark.parametrize(
    ("decorator", "message"),
    [
        (batch(gpu=1), "step 'work': received gpu=1, but the job queue is on Fargate, which has no GPUs"),
        (batch(cpu=17), "step 'work': received cpu=17, memory=4096, more than Fargate has; allowed are at"),
        (resources(memory=200_000), r"memory=200000, more than .* cpu=16 and memory=122880 \(MiB\)"),
    ],
)
def test_a_machine_that_there_is_not(decorator: Any, message: str) -> None:
    """What no machine of Fargate has is refused before anything is submitted."""
    with pytest.raises(FlowError, match=message):
        step_plans({"work": decorated(decorator)})


def test_an_image_that_there_is_not() -> None:
    """An image needs a job definition that the platform made for it."""
    with pytest.raises(UsageError, match=r"step 'work': received @batch\(image='torch'\), but the"):
        step_plans({"work": decorated(batch(image="torch"))})


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"iam_role": "r"}, "@batch: received iam_role='r', which is not there: a job has the role of its"),
        ({"shared_memory": 64}, "@batch: received shared_memory=64, which is not there: Batch takes it of a"),
        ({"cpu": 0}, "@batch: received cpu=0; cpu must be a number above 0"),
        ({"memory": 1.5}, "@batch: received memory=1.5; memory must be a whole number of MiB above 0"),
        ({"gpu": -1}, "@batch: received gpu=-1; gpu must be a whole number, 0 or more"),
        ({"queue": ""}, "@batch: received queue=''; queue must be the name or ARN of a job queue"),
        ({"image": 3}, "@batch: received image=3; image must be the name of an image"),
        ({"cpus": 3}, "@batch: received cpus=3, which it does not know; allowed are cpu, memory, gpu"),
    ],
)
def test_wrong_attributes(attributes: dict[str, Any], message: str) -> None:
    """What `@batch` can't take is one line; what Metaflow's takes and ours does not says why."""
    assert str(batch(**attributes).mistake).startswith(message)

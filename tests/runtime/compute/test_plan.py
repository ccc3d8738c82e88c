"""How steps are run as Batch jobs, as their decorators say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stepwell import batch, resources, retry, timeout
from stepwell.compute.placement import Offer
from stepwell.compute.plan import step_plans
from stepwell.compute.submission import StepPlan
from stepwell.contract import Queue
from stepwell.errors import UsageError
from stepwell.flow.decorators.attempts import ONCE, Attempts
from stepwell.flow.decorators.batch import batch_steps
from stepwell.machines import Machine

OFFER = Offer(
    [
        Queue("fargate", "arn:fargate", "FARGATE", 16),
        Queue("big", "arn:big", "SPOT", 256, ("r5",)),
        Queue("gpu", "arn:gpu", "EC2", 64, ("g5",)),
    ],
    ["default", "torch"],
    "arn:job-definition/mine",
)


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
    plan = step_plans({"work": decorated(*decorators)}, OFFER)["work"]
    assert plan.machine == Machine(*machine)


def test_a_plan_has_attempts_limit_and_queue() -> None:
    """A plan says how often a step is tried, when it ends itself, its queue and its job definition."""
    work = decorated(batch(queue="big"), retry(times=2, minutes_between_retries=1), timeout(minutes=1))
    definitions = "arn:job-definition/mine-default"
    assert step_plans({"work": work, "plain": decorated()}, OFFER) == {
        "work": StepPlan("arn:big", f"{definitions}-ec2", Machine(1, 4096), Attempts(2, 60.0, False), 60),
        "plain": StepPlan("arn:fargate", f"{definitions}-fargate", Machine(1, 4096), ONCE),
    }


def test_an_image_is_chosen_by_its_name() -> None:
    """A step that names an image, `@batch` before `@resources`, gets that image's job definition, for the
    queue that it goes to."""
    asked = [batch(image="torch", gpu=1)], [resources(image="torch", gpu=1)]
    for decorators in (*asked, [resources(image="default"), *asked[0]]):
        plan = step_plans({"work": decorated(*decorators)}, OFFER)["work"]
        assert plan.definition == "arn:job-definition/mine-torch-ec2"
        assert (plan.queue, plan.machine) == ("arn:gpu", Machine(1, 4096, 1))


def test_steps_on_batch_are_those_that_say_so() -> None:
    """`@resources` alone sends no step to Batch."""
    assert batch_steps({"a": decorated(batch), "b": decorated(resources(cpu=4))}) == {"a"}


def test_an_image_that_there_is_not() -> None:
    """An image needs job definitions that the platform made for it."""
    with pytest.raises(UsageError) as caught:
        step_plans({"work": decorated(batch(image="torhc"))}, OFFER)
    assert str(caught.value) == (
        "step 'work': received image='torhc'; allowed are the images of the environment: default, torch; "
        "did you mean 'torch'?; environments.toml adds others, compute.images"
    )


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

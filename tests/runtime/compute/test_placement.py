"""Which queue a step goes to, and which machine it gets there."""

from __future__ import annotations

import pytest

from stepwell.compute.placement import Offer, place
from stepwell.contract import Queue
from stepwell.errors import FlowError, UsageError
from stepwell.machines import FARGATE_SIZES, Machine

FARGATE = Queue("fargate", "arn:aws:batch:r:1:job-queue/stepwell-growth-dev-fargate", "FARGATE", 16)
SPOT = Queue("spot", "arn:aws:batch:r:1:job-queue/stepwell-growth-dev-spot", "FARGATE_SPOT", 2)
BIG = Queue("big", "arn:aws:batch:r:1:job-queue/stepwell-growth-dev-big", "EC2", 128, ("m5", "r5.4xlarge"))
GPU = Queue("gpu", "arn:aws:batch:r:1:job-queue/stepwell-growth-dev-gpu", "SPOT", 64, ("g5",))
QUEUES = [FARGATE, SPOT, BIG, GPU]


def placed(asked: Machine, *queues: Queue, queue: str | None = None) -> tuple[str, Machine]:
    found, machine = place("work", Offer(queues or QUEUES, ["default"], ""), asked, queue)
    return found.name, machine


@pytest.mark.parametrize(
    ("asked", "queue", "machine"),
    [
        (Machine(1, 4096), "fargate", Machine(1, 4096)),
        (Machine(0.1, 100), "fargate", Machine(0.25, 512)),
        (Machine(0.25, 2049), "fargate", Machine(0.5, 3072)),
        (Machine(3, 1000), "fargate", Machine(4, 8192)),
        (Machine(8, 16385), "fargate", Machine(8, 20480)),
        (Machine(16, 122880), "fargate", Machine(16, 122880)),
        (Machine(16, 122881), "big", Machine(16, 122881)),
        (Machine(17, 1024), "big", Machine(17, 1024)),
        (Machine(4, 16384, 1), "gpu", Machine(4, 16384, 1)),
        (Machine(1, 4096, 4), "gpu", Machine(1, 4096, 4)),
    ],
)
def test_the_first_queue_that_has_the_machine_gets_the_step(
    asked: Machine, queue: str, machine: Machine
) -> None:
    """Fargate rounds up to one of its sizes; instances give just what is asked for; GPUs are for who asks."""
    assert placed(asked) == (queue, machine)


def test_a_gang_goes_to_instances_on_demand() -> None:
    """Batch runs the nodes of a gang neither on Fargate nor on Spot; the queue to take is said."""
    offer = Offer(QUEUES, ["default"], "")
    assert place("train", offer, Machine(1, 4096), gang=True) == (BIG, Machine(1, 4096))
    said = (
        "step 'train' has @parallel, and Batch runs the nodes of a gang on EC2 alone, neither on Fargate nor "
        "on Spot; "
    )
    with pytest.raises(FlowError) as refused:
        place("train", offer, Machine(4, 16384, 1), "gpu", gang=True)
    assert str(refused.value) == said + "received queue gpu (SPOT); take queue='big'"
    with pytest.raises(FlowError) as refused:
        place("train", Offer([FARGATE, SPOT], ["default"], ""), Machine(1, 4096), gang=True)
    assert str(refused.value) == said + (
        "received queue fargate (FARGATE), queue spot (FARGATE_SPOT); ask who runs the environment for one, "
        "compute.queues"
    )


def test_the_order_of_the_queues_counts() -> None:
    """Where spot comes first, a step goes there, as long as it fits into its vCPUs."""
    assert placed(Machine(1, 4096), SPOT, FARGATE)[0] == "spot"
    assert placed(Machine(4, 8192), SPOT, FARGATE)[0] == "fargate"


@pytest.mark.parametrize("name", ["spot", "stepwell-growth-dev-spot", SPOT.arn])
def test_a_step_may_name_its_queue(name: str) -> None:
    """By the name that settings give it, by Batch's name, or by its ARN."""
    assert placed(Machine(1, 4096), queue=name)[0] == "spot"


def test_every_size_of_fargate_is_one() -> None:
    """What is asked for in a size that Fargate has is given as it is."""
    queue = Queue("fargate", "", "FARGATE", 16)
    for vcpus, memories in FARGATE_SIZES.items():
        for memory in memories:
            assert placed(Machine(vcpus, memory), queue) == ("fargate", Machine(vcpus, memory))


def test_a_machine_that_there_is_not() -> None:
    """The error says what was asked for, what each queue has at most, and the way out."""
    with pytest.raises(FlowError) as caught:
        placed(Machine(1, 500_000, 1))
    assert str(caught.value) == (
        "step 'work': received cpu=1, memory=500000, gpu=1, and no queue of the environment has such a "
        "machine: fargate (FARGATE) has at most cpu=16, memory=122880 and no GPU; spot (FARGATE_SPOT) has at "
        "most cpu=2, memory=16384 and no GPU; big (EC2) has at most cpu=96, memory=361694, gpu=0; gpu (SPOT) "
        "has at most cpu=64, memory=241108, gpu=4; ask for less, or who runs the environment for another "
        "queue"
    )


def test_a_named_queue_without_such_a_machine() -> None:
    """A step that names a queue is not sent to another."""
    with pytest.raises(FlowError, match=r"and the queue 'spot' has no such a machine: .*; ask for less"):
        placed(Machine(4, 8192), queue="spot")


def test_a_queue_that_there_is_not() -> None:
    """A queue's name is checked before anything is submitted."""
    with pytest.raises(UsageError) as caught:
        placed(Machine(1, 4096), queue="sopt")
    assert str(caught.value) == (
        "step 'work': received queue='sopt'; allowed are the queues of the environment: fargate, spot, big, "
        "gpu; did you mean 'spot'?"
    )


def test_a_queue_whose_machines_are_too_large_for_it() -> None:
    """A machine that has more vCPUs than may run at once never starts."""
    small = Queue("small", "", "EC2", 1, ("m5",))
    with pytest.raises(FlowError, match=r"small .EC2. has at most nothing: its machines are larger than its"):
        placed(Machine(4, 4096), small)

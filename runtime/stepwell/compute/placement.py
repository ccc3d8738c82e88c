"""Which queue a step's jobs go to, and which machine they ask for there. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from stepwell.compute.fargate import smallest
from stepwell.contract import Contract, NamespaceContract, Queue, job_definition
from stepwell.errors import FlowError, UsageError
from stepwell.machines import FARGATE_SIZES, Machine, machines


@dataclass(frozen=True, slots=True)
class Offer:
    """What an environment has for the jobs of a namespace.

    Attributes:
        queues: in the order in which they are asked.
        images: names of the images; the first is the default.
        definitions: what the names or ARNs of its job definitions begin with.
    """

    queues: Sequence[Queue]
    images: Sequence[str]
    definitions: str

    @classmethod
    def of(cls, contract: Contract, mine: NamespaceContract) -> Offer:
        """What the contracts of an environment and of a namespace say."""
        return cls(contract.queues, contract.images, mine.job_definitions)

    def definition(self, step: str, image: str | None, kind: str) -> str:
        """The job definition of an image (None: the default) for a queue's platform, or `MULTINODE`.

        Raises:
            UsageError: there is no such image.
        """
        if image is not None and image not in self.images:
            raise UsageError(
                f"step '{step}': received image={image!r}; allowed are the images of the environment: "
                f"{_named(image, self.images)}; environments.toml adds others, compute.images"
            )
        return job_definition(self.definitions, image or self.images[0], kind)


def place(
    step: str, offer: Offer, asked: Machine, queue: str | None = None, *, gang: bool = False
) -> tuple[Queue, Machine]:
    """The queue for a step that asks for a machine, and the machine that it gets there.

    That is the first queue with a machine as large; one with GPUs takes only who asks for them. On Fargate
    the machine is the smallest of its sizes that is large enough, elsewhere just what was asked for.

    Args:
        step: its name, for the errors.
        offer: what there is.
        asked: vCPUs, MiB and GPUs.
        queue: name or ARN of the one queue that the step wants. Default: any.
        gang: whether it is the machine of each node of a gang.

    Raises:
        UsageError: the environment has no queue of that name.
        FlowError: no queue has such a machine.
    """
    wanted = _wanted(step, offer.queues, queue)
    if gang:
        wanted = _for_gangs(step, wanted, offer.queues)
    for candidate in wanted:
        found = _machine(candidate, asked)
        if found is not None:
            return candidate, found
    has = "; ".join(f"{one.name} ({one.type}) has at most {_most(one)}" for one in offer.queues)
    where = f"the queue '{queue}' has" if queue else "no queue of the environment has"
    raise FlowError(
        f"step '{step}': received cpu={asked.vcpus:g}, memory={asked.memory}, gpu={asked.gpus}, and {where} "
        f"{'no ' if queue else ''}such a machine: {has}; ask for less, or who runs the environment for "
        "another queue"
    )


def _wanted(step: str, queues: Sequence[Queue], name: str | None) -> Sequence[Queue]:
    if name is None:
        return queues
    found = [one for one in queues if name in (one.name, one.arn, one.arn.rpartition("/")[2])]
    if not found:
        names = [one.name for one in queues]
        raise UsageError(
            f"step '{step}': received queue={name!r}; allowed are the queues of the environment: "
            f"{_named(name, names)}"
        )
    return found


def _for_gangs(step: str, wanted: Sequence[Queue], queues: Sequence[Queue]) -> Sequence[Queue]:
    """The queues that run multi-node jobs (AWS Batch user guide, "Compute environment considerations")."""
    found = [one for one in wanted if one.has_gangs]
    if not found:
        fit = [one.name for one in queues if one.has_gangs]
        way_out = f"take queue={fit[0]!r}" if fit else "ask who runs the environment for one, compute.queues"
        raise FlowError(
            f"step '{step}' has @parallel, and Batch runs the nodes of a gang on EC2 alone, neither on "
            f"Fargate nor on Spot; received {', '.join(f'queue {one.name} ({one.type})' for one in wanted)}; "
            f"{way_out}"
        )
    return found


def _machine(queue: Queue, asked: Machine) -> Machine | None:
    """The machine that a queue has for that; None if it has none."""
    if queue.platform == "FARGATE":
        found = smallest(asked)
        return found if found and found.vcpus <= queue.max_vcpus else None
    kinds = [one for one in _kinds(queue) if bool(one.gpus) == bool(asked.gpus)]
    return asked if any(_holds(one, asked) for one in kinds) else None


def _kinds(queue: Queue) -> list[Machine]:
    """The instances that a queue can start."""
    return [one for one in machines(queue.instance_types) if one.vcpus <= queue.max_vcpus]


def _holds(machine: Machine, asked: Machine) -> bool:
    return machine.vcpus >= asked.vcpus and machine.memory >= asked.memory and machine.gpus >= asked.gpus


def _most(queue: Queue) -> str:
    """The largest machine of a queue, in words."""
    if queue.platform == "FARGATE":
        vcpus = max((one for one in FARGATE_SIZES if one <= queue.max_vcpus), default=0.25)
        return f"cpu={vcpus:g}, memory={FARGATE_SIZES[vcpus][-1]} and no GPU"
    kinds = _kinds(queue)
    if not kinds:
        return "nothing: its machines are larger than its max_vcpus"
    return (
        f"cpu={max(one.vcpus for one in kinds):g}, memory={max(one.memory for one in kinds)}, "
        f"gpu={max(one.gpus for one in kinds)}"
    )


def _named(wrong: str, allowed: Sequence[str]) -> str:
    near = get_close_matches(wrong, allowed, n=1)
    return ", ".join(allowed) + (f"; did you mean {near[0]!r}?" if near else "")

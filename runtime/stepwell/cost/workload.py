"""The tasks of a run: as many as somebody says, or those of a flow's state machine. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stepwell.production.limits import container_overrides

STARTS_A_JOB = "batch:submitJob.sync"


@dataclass(frozen=True, slots=True)
class Tasks:
    """So many tasks of one size: `memory` in MiB."""

    count: int
    vcpus: float
    memory: int
    gpus: int = 0


@dataclass(frozen=True, slots=True)
class Workload:
    """What a run does.

    Attributes:
        tasks: its tasks, by size.
        minutes: how long each computes.
        transitions: states that Step Functions enters.
        assumed: what was made up to know these, in sentences.
    """

    tasks: tuple[Tasks, ...]
    minutes: float
    transitions: int
    assumed: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        return sum(one.count for one in self.tasks)


def given(tasks: Tasks, minutes: float) -> Workload:
    """A run of so many tasks, each taken for an item of a foreach: Step Functions starts it, then its job."""
    assumed = "Step Functions enters 2 states for each task, as in a foreach"
    return Workload((tasks,), minutes, 2 * tasks.count, (assumed,))


def of_state_machine(machine: Mapping[str, Any], splits: int, minutes: float) -> Workload:
    """A run of a flow as it is compiled for Step Functions.

    Args:
        machine: in Amazon States Language.
        splits: how many items each foreach has, and how many nodes each gang.
        minutes: how long each task computes.
    """
    entered = list(_entered(machine, 1, splits))
    sizes: dict[tuple[float, int, int], int] = {}
    for state, times in entered:
        if state.get("Resource", "").endswith(STARTS_A_JOB):
            size, nodes = _size(state), splits if _is_gang(state) else 1
            sizes[size] = sizes.get(size, 0) + times * nodes
    tasks = tuple(Tasks(count, *size) for size, count in sorted(sizes.items()))
    assumed = (
        [f"each foreach has {splits} items"] if any("ItemProcessor" in one for one, _ in entered) else []
    )
    if any(_is_gang(one) for one, _ in entered):
        assumed.append(f"each gang has {splits} nodes, on machines of their own")
    if any(one["Type"] == "Choice" for one, _ in entered):
        assumed.append("of a switch every case is counted, and a step that repeats itself once")
    assumed.append("no task is tried again")
    return Workload(tasks, minutes, sum(times for _, times in entered), tuple(assumed))


def _entered(machine: Mapping[str, Any], times: int, splits: int) -> Iterator[tuple[Mapping[str, Any], int]]:
    """Each state, and how often it is entered; a Distributed Map starts a child for each item.

    States that only a failure leads to are left out.
    """
    for name in _without_failures(machine):
        state = machine["States"][name]
        yield state, times
        for branch in state.get("Branches", []):
            yield from _entered(branch, times, splits)
        if "ItemProcessor" in state:
            yield {"Type": "child"}, times * splits
            yield from _entered(state["ItemProcessor"], times * splits, splits)


def _without_failures(machine: Mapping[str, Any]) -> list[str]:
    """The states that are reached where nothing is caught, in their order."""
    states, ahead, reached = machine["States"], [machine["StartAt"]], set()
    while ahead:
        name = ahead.pop()
        if name in reached:
            continue
        reached.add(name)
        state = states[name]
        choices = [choice["Next"] for choice in state.get("Choices", ())]
        ahead += [one for one in (state.get("Next"), state.get("Default"), *choices) if one]
    return [name for name in states if name in reached]


def _is_gang(state: Mapping[str, Any]) -> bool:
    return "NodeOverrides" in state.get("Parameters", ())


def _size(state: Mapping[str, Any]) -> tuple[float, int, int]:
    requirements = container_overrides(state["Parameters"])["ResourceRequirements"]
    asked = {one["Type"]: one["Value"] for one in requirements}
    return float(asked["VCPU"]), int(asked["MEMORY"]), int(asked.get("GPU", 0))

"""What holds of any graph with branches, foreaches, switches and repetitions, nested in one another."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

from stepwell import machines
from stepwell.artifacts.manifest import Manifest
from stepwell.cloud.asl import faults
from stepwell.datastore import Datastore
from stepwell.execution.parents import parents
from stepwell.flow.draw import draw
from stepwell.flow.frontier import Frontier
from stepwell.flow.graph import Graph, TaskId
from stepwell.production.asl import Deployment, StepPlan, compile_flow
from stepwell.store.opening import open_store
from tests.runtime.flow.made_graphs import Decisions, graphs

Visit = Callable[[TaskId], None]
SEEDS = st.integers(0, 10**6)


def follow(graph: Graph, seed: int, visit: Visit) -> list[TaskId]:
    """Run a graph by its frontier, tasks in any order that it allows."""
    decisions, chance = Decisions(graph, seed), random.Random(seed)
    frontier = Frontier(graph)
    ready, ran = [frontier.first()], []
    while ready:
        task = ready.pop(chance.randrange(len(ready)))
        visit(task)
        ran.append(task)
        ready += frontier.done(task, decisions.splits(task), decisions.chosen(task))
    return ran


@settings(deadline=None, max_examples=60)
@given(graphs(), SEEDS)
def test_every_task_once_and_end_last(graph: Graph, seed: int) -> None:
    """The frontier sets each task free once, and ends with the task of `end`."""
    ran = follow(graph, seed, lambda task: None)
    assert len(ran) == len(set(ran))
    assert ran[-1] == TaskId("end", "0")


@settings(deadline=None, max_examples=40)
@given(graphs(), SEEDS)
def test_parents_are_found_by_what_is_done(graph: Graph, seed: int) -> None:
    """When a task starts, its parents are done, and are exactly those whose end set it free."""
    decisions, datastore = Decisions(graph, seed), Datastore(open_store("memory://"), "user/ada")
    freed_by: dict[TaskId, list[TaskId]] = {}
    frontier = Frontier(graph)

    def visit(task: TaskId) -> None:
        found = parents(graph, datastore, "run", task)
        step = graph[task.step]
        splits, chosen = decisions.splits(task), decisions.chosen(task)
        meta = {
            "foreach": {"name": step.foreach, "splits": splits} if splits else None,
            "switch": {"name": step.condition, "chosen": chosen} if chosen else None,
        }
        datastore.commit("Made", "run", task, Manifest(meta, {}))
        if step.takes_inputs:
            assert len(found) == len(set(found)) > 0
            assert freed_by[task][-1] in found
        else:
            assert list(found) == freed_by.get(task, [])
        for free in frontier.done(task, splits, chosen):
            freed_by.setdefault(free, []).append(task)

    follow(graph, seed, visit)


def compiled(graph: Graph) -> dict[str, Any]:
    deployment = Deployment(
        namespace="user/ada", bucket="store", partition="aws",
        code="c0de", flow_file="made.py", username="ada",
        plans={name: StepPlan("q", "d", machines.Machine(1, 1024)) for name in graph}, max_workers=7,
    )  # fmt: skip
    return compile_flow(graph, deployment)


def all_states(machine: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    found = list(machine["States"].items())
    for state in machine["States"].values():
        for inner in [
            *state.get("Branches", []),
            *([state["ItemProcessor"]] if "ItemProcessor" in state else []),
        ]:
            found += all_states(inner)
    return found


@settings(deadline=None, max_examples=25)
@given(graphs())
def test_state_machines_are_valid(graph: Graph) -> None:
    """Each step is one state of the machine, whose grammar and transitions are sound and names unique."""
    document = compiled(graph)
    states = all_states(document)
    jobs = [name for name, state in states if "batch" in state.get("Resource", "")]
    assert sorted(jobs) == sorted(graph)
    assert len(states) == len(dict(states))
    assert faults(document) == []
    AmazonStateLanguageParser.parse(json.dumps(document))


class Machine:
    """Executes a state machine as far as our documents go, and lists the tasks of its jobs."""

    def __init__(self, decisions: Decisions) -> None:
        self._decisions = decisions
        self.ran: list[TaskId] = []

    def run(self, machine: dict[str, Any], data: dict[str, Any]) -> None:
        name = machine["StartAt"]
        while True:
            state = machine["States"][name]
            if state["Type"] == "Choice":
                (name,) = [
                    one["Next"] for one in state["Choices"] if one["StringEquals"] == data["choice"]["step"]
                ]
                continue
            data = self._enter(state, data)
            if state.get("End"):
                return
            name = state["Next"]

    def _enter(self, state: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        if state["Type"] == "Parallel":
            for branch in state["Branches"]:
                self.run(branch, data)
        elif state["Type"] == "Map":
            task = self._task(state["ItemReader"]["Parameters"]["Key.$"], data)
            for item in range(self._decisions.splits(task) or 0):
                context = {**data, "$.Map.Item.Value": item}
                self.run(state["ItemProcessor"], fill(state["ItemSelector"], context))
        elif state["Type"] == "Pass" and "Result" in state:
            return {**data, state["ResultPath"].removeprefix("$."): state["Result"]}
        elif state["Type"] == "Pass" and "Parameters" in state:
            return fill(state["Parameters"], data)
        elif "getObject" in state.get("Resource", ""):
            task = self._task(state["Parameters"]["Key.$"], data)
            return {**data, "choice": {"step": self._decisions.chosen(task)}}
        elif state["Type"] == "Task":
            variables = state["Parameters"]["ContainerOverrides"]["Environment"]
            said = {one["Name"]: one.get("Value") or value(one["Value.$"], data) for one in variables}
            self.ran.append(TaskId(said["STEPWELL_STEP"], str(said["STEPWELL_TASK"])))
        return data

    def _task(self, key: str, data: dict[str, Any]) -> TaskId:
        return TaskId(*value(key, data).removesuffix(".json").split("/")[-2:])


def fill(template: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    return {
        name.removesuffix(".$"): value(given, data) if name.endswith(".$") else given
        for name, given in template.items()
    }


def value(expression: str, data: dict[str, Any]) -> Any:
    """A path, ``States.Format`` or ``States.MathAdd`` of paths."""
    context = {"$.Execution.Name": "run", **data}
    if called := re.fullmatch(r"States\.Format\('(.*)', (.*)\)", expression):
        return called[1].format(*(value(one, data) for one in called[2].split(", ")))
    if called := re.fullmatch(r"States\.MathAdd\((.*), (\d+)\)", expression):
        return value(called[1], data) + int(called[2])
    return context[expression.removeprefix("$.") if not expression.startswith("$$") else expression[1:]]


@settings(deadline=None, max_examples=60)
@given(graphs(), SEEDS)
def test_state_machines_run_the_frontiers_tasks(graph: Graph, seed: int) -> None:
    """A state machine starts the very tasks that the local scheduler starts."""
    machine = Machine(Decisions(graph, seed))
    machine.run(compiled(graph), {})
    assert sorted(map(str, machine.ran)) == sorted(map(str, follow(graph, seed, lambda task: None)))


@settings(deadline=None, max_examples=60)
@given(graphs())
def test_drawings_have_every_step_once(graph: Graph) -> None:
    """`show` draws each step once; further ways to it are arrows."""
    words = [line.split()[-1] for line in draw(graph).splitlines() if "→" not in line]
    assert sorted(word for word in words if word in graph) == sorted(graph)

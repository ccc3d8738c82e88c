"""How far a run is, told from what its tasks have left."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepwell.client.progress import Progress, progress, state_of
from stepwell.datastore import TaskFile
from stepwell.flow.frontier import Frontier
from stepwell.flow.graph import Graph, Step, TaskId
from tests.runtime.client.support import NOON
from tests.runtime.flow.made_graphs import Decisions, graphs

MANIFEST = "manifest.parquet"


def left(task: TaskId, *names: str) -> list[TaskFile]:
    return [TaskFile(task, name, NOON) for name in names]


def files(*tasks: str) -> dict[TaskId, list[TaskFile]]:
    """Of ``step/path/name`` or ``step/path/name,name`` what these tasks have left."""
    found = {}
    for text in tasks:
        step, path, names = text.split("/")
        found[TaskId(step, path)] = left(TaskId(step, path), *names.split(","))
    return found


def half_way(graph: Graph, seed: int) -> tuple[Decisions, set[TaskId], set[TaskId]]:
    """A run that was stopped at a random moment: what is done, and what was free to start."""
    decisions, chance = Decisions(graph, seed), random.Random(seed)
    frontier = Frontier(graph)
    ready, done = [frontier.first()], set()
    for _ in range(chance.randrange(40)):
        if not ready:
            break
        task = ready.pop(chance.randrange(len(ready)))
        done.add(task)
        ready += frontier.done(task, decisions.splits(task), decisions.chosen(task))
    return decisions, done, set(ready)


def learnt(graph: Graph, decisions: Decisions, done: set[TaskId]) -> tuple[Progress, int]:
    """The progress once all decisions that were asked for are known, and how many were."""
    known: dict[TaskId, int | str] = {}
    there = {task: left(task, MANIFEST) for task in done}
    while True:
        found = progress(graph, there, known)
        if not found.undecided:
            return found, len(known)
        assert not known.keys() & set(found.undecided)
        for task in found.undecided:
            decided = decisions.splits(task) or decisions.chosen(task)
            assert decided is not None
            known[task] = decided


@settings(deadline=None, max_examples=150)
@given(graphs(), st.integers(0, 10**6))
def test_what_is_to_come_follows_from_what_is_done(graph: Graph, seed: int) -> None:
    """In the middle of any run exactly those tasks wait that its scheduler could start next."""
    decisions, done, free = half_way(graph, seed)
    found, _ = learnt(graph, decisions, done)
    assert {task for task, state in found.tasks.items() if state == "waiting"} == free
    assert {task for task, state in found.tasks.items() if state == "done"} == done
    assert list(found.steps) == list(graph)


@settings(deadline=None, max_examples=100)
@given(graphs(), st.integers(0, 10**6))
def test_items_are_never_promised_that_do_not_come(graph: Graph, seed: int) -> None:
    """The number of items of a step is what it has at the end, unless it is said that it can grow."""
    decisions, done, _ = half_way(graph, seed)
    found, _ = learnt(graph, decisions, done)
    frontier = Frontier(graph)
    ready, ran = [frontier.first()], []
    while ready:
        task = ready.pop()
        ran.append(task)
        ready += frontier.done(task, decisions.splits(task), decisions.chosen(task))
    for name, step in found.steps.items():
        at_the_end = sum(task.step == name for task in ran)
        if step.items is not None:
            assert step.items <= at_the_end
            assert step.grows or step.items == at_the_end


@settings(deadline=None, max_examples=60)
@given(graphs(), st.integers(0, 10**6))
def test_a_run_that_has_succeeded_asks_for_nothing(graph: Graph, seed: int) -> None:
    """Of a run that has ended well no decision is needed, and every step that ran is done."""
    decisions, frontier = Decisions(graph, seed), Frontier(graph)
    ready, ran = [frontier.first()], []
    while ready:
        task = ready.pop()
        ran.append(task)
        ready += frontier.done(task, decisions.splits(task), decisions.chosen(task))
    found = progress(graph, {task: left(task, MANIFEST) for task in ran}, {}, end=True)
    assert not found.undecided
    assert {step.state for name, step in found.steps.items() if any(task.step == name for task in ran)} == {
        "done"
    }


def test_what_is_joined_needs_no_decision() -> None:
    """A foreach that is joined tells its number of items by the tasks that are there, a switch its way."""
    graph = Graph(
        "Made",
        [
            Step("start", "foreach", ("a",), foreach="xs"),
            Step("a", "switch", ("b", "c"), condition="x", cases=(("b", "b"), ("c", "c"))),
            Step("b", "linear", ("join",)),
            Step("c", "linear", ("join",)),
            Step("join", "linear", ("end",), takes_inputs=True),
            Step("end", "end"),
        ],
    )
    done = [f"{task}/{MANIFEST}" for task in ("start/0", "a/0-0", "b/0-0", "a/0-1", "c/0-1")]
    assert progress(graph, files(*done), {}).undecided == [TaskId("start", "0")]
    found = progress(graph, files(*done, f"join/0/{MANIFEST}"), {})
    assert (found.undecided, found.tasks[TaskId("end", "0")]) == ([], "waiting")
    assert (found.steps["a"].items, found.steps["a"].grows, found.steps["b"].items) == (2, False, None)


@pytest.mark.parametrize(
    ("names", "over", "state"),
    [
        ((MANIFEST,), False, "done"),
        (("0.failed.json", "0.log", "1.log", MANIFEST), True, "done"),
        (("0.log",), False, "running"),
        (("0.log",), True, "stopped"),
        (("0.failed.json", "0.log"), False, "failed"),
        (("0.failed.json",), True, "failed"),
        (("0.failed.json", "0.log", "1.log"), False, "running"),
        (("0.failed.json", "0.log", "1.failed.json", "1.log", "2.log"), True, "stopped"),
        (("9.log", "10.failed.json", "10.log"), False, "failed"),
    ],
)
def test_the_state_of_a_task(names: tuple[str, ...], over: bool, state: str) -> None:
    """A task's state follows from its last attempt: done, failed, or it runs until the run is over."""
    assert state_of(left(TaskId("fit", "0"), *names), over) == state


def test_a_failed_run_says_how_many_items_it_had() -> None:
    """Of a foreach that a failure ended the items are counted that never began, and none waits any more."""
    graph = Graph(
        "Made",
        [
            Step("start", "foreach", ("fit",), foreach="xs"),
            Step("fit", "linear", ("join",)),
            Step("join", "linear", ("end",), takes_inputs=True),
            Step("end", "end"),
        ],
    )
    there = files(f"start/0/{MANIFEST}", f"fit/0-0/{MANIFEST}", "fit/0-1/0.failed.json", "fit/0-2/0.log")
    found = progress(graph, there, {TaskId("start", "0"): 9}, end=False).steps["fit"]
    assert (found.items, found.grows, found.state) == (9, False, "failed")
    assert dict(found.counts) == {"done": 1, "failed": 1, "stopped": 1}


def test_without_a_graph_what_is_there_is_counted() -> None:
    """Of a run that kept no graph the tasks that are there are counted, step by step."""
    found = progress(None, files(f"start/0/{MANIFEST}", "fit/0/0.log"), {})
    assert {name: dict(step.counts) for name, step in found.steps.items()} == {
        "fit": {"running": 1}, "start": {"done": 1},
    }  # fmt: skip

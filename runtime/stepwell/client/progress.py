"""How far a run is, from what its tasks have left: pure.

A task that is done has a manifest. One whose last attempt failed has a failure for that, or what Step
Functions said of it. One that runs has a log, if it has run for more than a second. And one that waits for
a place, or has begun just now, has left nothing: that it is to come follows from the graph and what is done.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Literal

from stepwell.client.reader import FAILURE, LOG, attempts_with, has_died, is_done
from stepwell.datastore import TaskFile
from stepwell.flow import paths
from stepwell.flow.frontier import Frontier
from stepwell.flow.graph import Graph, TaskId

State = Literal["done", "running", "failed", "waiting", "stopped"]
"""Of a task; `stopped` is one that ran when its run ended."""
STATES: tuple[State, ...] = ("done", "running", "failed", "waiting", "stopped")

Files = Mapping[TaskId, list[TaskFile]]
Decisions = Mapping[TaskId, int | str]
"""What tasks have decided: of a foreach how many items it has, of a switch the step that follows."""


@dataclass(slots=True)
class StepProgress:
    """The tasks of one step.

    Attributes:
        counts: how many tasks are in each state.
        items: how many tasks the step will have, as far as foreaches have said; None where switches say.
        grows: whether they may be more, for a foreach has not said yet.
        over: whether the run has ended.
    """

    counts: Counter[State] = field(default_factory=Counter)
    items: int | None = None
    grows: bool = True
    over: bool = False

    @property
    def known(self) -> int:
        """How many tasks there are, or are certain to come next."""
        return self.counts.total()

    @property
    def state(self) -> State | None:
        """How the step stands as a whole; None where no task of it has come yet."""
        for state in ("failed", "running", "stopped", "waiting"):
            if self.counts[state]:
                return state
        if not self.counts["done"]:
            return None
        if self.items is None or not (self.grows or self.counts["done"] < self.items):
            return "done"
        return "stopped" if self.over else "running"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        steps: by name, in the order of the graph.
        tasks: the state of each task that there is or that is certain to come next.
        undecided: foreaches and switches that are done, and whose decision is not known: what follows
            them is left out.
    """

    steps: dict[str, StepProgress]
    tasks: dict[TaskId, State]
    undecided: list[TaskId]


def progress(graph: Graph | None, files: Files, decisions: Decisions, end: bool | None = None) -> Progress:
    """How far a run is.

    Args:
        graph: the flow's; None where the run did not keep it.
        files: what each task has left.
        decisions: those that are known; whatever the files tell need not be among them.
        end: whether the run has ended well; None where it has not ended.
    """
    over = end is not None
    tasks: dict[TaskId, State] = {task: state_of(left, over) for task, left in files.items()}
    undecided: list[TaskId] = []
    to_come: set[TaskId] = set()
    if graph is not None and not end:
        to_come.update(task for task in _free(graph, tasks, decisions, undecided) if task not in tasks)
    known = tasks.keys() | to_come
    if not over:
        tasks.update(dict.fromkeys(sorted(to_come, key=lambda task: paths.order(task.path)), "waiting"))
    names = list(graph) if graph is not None else sorted({task.step for task in tasks})
    steps = {name: StepProgress(over=over) for name in names}
    for task, state in tasks.items():
        steps.setdefault(task.step, StepProgress(over=over)).counts[state] += 1
    if end:
        for step in steps.values():
            step.items, step.grows = step.known, False
    elif graph is not None:
        items = _Items(graph, tasks, known, undecided)
        for name in graph:
            steps[name].items, steps[name].grows = items.of(name)
    return Progress(steps, tasks, undecided)


def state_of(files: list[TaskFile], over: bool) -> State:
    """The state of a task that has left files."""
    if is_done(files):
        return "done"
    if has_died(files):
        return "failed"
    failed, logged = attempts_with(files, FAILURE), attempts_with(files, LOG)
    if failed and (not logged or failed[-1] >= logged[-1]):
        return "failed"
    return "stopped" if over else "running"


def _free(
    graph: Graph, tasks: Mapping[TaskId, State], decisions: Decisions, undecided: list[TaskId]
) -> Iterator[TaskId]:
    """The tasks that those that are done have set free."""
    begin = {step.next[0] for step in graph.values() if step.kind == "foreach"}
    children = Counter(
        (task.step, paths.outer(task.path))
        for task in _once(graph, (one for one in tasks if one.step in begin))
    )
    frontier = Frontier(graph)
    free = deque([frontier.first()])
    while free:
        task = free.popleft()
        if tasks.get(task) != "done":
            yield task
            if tasks.get(task) == "failed" and (lost := frontier.failed(task)):
                free.extend(lost.free)
            continue
        step, splits, chosen = graph[task.step], None, None
        if step.kind in ("foreach", "switch"):
            decided = decisions.get(task) or (
                _splits(graph, task, tasks, children)
                if step.kind == "foreach"
                else _chosen(graph, task, tasks)
            )
            if decided is None:
                undecided.append(task)
                continue
            splits, chosen = (decided, None) if isinstance(decided, int) else (None, decided)
        free.extend(frontier.done(task, splits, chosen))


def _once(graph: Graph, tasks: Iterable[TaskId]) -> Iterator[TaskId]:
    """Tasks by where their steps stand: those of a step that repeats itself there count as one."""
    repeated = set()
    for task in tasks:
        if task.step in graph and graph[task.step].repeats:
            repeated.add(TaskId(task.step, paths.parse(task.path)[0]))
        else:
            yield task
    yield from repeated


def _splits(
    graph: Graph, task: TaskId, tasks: Mapping[TaskId, State], children: Counter[tuple[str, str]]
) -> int | None:
    """How many items a foreach had that is joined: all of them are there."""
    path = paths.parse(task.path)[0]
    join = TaskId(graph.join_of(task.step), path)
    is_joined = join in tasks or TaskId(join.step, paths.repetition(path, 0)) in tasks
    return children[graph[task.step].next[0], path] if is_joined else None


def _chosen(graph: Graph, task: TaskId, tasks: Mapping[TaskId, State]) -> str | None:
    """The step that a switch has chosen, if its task has left something."""
    path, repetition = paths.parse(task.path)
    for name in graph[task.step].next:
        if name == task.step:
            following = TaskId(name, paths.repetition(path, (repetition or 0) + 1))
        else:
            following = graph.first_task(name, path)
        if following in tasks:
            return name
    return None


class _Items:
    """How many tasks each step will have: one for each item of the foreach that it stands in."""

    def __init__(
        self, graph: Graph, tasks: Mapping[TaskId, State], known: Set[TaskId], undecided: list[TaskId]
    ) -> None:
        self._graph = graph
        self._begun = Counter(task.step for task in _once(graph, known))
        self._done = Counter(task.step for task, state in tasks.items() if state == "done")
        self._undecided = {task.step for task in undecided}

    def of(self, name: str) -> tuple[int | None, bool]:
        """The number, as far as it is known, and whether it can grow; None where a switch decides."""
        graph, scopes = self._graph, self._graph.scopes(name)
        splits = [scope.branch is None for scope in scopes]
        depth = len(splits) - splits[::-1].index(True) if any(splits) else 0
        if graph[name].repeats or any(
            graph[one].kind == "switch" and name in graph.from_step(one) and one != name
            for one in graph
            if len(graph.scopes(one)) >= depth and scopes[: len(graph.scopes(one))] == graph.scopes(one)
        ):
            return None, True
        if not depth:
            return 1, False
        split = scopes[depth - 1].split
        items, grows = self.of(split)
        is_open = items is None or grows or self._done[split] < items or split in self._undecided
        return self._begun[graph[split].next[0]], is_open

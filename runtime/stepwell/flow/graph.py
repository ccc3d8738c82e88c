"""The graph of a flow's steps, and what it implies: pure data and pure functions.

Tasks are named by the path of foreach indices that leads to them. The path is the same on a
laptop and on Step Functions, and needs no service to hand out numbers:

* a step outside any foreach has the one task ``0``;
* a foreach over n items in task ``P`` makes the tasks ``P-0`` to ``P-(n-1)``;
* a join goes back to the path of the step that split;
* a step that repeats itself has, where another would have ``P``, the tasks ``P-r0``, ``P-r1``, ...

Between a split and its join, and outside of all of them, one task follows another: a switch says
which. So of all the steps that lead to a step, exactly one has led to each of its tasks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from stepwell.errors import FlowError, did_you_mean
from stepwell.flow import paths

START, END = "start", "end"
ROOT_PATH = "0"

Kind = Literal["linear", "branch", "foreach", "switch", "end"]
Key = str | int | float | bool
"""What the artifact of a switch may be compared with."""


class Step(NamedTuple):
    """One step as its source declares it.

    Attributes:
        kind: how the step ends: with one next step, several, a foreach, one of several, or the flow.
        next: names of the steps that follow, in the order of ``self.next``, each once.
        foreach: name of the artifact a foreach goes over.
        tolerate: the share of its items that may fail, from 0 to less than 1.
        num_parallel: of a foreach over the nodes of a gang, how many, as it is written: ``4``, ``self.n``.
        parallel: whether its tasks are the nodes of a gang, which run at once.
        takes_inputs: whether it is declared ``def name(self, inputs)``: a join.
        where: ``file:line``, for messages.
        condition: name of the artifact a switch looks at.
        cases: for each value that it may have the step that follows.
    """

    name: str
    kind: Kind
    next: tuple[str, ...] = ()
    foreach: str | None = None
    takes_inputs: bool = False
    doc: str = ""
    where: str = ""
    condition: str | None = None
    cases: tuple[tuple[Key, str], ...] = ()
    tolerate: float = 0
    num_parallel: str | None = None
    parallel: bool = False

    @property
    def over(self) -> str:
        """What a foreach goes over: the name of an artifact, or the nodes of a gang."""
        return self.foreach or f"num_parallel={self.num_parallel}"

    def tolerated(self, items: int) -> int:
        """How many of so many items may fail."""
        return math.floor(round(self.tolerate * items, 9))  # 0.29 * 100 is a little less than 29

    def keys_to(self, name: str) -> str:
        """For people: the keys with which a switch leads to a step."""
        return " or ".join(repr(key) for key, step in self.cases if step == name)

    @property
    def repeats(self) -> bool:
        """Whether it may lead back to itself."""
        return self.name in self.next


class Scope(NamedTuple):
    """A split a step stands in: the step that split, and for a branch which of its branches."""

    split: str
    branch: str | None


class TaskId(NamedTuple):
    """A task of a run: its step and its path."""

    step: str
    path: str

    def __str__(self) -> str:
        return f"{self.step}/{self.path}"


END_TASK = TaskId(END, ROOT_PATH)
"""The task that every run ends with."""


class Graph(Mapping[str, Step]):
    """A checked graph: steps by name, in the order of a run.

    Raises:
        FlowError: the steps do not make a flow; the message names the step and the way out.
    """

    def __init__(self, flow: str, steps: list[Step]) -> None:
        self.flow = flow
        declared = {step.name: step for step in steps}
        _check_steps(flow, declared)
        self._before: dict[str, tuple[str, ...]] = {
            name: tuple(s.name for s in steps if name in s.next and name != s.name) for name in declared
        }
        order = _order(declared)
        self._steps = {name: declared[name] for name in order}
        self._scopes: dict[str, tuple[Scope, ...]] = {}
        self._nest()

    def __getitem__(self, name: str) -> Step:
        return self._steps[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._steps)

    def __len__(self) -> int:
        return len(self._steps)

    def before(self, name: str) -> tuple[str, ...]:
        """The steps that lead to a step, itself left out."""
        return self._before[name]

    def from_step(self, name: str) -> set[str]:
        """A step and all steps that it leads to."""
        return _reachable(self._steps, name)

    def scopes(self, name: str) -> tuple[Scope, ...]:
        """The splits a step stands in, outermost first; a join stands outside the one it joins."""
        return self._scopes[name]

    def join_of(self, split: str) -> str:
        """The join that closes a branch or foreach."""
        return next(
            name for name, step in self._steps.items() if step.takes_inputs and self.split_of(name) == split
        )

    def split_of(self, join: str) -> str:
        """The branch or foreach that a join closes."""
        return self._reached(self._before[join][0], join)[-1].split

    def joins_foreach(self, name: str) -> bool:
        """Whether a step joins a foreach (and not a branch)."""
        return self._steps[name].takes_inputs and self._steps[self.split_of(name)].kind == "foreach"

    def first_task(self, name: str, path: str) -> TaskId:
        """The task with which a step begins that stands at a path."""
        return TaskId(name, paths.repetition(path, 0) if self._steps[name].repeats else path)

    def parents(self, task: TaskId, splits: int | None = None) -> list[tuple[TaskId, ...]]:
        """The tasks whose artifacts a task starts from, in the order of ``inputs``.

        Each is given as the tasks of which exactly one has led here. For a step that repeats
        itself its first task is named; it was its last that led here.

        `splits` is how many tasks the foreach made that a join of a foreach joins; it is known
        from the splitting task, ``TaskId(graph.split_of(join), task.path)``.
        """
        before = self._before[task.step]
        path, repetition = paths.parse(task.path)
        if repetition:
            return [(TaskId(task.step, paths.repetition(path, repetition - 1)),)]
        if self.joins_foreach(task.step):
            if splits is None:
                raise ValueError(f"{task} joins a foreach: its number of splits is needed")
            items = [paths.item(path, index) for index in range(splits)]
            return [tuple(TaskId(name, item) for name in before) for item in items]
        if self._steps[task.step].takes_inputs:
            branch_of = {name: self._reached(name, task.step)[-1].branch for name in before}
            return [
                tuple(TaskId(name, path) for name in before if branch_of[name] == branch)
                for branch in self._steps[self.split_of(task.step)].next
            ]
        if not before:
            return []
        if self._steps[before[0]].kind == "foreach":
            path = paths.outer(path)
        return [tuple(self.first_task(name, path) for name in before)]

    def _nest(self) -> None:
        for name, step in self._steps.items():
            reached = {before: self._reached(before, name) for before in self._before[name]}
            if step.takes_inputs:
                self._scopes[name] = self._closed(step, reached)
                continue
            if len({scopes[-1].split if scopes else None for scopes in reached.values()}) > 1:
                raise FlowError(
                    f"{step.where}: step '{name}' follows {_names(reached)}, which stand in different "
                    "splits; join each split first, or lead each to a step of its own"
                )
            if len(set(reached.values())) > 1:
                raise FlowError(
                    f"{step.where}: step '{name}' follows {_names(reached)} and so joins them, "
                    f"but takes no inputs; declare it as `def {name}(self, inputs)`"
                )
            self._scopes[name] = next(iter(reached.values()), ())
        open_scopes = self._scopes[END]
        if open_scopes:
            split = self._steps[open_scopes[-1].split]
            raise FlowError(
                f"{split.where}: step '{split.name}' splits ({split.kind}) but no step joins it before "
                "'end'; add a step declared with `inputs` to which all of its tasks lead"
            )
        joins: dict[str, str] = {}
        for name, step in self._steps.items():
            if step.takes_inputs and (other := joins.setdefault(self.split_of(name), name)) != name:
                raise FlowError(
                    f"{step.where}: step '{name}' joins the tasks of '{self.split_of(name)}', and so does "
                    f"'{other}'; whichever way a switch goes, all tasks of a split lead to one join"
                )

    def _reached(self, before: str, name: str) -> tuple[Scope, ...]:
        """The scopes in which `name` stands as it is reached from `before`, before it joins any."""
        kind = self._steps[before].kind
        if kind == "branch":
            return (*self._scopes[before], Scope(before, name))
        if kind == "foreach":
            return (*self._scopes[before], Scope(before, None))
        return self._scopes[before]

    def _closed(self, join: Step, reached: dict[str, tuple[Scope, ...]]) -> tuple[Scope, ...]:
        for before, scopes in reached.items():
            if not scopes:
                raise FlowError(
                    f"{join.where}: step '{join.name}' takes inputs, but '{before}', which leads to it, "
                    "stands in no branch and no foreach; remove `inputs`, or split before it"
                )
        outer = {scopes[:-1] for scopes in reached.values()}
        splits = {scopes[-1].split for scopes in reached.values()}
        if len(outer) > 1 or len(splits) > 1:
            raise FlowError(
                f"{join.where}: step '{join.name}' joins {_names(reached)}, which stand in different "
                f"splits ({_names(splits)}); join the inner split first, in a step of its own"
            )
        split = self._steps[splits.pop()]
        if split.kind == "branch":
            joined = [scopes[-1].branch for scopes in reached.values()]
            missing = [branch for branch in split.next if branch not in joined]
            if missing:
                raise FlowError(
                    f"{join.where}: step '{join.name}' joins {_names(reached)} but not the "
                    f"{'branch' if len(missing) == 1 else 'branches'} {_names(missing)} that "
                    f"'{split.name}' opens; every branch of a split leads to one join"
                )
        return outer.pop()


def _check_steps(flow: str, steps: dict[str, Step]) -> None:
    for required in (START, END):
        if required not in steps:
            raise FlowError(
                f"flow {flow}: no step is named '{required}'; received {_names(steps) or 'no steps'}; "
                f"every flow begins with 'start' and ends with 'end': add `@step def {required}(self)`"
            )
    for step in steps.values():
        for target in step.next:
            if target not in steps:
                raise FlowError(
                    f"{step.where}: step '{step.name}' leads to '{target}', but no step has that name"
                    + (did_you_mean(target, steps) or f"; the steps are {_names(steps)}")
                )
        if step.name == END and step.kind != "end":
            raise FlowError(f"{step.where}: step 'end' ends the flow; remove its self.next(...)")
        if step.kind == "foreach" and steps[step.next[0]].takes_inputs:
            raise FlowError(
                f"{step.where}: the foreach of step '{step.name}' leads straight to the join "
                f"'{step.next[0]}'; put a step between them that works on one item"
            )
        if step.name == START and step.takes_inputs:
            raise FlowError(f"{step.where}: step 'start' has nothing to join; remove `inputs`")
        if step.kind == "switch":
            _check_switch(step, steps)
        _check_gang(step, steps)


def _check_switch(step: Step, steps: dict[str, Step]) -> None:
    if step.repeats and (step.name == START or step.takes_inputs):
        first = "is the first" if step.name == START else "joins"
        raise FlowError(
            f"{step.where}: step '{step.name}' {first} and leads back to itself; "
            "repeat a step that follows it"
        )
    if step.next == (step.name,):
        raise FlowError(
            f"{step.where}: step '{step.name}' leads to nothing but itself; add a key that leads on"
        )
    for target in step.next:
        if steps[target].takes_inputs:
            raise FlowError(
                f"{step.where}: the switch of step '{step.name}' leads straight to the join '{target}'; "
                "put a step between them"
            )


def _check_gang(step: Step, steps: dict[str, Step]) -> None:
    for target in step.next:
        if steps[target].parallel and not step.num_parallel:
            raise FlowError(
                f"{step.where}: step '{step.name}' leads to '{target}', which has @parallel, without "
                f"num_parallel; write self.next(self.{target}, num_parallel=4)"
            )
        if step.num_parallel and not steps[target].parallel:
            raise FlowError(
                f"{step.where}: step '{step.name}' leads to '{target}' with num_parallel, but that has no "
                "@parallel; write @parallel above its @step"
            )
    if step.parallel and step.name == START:
        raise FlowError(
            f"{step.where}: step 'start' has @parallel, but no num_parallel leads to it; "
            "put the work into a step that follows"
        )
    if step.parallel and (step.kind != "linear" or not steps[step.next[0]].takes_inputs):
        raise FlowError(
            f"{step.where}: step '{step.name}' has @parallel, but the step behind it does not join its "
            "nodes; lead to one step, declared with `inputs`"
        )


def _order(steps: dict[str, Step]) -> list[str]:
    """Steps in the order of a run: each after all that lead to it."""
    reachable = _reachable(steps)
    unreachable = [name for name in steps if name not in reachable]
    if unreachable:
        step = steps[unreachable[0]]
        raise FlowError(
            f"{step.where}: step '{step.name}' is unreachable: no self.next(...) leads to it from "
            f"'start'; name it in a self.next or remove it"
        )
    waiting = dict.fromkeys(steps, 0)
    ahead = {
        step.name: [target for target in step.next if not (step.kind == "switch" and target == step.name)]
        for step in steps.values()
    }
    for targets in ahead.values():
        for target in targets:
            waiting[target] += 1
    ready, order = [START] if not waiting[START] else [], []
    while ready:
        name = ready.pop(0)
        order.append(name)
        for target in ahead[name]:
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    if len(order) < len(steps):
        loop = _loop({name: ahead[name] for name in steps if name not in order})
        raise FlowError(
            f"{steps[loop[0]].where}: the flow comes back to step '{loop[0]}' by way of {_names(loop)}; "
            "only a switch may lead back, and only to its own step: "
            f"self.next({{'again': self.{loop[0]}, 'done': self.{END}}}, condition='state')"
        )
    return order


def _loop(ahead: dict[str, list[str]]) -> list[str]:
    """Steps that lead to one another in a circle, of steps that all stand in one or behind one."""
    behind: list[str] = []
    name = next(iter(ahead))
    while name not in behind:
        behind.append(name)
        name = next(before for before, targets in ahead.items() if name in targets)
    loop = behind[behind.index(name) :][::-1]
    first = loop.index(min(loop, key=list(ahead).index))
    return loop[first:] + loop[:first]


def _reachable(steps: Mapping[str, Step], first: str = START) -> set[str]:
    seen: set[str] = set()
    ahead = [first]
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead.extend(steps[name].next)
    return seen


def _names(names: object) -> str:
    return ", ".join(f"'{name}'" for name in names)  # type: ignore[attr-defined]

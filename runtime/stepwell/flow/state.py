"""What a running task holds: what it inherited, where it stands, how it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from stepwell.errors import FlowError
from stepwell.flow import paths
from stepwell.flow.graph import Graph, Step, TaskId
from stepwell.flow.parallel import MOST_NODES, is_number_of_nodes

if TYPE_CHECKING:
    from stepwell.artifacts.lazy import Artifact
    from stepwell.artifacts.row import Row
    from stepwell.flow.spec import FlowSpec

_MISSING = object()
MOST_ITEMS = 130_000
"""Items of a foreach on Step Functions: of each a digit and a comma come back, and a result has 256 KiB at
most (AWS Step Functions developer guide, quotas)."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One foreach around a task: the splitting task, and the index of the item."""

    split: TaskId
    index: int


def frames(graph: Graph, task: TaskId) -> list[Frame]:
    """Every foreach around a task, outermost first; read off its path alone."""
    numbers = paths.parse(task.path)[0].split("-")
    splits = [scope.split for scope in graph.scopes(task.step) if scope.branch is None]
    return [
        Frame(TaskId(split, "-".join(numbers[: depth + 1])), int(numbers[depth + 1]))
        for depth, split in enumerate(splits)
    ]


class Ending(NamedTuple):
    """How a step ended: the steps that follow, for a switch the chosen one; for a foreach its items."""

    next: tuple[str, ...] = ()
    splits: int | None = None


class Joined(NamedTuple):
    """A task that a join joins, its artifacts, and the state of the join's own task."""

    task: TaskId
    rows: dict[str, Row]
    state: TaskState


class Input:
    """One of the tasks that a join joins: its artifacts as attributes, each loaded when asked for."""

    def __init__(self, joined: Joined) -> None:
        self._stepwell = joined

    @property
    def index(self) -> int | None:
        """Which item of a foreach the task worked on; None where it joins branches outside of any."""
        task, _, state = self._stepwell
        state.note("current.task_id")
        numbers = task.path.split("-")
        return int(numbers[-1]) if len(numbers) > 1 else None

    @property
    def input(self) -> Any:
        """The item of a foreach that the task worked on; None where it joins branches outside of any."""
        task, _, state = self._stepwell
        state.note("inputs[].input")
        return state.item_of_task(task)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "_stepwell" not in self.__dict__:
            raise AttributeError(name)
        task, rows, state = self._stepwell
        state.note(f"inputs.{name}")
        if name not in rows:
            raise AttributeError(f"input {task} has no artifact '{name}'; it has {_known(rows)}")
        value = state.open_row(rows[name]).load()
        self.__dict__[name] = value
        return value

    def __repr__(self) -> str:
        return f"<input {self._stepwell.task}: {_known(self._stepwell.rows)}>"


class Inputs(list[Input]):
    """The tasks that a join joins, in order; those of a branch also by the name of their step."""

    def __getattr__(self, name: str) -> Input:
        steps = [one._stepwell.task.step for one in self]
        if name not in steps:
            raise AttributeError(f"no step '{name}' leads to this join; {steps} do")
        return self[steps.index(name)]


class TaskState:
    """The inherited artifacts and the place of one task.

    Attributes:
        note: is told what the step reads, by the names of `stepwell.execution.reads`, before it gets it.

    Args:
        rows: what the task inherits; for a join only the parameters.
        open_row: makes a lazy `Artifact` of a row.
        read_split: what a splitting task's foreach goes over, by `Step.over`, read when a step asks for it.
        parameters: attributes of the flow's parameters: they are merged without being named.
        max_splits: how many items a foreach may have; None for any number.
    """

    def __init__(
        self,
        graph: Graph,
        task: TaskId,
        rows: dict[str, Row],
        *,
        open_row: Callable[[Row], Artifact],
        read_split: Callable[[TaskId], dict[str, Row]],
        parameters: frozenset[str],
        max_splits: int | None,
    ) -> None:
        self.graph, self.task = graph, task
        self.rows = rows
        self.loaded: dict[str, Any] = {}
        self.ending: Ending | None = None
        self.caught = False
        self.note: Callable[[str], None] = lambda name: None
        self.open_row, self._read_split = open_row, read_split
        self.parameters, self._max_splits = parameters, max_splits
        self._items: dict[TaskId, Any] = {}

    # -- artifacts

    def artifact(self, name: str) -> Artifact:
        self.note(name)
        if name not in self.rows:
            step = self.graph[self.task.step]
            hint = (
                "a join starts without artifacts: take it from `inputs`, or call self.merge_artifacts(inputs)"
                if step.takes_inputs
                else f"the steps before left {_known(self.rows)}"
            )
            raise AttributeError(f"step '{step.name}' has no artifact '{name}'; {hint}")
        return self.open_row(self.rows[name])

    def load(self, name: str) -> Any:
        if name not in self.loaded:
            self.loaded[name] = self.artifact(name).load()
        return self.loaded[name]

    def merge(self, inputs: list[Input], exclude: set[str], include: set[str], already: set[str]) -> None:
        step = self.graph[self.task.step]
        if not step.takes_inputs:
            raise FlowError(
                f"{step.where}: step '{step.name}' is no join; merge_artifacts works in a join only"
            )
        if exclude and include:
            raise FlowError(
                f"{step.where}: step '{step.name}': merge_artifacts received both "
                f"exclude={sorted(exclude)} and include={sorted(include)}; give one of them"
            )
        found: dict[str, dict[str, Row]] = {}
        for one in inputs:
            for name, row in one._stepwell.rows.items():
                found.setdefault(name, {})[row.sha256] = row
        lacking = include - found.keys()
        if lacking:
            raise FlowError(
                f"{step.where}: step '{step.name}': merge_artifacts is to include {sorted(lacking)}, "
                f"which no input has; they have {_known(found)}"
            )
        wanted = (include or found.keys() - exclude) - already - self.parameters
        for name in sorted(include or {"*", *wanted}):
            self.note(f"inputs.{name}")
        clashes = sorted(name for name in wanted if len(found[name]) > 1)
        if clashes:
            raise FlowError(
                f"{step.where}: step '{step.name}': inputs disagree on {', '.join(clashes)}; "
                "set them in the join before merge_artifacts, or exclude them"
            )
        for name in wanted:
            (self.rows[name],) = found[name].values()

    # -- the place in the foreaches

    def stack(self) -> list[Frame]:
        return frames(self.graph, self.task)

    def item(self, frame: Frame) -> Any:
        return item_of(self._items_of(frame), frame.index)

    def item_of_task(self, task: TaskId) -> Any:
        """What ``self.input`` is in a task."""
        around = frames(self.graph, task)
        return self.item(around[-1]) if around else None

    def number_of_items(self, frame: Frame) -> int:
        return len(self._items_of(frame))

    def items(self, frame: Frame) -> Row:
        """What a foreach around the task goes over."""
        return self._read_split(frame.split)[self.graph[frame.split.step].over]

    def _items_of(self, frame: Frame) -> Any:
        if frame.split not in self._items:
            self._items[frame.split] = self.open_row(self.items(frame)).load()
        return self._items[frame.split]

    # -- the end of the step

    def end_with(self, flow: FlowSpec, num_parallel: Any = None) -> None:
        """End as the source says, which has been checked; only values are known here.

        Raises:
            FlowError: a foreach can't go over its artifact, a switch has no such key, or a gang can't have
                so many nodes.
        """
        step = self.graph[self.task.step]
        if step.num_parallel is not None:
            if not is_number_of_nodes(num_parallel):
                raise FlowError(
                    f"{step.where}: step '{step.name}': num_parallel={step.num_parallel} is "
                    f"{num_parallel!r:.60}; it must be a whole number from 1 to {MOST_NODES}"
                )
            self.ending = Ending(step.next, num_parallel)
        elif step.foreach is not None:
            self.ending = Ending(step.next, self._count(step, getattr(flow, step.foreach, _MISSING)))
        elif step.condition is not None:
            self.ending = Ending((self._choose(step, getattr(flow, step.condition, _MISSING)),))
        else:
            self.ending = Ending(step.next)

    def end_as_declared(self) -> None:
        """End as the step's source says, for a step that failed and was caught; no foreach, no switch."""
        self.caught = True
        self.ending = Ending(self.graph[self.task.step].next)

    def _choose(self, step: Step, value: Any) -> str:
        name, at = step.condition, f"{step.where}: step '{step.name}'"
        if value is _MISSING:
            raise FlowError(
                f"{at}: the condition is '{name}', but no artifact has that name; "
                f"set self.{name} before self.next"
            )
        cases: dict[Any, str] = dict(step.cases)
        try:
            return cases[value]
        except (KeyError, TypeError):  # a list, for one, is no key of any dictionary
            raise FlowError(
                f"{at}: the condition '{name}' is {value!r:.60} of type {type(value).__name__}, which is "
                f"no key of its switch; allowed are {', '.join(map(repr, cases))}; "
                f"set self.{name} to one of them"
            ) from None

    def _count(self, step: Step, items: Any) -> int:
        name, at = step.foreach, f"{step.where}: step '{step.name}'"
        if items is _MISSING:
            raise FlowError(
                f"{at}: foreach over '{name}', but no artifact has that name; "
                f"set self.{name} before self.next"
            )
        try:
            count = len(items)
            iter(items)
        except TypeError:
            raise FlowError(
                f"{at}: foreach over '{name}', which is {items!r:.60} of type {type(items).__name__} and "
                f"has no length; it must be a list or something else with a length: self.{name} = list(...)"
            ) from None
        if count == 0:
            raise FlowError(
                f"{at}: foreach over '{name}' produced zero splits; it must have at least one item: "
                "check what fills it, or branch before it"
            )
        if self._max_splits is not None and count > self._max_splits:
            way_out = f"raise it with `run --max-num-splits {count}`"
            if self._max_splits >= MOST_ITEMS:
                way_out = "Step Functions takes no more: nest two foreaches"
            raise FlowError(
                f"{at}: foreach over '{name}' has {count} items, above the limit of {self._max_splits}; "
                f"{way_out}"
            )
        return count


def item_of(items: Any, index: int) -> Any:
    """The item of a foreach, also of things with a length that can't be indexed by number."""
    if isinstance(items, list | tuple | str | range):
        return items[index]
    return next(islice(iter(items), index, None))


def _known(rows: dict[str, Any]) -> str:
    return ", ".join(sorted(rows)) or "none"

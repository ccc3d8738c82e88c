"""Which tasks may start, given those that are done: the pure core of the local scheduler."""

from __future__ import annotations

from typing import NamedTuple

from stepwell.flow import paths
from stepwell.flow.graph import ROOT_PATH, START, Graph, TaskId
from stepwell.flow.state import frames


class Lost(NamedTuple):
    """An item of a foreach that was lost, and is tolerated.

    Attributes:
        item: the step that split, and the path of the item; None where that was lost before.
        lost: how many items of the foreach are lost by now.
        most: how many may be.
        free: the tasks that may start now.
    """

    item: TaskId | None
    lost: int
    most: int
    free: list[TaskId]


class Frontier:
    """Follows a run through its graph.

    It holds no clock, process or store: the scheduler asks for the tasks that a finished task
    sets free, and starts them in its own time.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._splits: dict[TaskId, int] = {}
        self._arrived: dict[TaskId, int] = {}
        self._lost: dict[TaskId, set[int]] = {}

    def first(self) -> TaskId:
        """The task every run begins with."""
        return TaskId(START, ROOT_PATH)

    def done(self, task: TaskId, splits: int | None = None, chosen: str | None = None) -> list[TaskId]:
        """The tasks that `task`, now done, sets free.

        Args:
            splits: the number of items of the foreach that the task ends with, if it ends with one.
            chosen: the step that the switch has chosen that the task ends with, if it ends with one.
        """
        if self.is_lost(task):
            return []
        step = self._graph[task.step]
        path, repetition = paths.parse(task.path)
        following = step.next
        if step.kind == "foreach":
            if not splits:
                raise ValueError(f"{task} ends with a foreach: its number of items is needed")
            self._splits[task] = splits
            return [self._graph.first_task(step.next[0], paths.item(path, i)) for i in range(splits)]
        if step.kind == "switch":
            if chosen not in step.next:
                raise ValueError(f"{task} ends with a switch: the step that it has chosen is needed")
            if chosen == task.step:
                return [TaskId(task.step, paths.repetition(path, (repetition or 0) + 1))]
            following = (chosen,)
        return [free for name in following if (free := self._arrive(name, path)) is not None]

    def failed(self, task: TaskId) -> Lost | None:
        """What follows from a task that has failed for good; None where the run has failed with it.

        The innermost foreach around the task that still tolerates it loses the item with the task; one that
        does not is itself what has failed.
        """
        if self.is_lost(task):
            return Lost(None, 0, 0, [])
        for frame in reversed(frames(self._graph, task)):
            lost = self._lost.setdefault(frame.split, set())
            lost.add(frame.index)
            splits = self._splits[frame.split]
            most = self._graph[frame.split.step].tolerated(splits)
            if len(lost) <= most:
                path = frame.split.path
                join = TaskId(self._graph.join_of(frame.split.step), path)
                is_free = self._arrived.get(join, 0) == splits - len(lost)
                free = [self._graph.first_task(*join)] if is_free else []
                return Lost(TaskId(frame.split.step, paths.item(path, frame.index)), len(lost), most, free)
        return None

    def is_lost(self, task: TaskId) -> bool:
        """Whether a task belongs to an item that was lost: nothing follows from it any more."""
        return bool(self._lost) and any(
            frame.index in self._lost.get(frame.split, ()) for frame in frames(self._graph, task)
        )

    def _arrive(self, name: str, path: str) -> TaskId | None:
        if not self._graph[name].takes_inputs:
            return self._graph.first_task(name, path)
        split = self._graph.split_of(name)
        if self._graph.joins_foreach(name):
            join = TaskId(name, paths.outer(path))
            of = TaskId(split, join.path)
            expected = self._splits[of] - len(self._lost.get(of, ()))
        else:
            join = TaskId(name, path)
            expected = len(self._graph[split].next)
        self._arrived[join] = self._arrived.get(join, 0) + 1
        return join if self._arrived[join] == expected else None

"""Which tasks may start, given those that are done: the pure core of the local scheduler."""

from __future__ import annotations

from stepwell.flow import paths
from stepwell.flow.graph import ROOT_PATH, START, Graph, TaskId


class Frontier:
    """Follows a run through its graph.

    It holds no clock, process or store: the scheduler asks for the tasks that a finished task
    sets free, and starts them in its own time.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._splits: dict[TaskId, int] = {}
        self._arrived: dict[TaskId, int] = {}

    def first(self) -> TaskId:
        """The task every run begins with."""
        return TaskId(START, ROOT_PATH)

    def done(self, task: TaskId, splits: int | None = None, chosen: str | None = None) -> list[TaskId]:
        """The tasks that `task`, now done, sets free.

        Args:
            splits: the number of items of the foreach that the task ends with, if it ends with one.
            chosen: the step that the switch has chosen that the task ends with, if it ends with one.
        """
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

    def _arrive(self, name: str, path: str) -> TaskId | None:
        if not self._graph[name].takes_inputs:
            return self._graph.first_task(name, path)
        split = self._graph.split_of(name)
        if self._graph.joins_foreach(name):
            join = TaskId(name, paths.outer(path))
            expected = self._splits[TaskId(split, join.path)]
        else:
            join = TaskId(name, path)
            expected = len(self._graph[split].next)
        self._arrived[join] = self._arrived.get(join, 0) + 1
        return join if self._arrived[join] == expected else None

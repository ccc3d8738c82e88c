"""Which tasks may start, given those that are done: the pure core of the local scheduler."""

from __future__ import annotations

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

    def done(self, task: TaskId, splits: int | None = None) -> list[TaskId]:
        """The tasks that `task`, now done, sets free.

        `splits` is the number of items of the foreach that the task ends with, if it ends with one.
        """
        step = self._graph[task.step]
        if step.kind == "foreach":
            if not splits:
                raise ValueError(f"{task} ends with a foreach: its number of items is needed")
            self._splits[task] = splits
            return [TaskId(step.next[0], f"{task.path}-{index}") for index in range(splits)]
        return [free for name in step.next if (free := self._arrive(name, task.path)) is not None]

    def _arrive(self, name: str, path: str) -> TaskId | None:
        if not self._graph[name].takes_inputs:
            return TaskId(name, path)
        split = self._graph.split_of(name)
        if self._graph.joins_foreach(name):
            join = TaskId(name, path.rpartition("-")[0])
            expected = self._splits[TaskId(split, join.path)]
        else:
            join = TaskId(name, path)
            expected = len(self._graph[split].next)
        self._arrived[join] = self._arrived.get(join, 0) + 1
        return join if self._arrived[join] == expected else None

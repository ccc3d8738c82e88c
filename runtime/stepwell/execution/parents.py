"""Which tasks a task starts from, where switches and repetitions leave that open.

Nothing is passed from task to task: whoever has led here is found by what is done, so a task that
is retried, resumed or run again by itself finds the same parents.
"""

from __future__ import annotations

from stepwell.artifacts.manifest import Manifest
from stepwell.datastore import Datastore
from stepwell.errors import NotFound
from stepwell.flow import paths
from stepwell.flow.graph import Graph, TaskId


def parents(graph: Graph, datastore: Datastore, run: str, task: TaskId) -> dict[TaskId, Manifest]:
    """The tasks whose artifacts a task starts from, in the order of ``inputs``, and their manifests.

    Raises:
        NotFound: one of them is not done, and no foreach tolerates that.
    """
    splits = None
    if graph.joins_foreach(task.step):
        (manifest,) = datastore.load(
            graph.flow, run, [TaskId(graph.split_of(task.step), paths.parse(task.path)[0])]
        )
        splits = manifest.meta["foreach"]["splits"]
    groups = graph.parents(task, splits)
    repeated = paths.parse(task.path)[1]
    are_certain = all(len(group) == 1 and not graph[group[0].step].repeats for group in groups)
    may_lack = splits is not None and graph[graph.split_of(task.step)].tolerate > 0
    if repeated or (are_certain and not may_lack):
        certain = [group[0] for group in groups]
        return dict(zip(certain, datastore.load(graph.flow, run, certain), strict=True))
    groups = [tuple(_last(graph, datastore, run, one) for one in group) for group in groups]
    done = datastore.find(graph.flow, run, [one for group in groups for one in group])
    found: dict[TaskId, Manifest] = {}
    for group in groups:
        leading = [one for one in group if one in done and _leads(graph, done[one], task.step)]
        if not leading and may_lack:
            continue
        if len(leading) != 1:
            raise NotFound(
                f"{graph.flow}/{run}/{task}: of {', '.join(map(str, group))} exactly one has to be done and "
                f"lead here, but {len(leading)} are; run the flow again, or resume from the step before"
            )
        found[leading[0]] = done[leading[0]]
    return found


def _leads(graph: Graph, manifest: Manifest, step: str) -> bool:
    """Whether a task that is done leads to a step: a switch leads to one of several."""
    switch = manifest.meta["switch"]
    return switch is None or switch["chosen"] == step


def _last(graph: Graph, datastore: Datastore, run: str, first: TaskId) -> TaskId:
    """The last repetition of a task, in a number of requests that grows with the logarithm of theirs."""
    if not graph[first.step].repeats:
        return first
    path = paths.parse(first.path)[0]

    def is_done(number: int) -> bool:
        return datastore.is_done(graph.flow, run, TaskId(first.step, paths.repetition(path, number)))

    done, missing = 0, 1
    while is_done(missing):
        done, missing = missing, missing * 2
    while missing - done > 1:
        middle = (done + missing) // 2
        done, missing = (middle, missing) if is_done(middle) else (done, middle)
    return TaskId(first.step, paths.repetition(path, done))

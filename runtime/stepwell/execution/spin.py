"""Run one step again, with the inputs it had in a past run, in this very process.

Nothing is forked, so a debugger or ``breakpoint()`` in the step works as in any script.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from stepwell import config
from stepwell.datastore import Datastore, RunInfo, utc_now
from stepwell.errors import NoSuchObject, NotFound, RunFailed
from stepwell.execution.origin import Origin, resumed
from stepwell.execution.parents import parents
from stepwell.execution.run import Resume, find_origin, new_run_id, parameter_values
from stepwell.execution.spec import TaskSpec
from stepwell.flow import paths
from stepwell.flow.decorators.project import project_of
from stepwell.flow.document import to_document
from stepwell.flow.graph import START, Graph, TaskId
from stepwell.flow.spec import FlowSpec
from stepwell.flow.state import frames
from stepwell.store.opening import open_store

RUN_PREFIX = "spin-"


def spin(
    flow_class: type[FlowSpec], step: str, path: str | None, origin_run: str | None, datastore_url: str
) -> tuple[str, TaskId]:
    """Run a task of a past run again; returns the id of the run it is in, and the task.

    Args:
        path: id of the task; by default the step's first one in the past run.
        origin_run: the past run; by default the newest.

    Raises:
        UsageError: the flow has no such step.
        NoSuchObject: there is no such run, or what the task needs is not done in it.
        RunFailed: the step failed.
    """
    from stepwell.execution.task import run_task

    graph = flow_class.graph()
    datastore = Datastore(open_store(datastore_url), config.namespace())
    found = find_origin(datastore, graph, Resume(origin_run, step))
    origin = Origin(found.run, (step,))
    task = TaskId(step, path or _first(datastore, graph, origin.run, step))
    _check(graph, datastore, origin.run, task)
    past = datastore.run_info(graph.flow, origin.run)
    run = RUN_PREFIX + new_run_id()
    inputs = _needed(datastore, graph, origin.run, task)
    info = RunInfo(
        graph.flow, run, datastore.namespace, config.username(), utc_now(), "spin",
        parameters=past.parameters, origin=origin.run, graph=to_document(graph), publishes=False,
        project=project_of(flow_class, datastore.namespace),
    )  # fmt: skip
    datastore.claim_run(info, listed=False)  # the newest run is still the one that was run
    for needed in inputs:
        resumed(origin, datastore, graph.flow, run, needed)
    parameters = parameter_values(flow_class, past.parameters) if step == START else None
    spec = TaskSpec(run, task, config.username(), parameters=parameters, alone=True)
    outcome = run_task(flow_class, spec, datastore)
    if outcome.failure:
        raise RunFailed(f"spin: task {graph.flow}/{run}/{task} failed: {outcome.failure.reason}")
    return run, task


def _first(datastore: Datastore, graph: Graph, run: str, step: str) -> str:
    found = {file.task.path for file in datastore.task_files(graph.flow, run) if file.task.step == step}
    if not found:
        raise NoSuchObject(
            f"spin: run {graph.flow}/{run} has no task of step '{step}'; name another run: --origin-run-id"
        )
    return min(found, key=paths.order)


def _check(graph: Graph, datastore: Datastore, run: str, task: TaskId) -> None:
    """Raise `NoSuchObject` where a run can't have such a task, whether or not it came to it."""
    depth = sum(scope.branch is None for scope in graph.scopes(task.step))
    form = "0" + "-0" * depth + "-r0" * graph[task.step].repeats
    if re.sub(r"\d+", "0", task.path) != form or not task.path.startswith("0"):
        raise NoSuchObject(
            f"spin: received the task '{task}'; one of that step is named like {task.step}/{form}"
        )
    for frame in frames(graph, task):
        try:
            (split,) = datastore.load(graph.flow, run, [frame.split])
        except NotFound:
            return  # what is not done is said of all that the task starts from
        count = split.meta["foreach"]["splits"]
        if frame.index >= count:
            raise NoSuchObject(
                f"spin: run {graph.flow}/{run} has no task '{task}': "
                f"the foreach of {frame.split} had {count} items"
            )


def _needed(datastore: Datastore, graph: Graph, run: str, task: TaskId) -> list[TaskId]:
    """The tasks whose artifacts a task may read: its parents, and the splits it stands in or joins."""
    splits = [frame.split for frame in frames(graph, task)]
    if graph.joins_foreach(task.step):
        splits.append(TaskId(graph.split_of(task.step), paths.parse(task.path)[0]))
    try:
        return list(dict.fromkeys([*splits, *_with_repetitions(parents(graph, datastore, run, task))]))
    except NotFound:
        raise NoSuchObject(
            f"spin: what task {task} starts from is not done in run {graph.flow}/{run}; "
            "name another run: --origin-run-id"
        ) from None


def _with_repetitions(tasks: Iterable[TaskId]) -> Iterator[TaskId]:
    """Each task behind its earlier repetitions, by which the last one is found."""
    for task in tasks:
        path, last = paths.parse(task.path)
        for number in range(last or 0):
            yield TaskId(task.step, paths.repetition(path, number))
        yield task

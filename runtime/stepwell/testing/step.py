"""Run one step in this process, with what the test says it inherits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stepwell import config
from stepwell.artifacts.codec import encode
from stepwell.artifacts.manifest import Manifest
from stepwell.datastore import Datastore, TaskData
from stepwell.errors import UsageError
from stepwell.execution.publishing import publish
from stepwell.execution.run import parameter_values
from stepwell.flow.current import TaskContext
from stepwell.flow.graph import ROOT_PATH, Graph, TaskId
from stepwell.flow.spec import FlowSpec
from stepwell.flow.state import frames
from stepwell.store.opening import open_store
from stepwell.testing.isolation import isolated_home
from stepwell.testing.task import RUN, run_task_here

Artifacts = Mapping[str, Any]
Inputs = Artifacts | Mapping[str, Artifacts] | Sequence[Artifacts]


def run_step(
    flow_class: type[FlowSpec],
    step: str,
    inputs: Inputs | None = None,
    *,
    parameters: Artifacts | None = None,
    item: Any = None,
    index: int = 0,
) -> TaskData:
    """Run one step of a flow on a store in memory; returns its artifacts, inherited ones included.

    What it writes to tables is published, as if the run had ended with it.

    Args:
        step: name of the step.
        inputs: the artifacts the step inherits, by name. For a join of a foreach a list of them, one
            for each item; for a join of branches a dictionary of them, by the branches' last steps.
        parameters: by name, as text or of their types.
        item: what ``self.input`` is, for a step in a foreach; by default it is taken, as the items of
            outer foreaches are, from the artifact that the foreach goes over, where `inputs` has it.
        index: what ``self.index`` is; that of outer foreaches is 0.

    Raises:
        UsageError: the flow has no such step, or `inputs` are not of the form above.
        ParameterError: a parameter is wrong.
        Exception: what the step raises.
    """
    graph = flow_class.graph()
    if step not in graph:
        raise UsageError(f"run_step: flow {graph.flow} has no step '{step}'; it has {', '.join(graph)}")
    inside = sum(scope.branch is None for scope in graph.scopes(step))
    path = "-".join([*[ROOT_PATH] * inside, str(index)]) if inside else ROOT_PATH
    task = graph.first_task(step, path)
    before = _before(graph, task, _inherited(graph, task, inputs), item)
    with isolated_home():
        datastore = Datastore(open_store("memory://"), config.namespace())
        values = parameter_values(flow_class, dict(parameters or {}))
        for one, left in before.items():
            chosen = step if graph[one.step].kind == "switch" else None
            _leave(datastore, graph.flow, one, left, {**flow_class.constants(), **values}, chosen)
        user = config.username()
        run_task_here(flow_class, task, datastore, user, values)
        publish(TaskContext(graph.flow, RUN, step, path, 0, datastore.namespace, user, datastore))
        (manifest,) = datastore.load(graph.flow, RUN, [task])
        return datastore.data(manifest)


@dataclass(slots=True)
class _Left:
    """What a task before the tested one has left."""

    artifacts: dict[str, Any]
    splits: int | None = None


def _inherited(graph: Graph, task: TaskId, inputs: Inputs | None) -> dict[TaskId, Artifacts]:
    """The tasks before the tested one, in the order of `Graph.parents`, and their artifacts."""
    splits = len(inputs) if inputs and graph.joins_foreach(task.step) else 1
    groups = graph.parents(task, splits)
    given: list[Artifacts | None]
    if not groups:
        wanted = "nothing: the first step inherits none, give `parameters`"
        given = [None] if inputs else []
    elif graph.joins_foreach(task.step):
        wanted = "a list of dictionaries, one for each item of the foreach it joins"
        given = list(inputs) if isinstance(inputs, Sequence) and inputs else [None]
    elif graph[task.step].takes_inputs:
        names = " and ".join(" or ".join(repr(one.step) for one in group) for group in groups)
        wanted = f"a dictionary of dictionaries, by the steps it joins: {names}"
        named: Mapping[str, Any] = inputs if isinstance(inputs, Mapping) else {}
        groups = [tuple(one for one in group if one.step in named) or group for group in groups]
        complete = named.keys() == {group[0].step for group in groups}
        given = [named[group[0].step] for group in groups] if complete else [None]
    else:
        wanted = "a dictionary of artifacts by name"
        given = [{} if inputs is None else inputs]  # type: ignore[list-item]
    if not all(isinstance(one, Mapping) for one in given):
        raise UsageError(
            f"run_step: received inputs={inputs!r:.80}; what step '{task.step}' takes is {wanted}"
        )
    return {group[0]: one for group, one in zip(groups, given, strict=True) if one is not None}


def _before(graph: Graph, task: TaskId, inherited: dict[TaskId, Artifacts], item: Any) -> dict[TaskId, _Left]:
    """The tasks that the tested one reads, and what they have left."""
    before = {parent: _Left(dict(left)) for parent, left in inherited.items()}
    if graph.joins_foreach(task.step):
        split = before.setdefault(TaskId(graph.split_of(task.step), task.path), _Left({}))
        split.splits = len(inherited)
    first, around = next(iter(inherited.values()), {}), frames(graph, task)
    for frame in around:
        split = before.setdefault(frame.split, _Left({}))
        if graph[frame.split.step].num_parallel:
            split.splits = frame.index + 1
            continue
        name = graph[frame.split.step].over
        mine = item if frame is around[-1] else None
        items = first.get(name) if mine is None else None
        split.artifacts[name] = [None] * frame.index + [mine] if items is None else items
        split.splits = len(split.artifacts[name])
    return before


def _leave(
    datastore: Datastore, flow: str, task: TaskId, left: _Left, base: dict[str, Any], chosen: str | None
) -> None:
    """Commit a task that was never run; `chosen` is the step it leads to, if it is a switch."""
    store, namespace = datastore.store, datastore.namespace
    rows = {
        name: encode(name, value, where=f"inputs of {flow}", store=store, namespace=namespace)
        for name, value in {**base, **left.artifacts}.items()
    }
    meta = {
        "foreach": {"splits": left.splits} if left.splits else None,
        "switch": {"chosen": chosen} if chosen else None,
        "origin": None,
    }
    datastore.commit(flow, RUN, task, Manifest(meta, rows))

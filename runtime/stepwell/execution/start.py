"""What a task starts from: the artifacts of the tasks that led to it, and its place among them."""

from __future__ import annotations

import os
from functools import cache
from typing import Any, NamedTuple

from stepwell.artifacts.codec import encode
from stepwell.artifacts.lazy import Artifact
from stepwell.artifacts.row import Row
from stepwell.execution.node import main_address
from stepwell.execution.origin import Origin, Reuse, from_meta
from stepwell.execution.parents import parents as find_parents
from stepwell.execution.reads import Reads
from stepwell.execution.spec import TaskSpec
from stepwell.flow import paths
from stepwell.flow.current import TaskContext
from stepwell.flow.graph import START, Graph, TaskId
from stepwell.flow.parallel import ALONE, Parallel
from stepwell.flow.spec import FlowSpec
from stepwell.flow.state import Input, Inputs, Joined, TaskState, frames


class Start(NamedTuple):
    """A task before its step begins.

    Attributes:
        origin: where tasks are found that are done already.
        here: what its manifest says of its place in the run.
        inputs: what a join joins; None in other steps.
        parallel: its place in its gang.
    """

    origin: Origin | Reuse | None
    here: dict[str, Any]
    state: TaskState
    reads: Reads
    inputs: Inputs | None
    parallel: Parallel


def start_of(flow_class: type[FlowSpec], graph: Graph, spec: TaskSpec, context: TaskContext) -> Start:
    """Find what a task starts from; values that come from the flow's class become artifacts.

    Raises:
        NotFound: a task that leads to it is not done.
    """
    datastore, step = context.datastore, graph[spec.task.step]
    led_here = find_parents(graph, datastore, spec.run, spec.task)
    manifests = list(led_here.values())
    origin = from_meta(manifests[0].meta["origin"]) if manifests else spec.origin
    parameters = frozenset(flow_class.parameters())
    rows: dict[str, Row] = dict(manifests[0].rows) if manifests else {}
    given: dict[str, Any] = {}
    if step.takes_inputs:
        rows = {name: row for name, row in rows.items() if name in parameters}
        given = flow_class.constants()  # what a branch has made of one is its own, as with any artifact
    if spec.task.step == START:
        given = {**flow_class.constants(), **(spec.parameters or {})}
    where = f"{context.flow}/{spec.run}/{spec.task}"
    for name, value in given.items():
        rows[name] = encode(name, value, where=where, store=datastore.store, namespace=datastore.namespace)

    def open_row(row: Row) -> Artifact:
        return Artifact(row, datastore.store)

    @cache
    def read_split(split: TaskId) -> dict[str, Row]:
        found = led_here.get(split) or datastore.load(context.flow, spec.run, [split])[0]
        if not graph[split.step].num_parallel:
            return found.rows
        name, nodes = graph[split.step].over, list(range(found.meta["foreach"]["splits"]))
        row = encode(name, nodes, where=where, store=datastore.store, namespace=datastore.namespace)
        return {**found.rows, name: row}

    state = TaskState(
        graph, spec.task, rows, open_row=open_row, read_split=read_split,
        parameters=parameters, max_splits=spec.max_splits,
    )  # fmt: skip
    joined = [(task, one.rows) for task, one in led_here.items()] if step.takes_inputs else []
    reads = Reads(state, joined)
    state.note = reads.note
    inputs = [Input(Joined(task, inherited, state)) for task, inherited in joined]
    here = {
        "parents": [str(parent) for parent in led_here],
        "index": [frame.index for frame in frames(graph, spec.task)],
        "origin": origin.to_meta() if origin else None,
    }
    parallel = ALONE
    if step.parallel:
        ((split, manifest),) = led_here.items()
        main = paths.item(split.path, 0)
        parallel = Parallel(
            main_address(os.environ), manifest.meta["foreach"]["splits"], state.stack()[-1].index, main
        )
    return Start(origin, here, state, reads, Inputs(inputs) if step.takes_inputs else None, parallel)

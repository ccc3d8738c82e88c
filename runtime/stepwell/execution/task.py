"""Run one task: the same code on a laptop, in a Batch job and in a test."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import stepwell
from stepwell.artifacts.codec import encode
from stepwell.artifacts.lazy import Artifact
from stepwell.artifacts.manifest import Manifest
from stepwell.artifacts.row import Row
from stepwell.datastore import Datastore, Failure, utc_now
from stepwell.errors import AlreadyExists, FlowError, NotFound, StepwellError
from stepwell.execution.origin import Origin, take_over
from stepwell.execution.outcome import Outcome
from stepwell.execution.parents import parents as find_parents
from stepwell.execution.spec import TaskSpec
from stepwell.flow.current import TaskContext, current
from stepwell.flow.decorators.attach import attach
from stepwell.flow.decorators.attempts import attempts
from stepwell.flow.decorators.base import StepCall, run_decorated
from stepwell.flow.decorators.catch import CaughtException, catch
from stepwell.flow.graph import START, Graph, TaskId
from stepwell.flow.spec import FlowSpec
from stepwell.flow.state import Ending, Input, Inputs, TaskState, frames

_OURS = str(Path(stepwell.__file__).parent)
_PYTHON = ".".join(map(str, sys.version_info[:3]))


def run_task(flow_class: type[FlowSpec], spec: TaskSpec, datastore: Datastore) -> Outcome:
    """Run an attempt of a task to its commit.

    What a step raises is printed to stderr, the user's frames only, and kept as a `Failure`.
    A task that is done already is not run again.
    """
    for text in spec.attached:
        attach(flow_class, text)
    try:
        return attempt_task(flow_class, spec, datastore)
    except (Exception, SystemExit) as error:
        failure = _failure(error, spec)
        sys.stderr.write(failure.traceback or f"Error: {failure.reason}\n")
        datastore.put_failure(flow_class.__name__, spec.run, failure)
        return Outcome(failure=failure)


def attempt_task(flow_class: type[FlowSpec], spec: TaskSpec, datastore: Datastore) -> Outcome:
    """What `run_task` does, except that what the step raises is raised."""
    flow_name = flow_class.__name__
    graph = flow_class.graph()
    context = TaskContext(
        flow_name, spec.run, spec.task.step, spec.task.path, spec.attempt,
        datastore.namespace, spec.username, datastore,
    )  # fmt: skip
    current.set_task(context)
    try:
        if spec.attempt and datastore.is_done(flow_name, spec.run, spec.task):
            (manifest,) = datastore.load(flow_name, spec.run, [spec.task])
            return _settle(manifest, spec, context)
        return _run(flow_class, graph, spec, context)
    finally:
        current.set_task(None)


def _run(flow_class: type[FlowSpec], graph: Graph, spec: TaskSpec, context: TaskContext) -> Outcome:
    started = utc_now()
    datastore = context.datastore
    led_here = find_parents(graph, datastore, spec.run, spec.task)
    parents, manifests = list(led_here), list(led_here.values())
    origin = Origin.from_meta(manifests[0].meta["origin"]) if manifests else spec.origin
    if origin:
        taken = take_over(origin, datastore, context.flow, spec.run, spec.task)
        if taken:
            print(f"Taken over from {taken.meta['taken_from']}.")
            return _settle(taken, spec, context)
    parameters = frozenset(flow_class.parameters())
    flow = flow_class.__new__(flow_class)
    where = f"{context.flow}/{spec.run}/{spec.task}"

    def open_row(row: Row) -> Artifact:
        return Artifact(row, datastore.store)

    def read_split(split: TaskId) -> dict[str, Row]:
        found = led_here.get(split) or datastore.load(context.flow, spec.run, [split])[0]
        return found.rows

    step = graph[spec.task.step]
    inherited: dict[str, Row] = dict(manifests[0].rows) if manifests else {}
    given: dict[str, Any] = {}
    if step.takes_inputs:
        inherited = {name: row for name, row in inherited.items() if name in parameters}
        given = flow_class.constants()  # what a branch has made of one is its own, as with any artifact
    if spec.task.step == START:
        given = {**flow_class.constants(), **(spec.parameters or {})}
    for name, value in given.items():
        inherited[name] = encode(
            name, value, where=where, store=datastore.store, namespace=datastore.namespace
        )
    state = TaskState(
        graph, spec.task, inherited, open_row=open_row, read_split=read_split,
        parameters=parameters, max_splits=spec.max_splits,
    )  # fmt: skip
    flow._state = state
    if not step.takes_inputs:
        # an artifact named like a constant of the class would be hidden by it
        for name in inherited.keys() & flow_class.constants().keys():
            vars(flow)[name] = state.load(name)
    function = flow_class.step_functions()[step.name]
    inputs: Inputs | None = None
    if step.takes_inputs:
        pairs = zip(parents, manifests, strict=True)
        inputs = Inputs([Input(task, manifest.rows, open_row) for task, manifest in pairs])
    plan = attempts(function)
    call = StepCall(flow, step, inputs, spec.attempt, plan.is_last(spec.attempt))
    if plan.is_fallback(spec.attempt):
        _leave_to_catch(function, call, spec, context)
    else:
        run_decorated(function, call, partial(function, flow, *([inputs] if step.takes_inputs else [])))
    if step.kind != "end" and state.ending is None:
        raise FlowError(f"{step.where}: step '{step.name}' returned before it came to self.next(...)")
    ending = state.ending or Ending()
    rows = _rows(flow, state, where, datastore)
    meta = {
        "flow": context.flow, "run": spec.run, "step": step.name, "task": spec.task.path,
        "attempt": spec.attempt, "user": spec.username, "code": spec.code, "job": spec.job,
        "started": started.isoformat(), "ended": utc_now().isoformat(),
        "parents": [str(parent) for parent in parents],
        "foreach": {"name": step.foreach, "splits": ending.splits} if step.kind == "foreach" else None,
        "switch": {"name": step.condition, "chosen": ending.next[0]} if step.kind == "switch" else None,
        "index": [frame.index for frame in frames(graph, spec.task)],
        "origin": origin.to_meta() if origin else None,
        "table_reads": context.table_reads, "table_writes": context.table_writes,
        "python": _PYTHON, "stepwell": stepwell.__version__,
    }  # fmt: skip
    manifest = Manifest(meta, rows)
    try:
        datastore.commit(context.flow, spec.run, spec.task, manifest)
    except AlreadyExists:
        # another attempt was faster, such as one that Batch believed lost; its artifacts stand
        (manifest,) = datastore.load(context.flow, spec.run, [spec.task])
    return _settle(manifest, spec, context)


def _leave_to_catch(
    function: Callable[..., Any], call: StepCall, spec: TaskSpec, context: TaskContext
) -> None:
    """The last attempt's process died, so that its ``@catch`` could not act: act in its place."""
    try:
        last = context.datastore.failure(context.flow, spec.run, spec.task, spec.attempt - 1)
        reason = last.reason
    except NotFound:
        reason = "the task's process died without a word"
    found = catch.of(function)
    assert found is not None
    found.leave(call, CaughtException("ProcessDied", reason, ""))


def _settle(manifest: Manifest, spec: TaskSpec, context: TaskContext) -> Outcome:
    """What follows from a task that is done; an attempt that was killed here is made good by the next."""
    meta = manifest.meta
    context.datastore.move_pins(context.flow, spec.run, meta["table_writes"])
    splits = meta["foreach"]["splits"] if meta["foreach"] else None
    chosen = meta["switch"]["chosen"] if meta["switch"] else None
    decided = chosen or splits
    if spec.publish_splits and decided:
        # only now is it certain which attempt's word counts
        context.datastore.put_split(context.flow, spec.run, spec.task, decided)
    return Outcome(splits, chosen)


def _rows(flow: FlowSpec, state: TaskState, where: str, datastore: Datastore) -> dict[str, Row]:
    """The rows of the manifest: what was inherited, and what the step has set or may have changed."""
    rows = dict(state.rows)
    for name, value in vars(flow).items():
        if name.startswith("_"):
            continue
        untouched = name in state.loaded and state.loaded[name] is value
        if not (untouched and rows[name].immutable):
            rows[name] = encode(
                name, value, where=where, store=datastore.store, namespace=datastore.namespace
            )
    return rows


def _failure(error: BaseException, spec: TaskSpec) -> Failure:
    reason, shown = str(error), ""
    if not isinstance(error, StepwellError):
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        summary = traceback.TracebackException.from_exception(error)
        _keep_users_frames(summary)
        shown = "".join(summary.format())
    return Failure(spec.task.step, spec.task.path, spec.attempt, reason, shown, utc_now())


def _keep_users_frames(summary: traceback.TracebackException) -> None:
    """Drop our own frames: what is left is what the user can mend."""
    kept = [frame for frame in summary.stack if not frame.filename.startswith(_OURS)]
    summary.stack = traceback.StackSummary.from_list(kept)
    for inner in (summary.__cause__, summary.__context__):
        if inner is not None:
            _keep_users_frames(inner)

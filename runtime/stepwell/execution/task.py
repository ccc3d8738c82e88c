"""Run one task: the same code on a laptop, in a Batch job and in a test."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import stepwell
from stepwell.artifacts.codec import encode
from stepwell.artifacts.manifest import Manifest
from stepwell.artifacts.row import Row
from stepwell.datastore import Datastore, Failure, utc_now
from stepwell.errors import AlreadyExists, FlowError, NotFound, StepwellError
from stepwell.execution.gang import Gang
from stepwell.execution.key import key_of
from stepwell.execution.origin import Origin, Reuse, resumed, take_over
from stepwell.execution.outcome import Outcome
from stepwell.execution.publishing import publish
from stepwell.execution.reads import JOINED, TASK_ID, runtime
from stepwell.execution.spec import TaskSpec
from stepwell.execution.start import Start, start_of
from stepwell.flow.current import TaskContext, current
from stepwell.flow.decorators.attach import attach
from stepwell.flow.decorators.attempts import attempts
from stepwell.flow.decorators.base import StepCall, run_decorated
from stepwell.flow.decorators.catch import CaughtException, catch
from stepwell.flow.decorators.project import project_of
from stepwell.flow.graph import Graph
from stepwell.flow.parameters import Parameter
from stepwell.flow.spec import STATE, FlowSpec
from stepwell.flow.state import Ending, TaskState

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
    graph = flow_class.graph()
    context = _context(flow_class, spec, datastore)
    current.set_task(context)
    try:
        gang = _gang(graph, spec, context)
        done = _settled(spec, context, gang) if spec.attempt else None
        return _run(flow_class, graph, spec, context, gang) if done is None else done
    finally:
        current.set_task(None)


def settled(flow_class: type[FlowSpec], spec: TaskSpec, datastore: Datastore) -> Outcome | None:
    """What a task has come to that is done, whoever died before it could say so; None where it is not."""
    context = _context(flow_class, spec, datastore)
    return _settled(spec, context, _gang(flow_class.graph(), spec, context))


def _context(flow_class: type[FlowSpec], spec: TaskSpec, datastore: Datastore) -> TaskContext:
    return TaskContext(
        flow_class.__name__, spec.run, spec.task.step, spec.task.path, spec.attempt,
        datastore.namespace, spec.username, datastore, _parameter_names(flow_class),
        project_of(flow_class, datastore.namespace),
    )  # fmt: skip


def _parameter_names(flow_class: type[FlowSpec]) -> tuple[str, ...]:
    return tuple(name for name, one in flow_class.parameters().items() if isinstance(one, Parameter))


def _gang(graph: Graph, spec: TaskSpec, context: TaskContext) -> Gang | None:
    """The gang that the task is a node of, if it is and is run with the others."""
    if spec.alone or not graph[spec.task.step].parallel:
        return None
    return Gang.of(context.datastore, context.flow, spec.run, spec.task, spec.attempt)


def _run(
    flow_class: type[FlowSpec], graph: Graph, spec: TaskSpec, context: TaskContext, gang: Gang | None
) -> Outcome:
    started = utc_now()
    start = start_of(flow_class, graph, spec, context)
    context.parallel = start.parallel
    taken = _take_over(start, spec, context, gang)
    if taken:
        print(f"Taken over from {taken.meta['taken_from']}.")
        return _settle(taken, spec, context, gang)
    step, state, reads, inputs = graph[spec.task.step], start.state, start.reads, start.inputs
    flow = flow_class.__new__(flow_class)
    flow._stepwell_state = state
    for name in state.rows.keys() & flow_class.constants().keys():
        reads.note(name)  # whether it is read can't be seen
        if inputs is None:
            # an artifact named like a constant of the class would be hidden by it
            vars(flow)[name] = state.load(name)
    if inputs is not None:
        reads.note(JOINED)
    function = flow_class.step_functions()[step.name]
    plan = attempts(function)
    call = StepCall(flow, step, inputs, spec.attempt, plan.is_last(spec.attempt))
    if plan.is_fallback(spec.attempt):
        _leave_to_catch(function, call, spec, context)
    else:
        run_decorated(function, call, partial(function, flow, *([] if inputs is None else [inputs])))
    if step.kind != "end" and state.ending is None:
        raise FlowError(f"{step.where}: step '{step.name}' returned before it came to self.next(...)")
    if step.kind == "end":
        publish(context)
    if context.asked_id:
        reads.note(TASK_ID)
    ending = state.ending or Ending()
    rows = _rows(flow, state, f"{context.flow}/{spec.run}/{spec.task}", context.datastore)
    meta = {
        "flow": context.flow, "run": spec.run, "step": step.name, "task": spec.task.path,
        "attempt": spec.attempt, "user": spec.username, "code": spec.code, "job": spec.job,
        "started": started.isoformat(), "ended": utc_now().isoformat(), **start.here,
        "foreach": {"name": step.foreach, "splits": ending.splits} if step.kind == "foreach" else None,
        "switch": {"name": step.condition, "chosen": ending.next[0]} if step.kind == "switch" else None,
        "table_reads": context.table_reads, "table_writes": context.table_writes,
        "reads": reads.noted, "sets": [name for name in rows if rows[name] is not reads.rows.get(name)],
        "caught": state.caught, "runtime": runtime(), "nodes": start.parallel.num_nodes if gang else None,
        "python": _PYTHON, "stepwell": stepwell.__version__,
    }  # fmt: skip
    manifest = Manifest(meta, rows)
    if gang:
        if start.parallel.node_index:
            gang.stage(start.parallel.node_index, manifest)
            return Outcome()
        gang.wait(start.parallel.num_nodes)
    try:
        context.datastore.commit(context.flow, spec.run, spec.task, manifest)
    except AlreadyExists:
        # another attempt was faster, such as one that Batch believed lost; its artifacts stand
        (manifest,) = context.datastore.load(context.flow, spec.run, [spec.task])
    return _settle(manifest, spec, context, gang)


def _take_over(start: Start, spec: TaskSpec, context: TaskContext, gang: Gang | None) -> Manifest | None:
    """Make the task done with what another run has done, where that is to be and can be."""
    if isinstance(start.origin, Origin):
        nodes = [gang.task(index) for index in range(start.parallel.num_nodes)] if gang else [spec.task]
        if gang and len(context.datastore.find(context.flow, start.origin.run, nodes)) < len(nodes):
            return None  # a gang is taken over as a whole
        first, *others = nodes if spec.task == nodes[0] else [spec.task]
        for one in others:  # Batch ends them with the main node
            resumed(start.origin, context.datastore, context.flow, spec.run, one)
        return resumed(start.origin, context.datastore, context.flow, spec.run, first)
    if isinstance(start.origin, Reuse):
        from stepwell.execution.earlier import find as find_earlier

        done, why = find_earlier(context, spec.task, start.reads)
        if done:
            set_there = {name: done.rows[name] for name in done.meta["sets"]}
            rows = {**start.reads.rows, **set_there}
            return take_over(done, context.datastore, spec.run, spec.task, rows, start.here)
        if start.origin.explain:
            print(f"Run because {why}.", flush=True)
    return None


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


def _settled(spec: TaskSpec, context: TaskContext, gang: Gang | None) -> Outcome | None:
    whose = gang.task(0) if gang else spec.task
    if not context.datastore.is_done(context.flow, spec.run, whose):
        return None
    (manifest,) = context.datastore.load(context.flow, spec.run, [whose])
    return _settle(manifest, spec, context, gang)


def _settle(manifest: Manifest, spec: TaskSpec, context: TaskContext, gang: Gang | None) -> Outcome:
    """What follows from a task that is done; who finds it done makes good an attempt that was killed here."""
    meta = manifest.meta
    if gang and spec.task != gang.task(0):
        return Outcome(taken_from=meta.get("taken_from"))  # the main node settles for all
    others = replace(gang, attempt=meta["attempt"]).complete(meta["nodes"]) if gang else []
    for one in (manifest, *others):
        writes = one.meta["table_writes"]
        if writes and "taken_from" in one.meta:
            from stepwell.tables.branches import adopt

            writes = adopt(context, writes)
        context.datastore.move_pins(context.flow, spec.run, writes)
    splits: int | None = meta["foreach"]["splits"] if meta["foreach"] else None
    chosen: str | None = meta["switch"]["chosen"] if meta["switch"] else None
    decided = chosen or splits
    if spec.publish_splits and decided:
        # only now is it certain which attempt's word counts
        items = list(range(splits)) if splits and meta["foreach"]["name"] else decided
        context.datastore.put_split(context.flow, spec.run, spec.task, items)
    return Outcome(splits, chosen, key=key_of(meta), taken_from=meta.get("taken_from"))


def _rows(flow: FlowSpec, state: TaskState, where: str, datastore: Datastore) -> dict[str, Row]:
    """The rows of the manifest: what was inherited, and what the step has set or may have changed."""
    rows = dict(state.rows)
    for name, value in vars(flow).items():
        if name.startswith("__") or name == STATE:
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

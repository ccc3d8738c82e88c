"""Run a whole flow on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from stepwell import config, notices
from stepwell.datastore import Datastore, RunInfo, utc_now
from stepwell.errors import NoSuchObject, ParameterError, StoreError, UsageError, did_you_mean
from stepwell.execution.files import source_file
from stepwell.execution.forkserver import ForkServer
from stepwell.execution.history import History
from stepwell.execution.interruption import ended_like_ctrl_c
from stepwell.execution.local import LocalRun
from stepwell.execution.origin import Origin, Reuse
from stepwell.execution.outcome import Outcome
from stepwell.execution.processes import Processes
from stepwell.execution.queue import Attempt
from stepwell.execution.reporter import Console, Reporter
from stepwell.execution.revision import ask
from stepwell.execution.snapshots import check_snapshots
from stepwell.execution.spec import TaskSpec
from stepwell.execution.taskserver import TaskRequest, task_server
from stepwell.execution.workers import Workers
from stepwell.flow.decorators.attach import attach
from stepwell.flow.decorators.batch import batch_steps
from stepwell.flow.decorators.packages import wanted
from stepwell.flow.decorators.project import project_of
from stepwell.flow.document import to_document
from stepwell.flow.graph import START, Graph, TaskId
from stepwell.flow.parameters import Parameter
from stepwell.flow.spec import FlowSpec

MAX_WORKERS = 16
"""Metaflow's ``--max-workers``."""
MAX_SPLITS = 100
"""Metaflow's ``--max-num-splits``."""


def new_run_id() -> str:
    """An id that sorts by time: UTC to the millisecond, and four random digits."""
    now = utc_now()
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}-{os.urandom(2).hex()}"


def parameter_values(flow_class: type[FlowSpec], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of all parameters, by attribute, for a run that was given some by name.

    Raises:
        ParameterError: one is missing, of the wrong type, or not of this flow.
    """
    parameters = flow_class.parameters()
    names = {one.name for one in parameters.values() if isinstance(one, Parameter)}
    for name in given:
        if name not in names:
            raise ParameterError(
                f"flow {flow_class.__name__} has no parameter '{name}'; "
                f"it has {', '.join(sorted(names)) or 'none'}"
            )
    return {attribute: parameter.value(given) for attribute, parameter in parameters.items()}


def portable_parameters(flow_class: type[FlowSpec], given: Mapping[str, Any]) -> dict[str, Any]:
    """What a run was given, by name, in a form that is kept with it and needs no file of the caller's."""
    parameters = flow_class.parameters().values()
    return {one.name: one.portable(given[one.name]) for one in parameters if one.name in given}


class Resume(NamedTuple):
    """Which run to resume, the newest if none is named, and from which step on to run again.

    With `replay` all of it is run again, and others do not see what that writes to tables.
    """

    run: str | None = None
    step: str | None = None
    replay: bool = False


def run_locally(
    flow_class: type[FlowSpec],
    given: Mapping[str, Any],
    datastore_url: str,
    *,
    max_workers: int = MAX_WORKERS,
    max_splits: int = MAX_SPLITS,
    origin: Resume | Reuse | None = None,
    attached: Sequence[str] = (),
    reporter: Reporter | None = None,
    begun: Callable[[Datastore, RunInfo], None] | None = None,
) -> str:
    """Run a flow with its tasks as local processes, or as Batch jobs; returns the run's id.

    Args:
        given: parameters by name, as text or of their types; a resumed run has those of its origin.
        datastore_url: where artifacts go, as `stepwell.store.open_store` takes it.
        origin: where tasks are found that need not be run: in a run to resume, or in any before it.
        attached: decorators for every step that has none of their kind, as ``--with`` takes them.
        reporter: is told what happens; by default lines are printed.
        begun: called with the run's datastore once the run is claimed.

    Raises:
        UsageError: there is no such decorator to attach, no such step to resume from, jobs can't reach the
            datastore, or too many files around the flow would have to be looked at to know what may be
            reused; nothing was started.
        FlowError: the flow or a parameter is wrong; nothing was started.
        NoSuchObject: there is no such run to resume; nothing was started.
        TableError: tables can't be read again as that run has read them; nothing was started.
        StoreError: the datastore can't be written; nothing was started.
        PlatformError: the environment can't run the steps with ``@batch``; nothing was started.
        PackagesError: the packages that steps ask for can't be had; nothing was started.
        RunFailed: a task failed.
    """
    for text in attached:
        attach(flow_class, text)
    graph, functions = flow_class.graph(), flow_class.step_functions()
    on_batch, packages = batch_steps(functions), wanted(flow_class, functions)
    namespace, username = config.namespace(), config.username()
    project = project_of(flow_class, namespace)

    # the fork comes first: what follows here may start threads
    server = task_server(flow_class)
    servers: dict[str, ForkServer] = {}
    reporter = reporter or Console()
    revision = ask(source_file(flow_class))
    try:
        from stepwell.store.opening import open_store

        places = None
        if on_batch:
            from stepwell.execution.batchrun import find_places

            places = find_places(flow_class, on_batch, datastore_url, namespace)
        datastore = Datastore(open_store(datastore_url), namespace)
        if on_batch.union(packages).issuperset(graph):
            server.close()  # no task is a process of this Python
        found = find_origin(datastore, graph, origin) if isinstance(origin, Resume) else origin
        resumed = found.run if isinstance(found, Origin) else None
        if resumed:
            given = datastore.run_info(graph.flow, resumed).parameters
        parameters = parameter_values(flow_class, given)
        history = History(flow_class, datastore)
        earlier = history.look_back() if isinstance(found, Reuse) else {}
        servers, environments = dict.fromkeys(graph, server), dict[str, Any]()
        if packages:
            from stepwell.environments.prepare import prepare_run
            from stepwell.execution.elsewhere import environment_servers

            environments = prepare_run(packages, on_batch, datastore, reporter.preparing)
            servers |= environment_servers(flow_class, environments, set(graph) - on_batch, datastore)
        jobs = None
        if places:
            jobs = places.pack(
                flow_class, datastore, datastore_url, username,
                attached=attached, max_splits=max_splits, environments=environments,
            )  # fmt: skip
        run = new_run_id()
        info = RunInfo(
            graph.flow, run, namespace, username, utc_now(), "local", jobs.package.sha256 if jobs else None,
            parameters=portable_parameters(flow_class, given), origin=resumed, graph=to_document(graph),
            publishes=not (isinstance(origin, Resume) and origin.replay), project=project,
            revision=revision(),
        )  # fmt: skip
        datastore.claim_run(info)
        if earlier:
            datastore.put_earlier(graph.flow, run, earlier)
        if environments:
            datastore.put_environments(graph.flow, run, environments)
        if jobs:
            jobs.begin(datastore, run, info.parameters, found)
        if begun:
            begun(datastore, info)
    except BaseException:
        for one in {server, *servers.values()}:
            one.close()
        raise

    def request(task: TaskId, attempt: Attempt) -> TaskRequest:
        first = task.step == START
        spec = TaskSpec(
            run, task, username, attempt.number, max_splits=max_splits, attached=tuple(attached),
            parameters=parameters if first else None, origin=found if first else None,
        )  # fmt: skip
        return TaskRequest(datastore_url, namespace, spec)

    def settle(task: TaskId, attempt: Attempt) -> Outcome | None:
        from stepwell.execution.task import settled

        return settled(flow_class, request(task, attempt).spec, datastore)

    told = {"flow": graph.flow, "run": run, "namespace": namespace, "datastore": datastore_url}
    notices.tell("run", told)
    done = False
    reporter.begin(info, datastore.store.url)
    try:
        with ended_like_ctrl_c():
            processes = {
                one: Processes(one, request, settle, functions, datastore, graph.flow, run)
                for one in servers.values()
            }
            workers: dict[str, Workers] = {step: processes[one] for step, one in servers.items()}
            if jobs:
                workers |= dict.fromkeys(on_batch, jobs.workers(flow_class, datastore, run, settle))
            LocalRun(flow_class, run, workers, reporter, max_workers, history.keep).execute()
        done = True
    finally:
        if not done:
            with suppress(StoreError):  # it may be why the run ended
                datastore.end_run(graph.flow, run)
        history.leave(run)
        reporter.end(done)
    return run


def find_origin(datastore: Datastore, graph: Graph, resume: Resume) -> Origin:
    """The run to resume, in the form that tasks are told it.

    Raises:
        NoSuchObject: there is no such run, or none at all.
        UsageError: no step has that name.
        TableError: a snapshot that the run has read has expired.
    """
    if resume.step is not None and resume.step not in graph:
        raise UsageError(
            f"received the step '{resume.step}', which flow {graph.flow} does not have"
            + (did_you_mean(resume.step, graph) or f"; its steps are {', '.join(graph)}")
        )
    run = resume.run or next(datastore.runs(graph.flow), None)
    if run is None:
        raise NoSuchObject(
            f"flow {graph.flow} has no run to resume in namespace '{datastore.namespace}' of "
            f"{datastore.store.url}; start one: run"
        )
    datastore.run_info(graph.flow, run)
    check_snapshots(datastore, graph.flow, run)
    return Origin(run, tuple(sorted(graph.from_step(resume.step))) if resume.step else ())

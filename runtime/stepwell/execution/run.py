"""Run a whole flow on this machine."""

from __future__ import annotations

import secrets
import sys
from typing import Any

from stepwell import config, notices
from stepwell.datastore import Datastore, RunInfo, utc_now
from stepwell.errors import ParameterError
from stepwell.execution.forkserver import ForkServer
from stepwell.execution.local import LocalRun
from stepwell.execution.queue import Attempt
from stepwell.execution.reporter import Console
from stepwell.flow.parameters import Parameter
from stepwell.flow.spec import FlowSpec

MAX_WORKERS = 16
"""Metaflow's ``--max-workers``."""
MAX_SPLITS = 100
"""Metaflow's ``--max-num-splits``."""


def new_run_id() -> str:
    """An id that sorts by time: UTC to the millisecond, and four random digits."""
    now = utc_now()
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}-{secrets.token_hex(2)}"


def parameter_values(flow_class: type[FlowSpec], given: dict[str, Any]) -> dict[str, Any]:
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


def run_locally(
    flow_class: type[FlowSpec],
    given: dict[str, Any],
    datastore_url: str,
    *,
    max_workers: int = MAX_WORKERS,
    max_splits: int = MAX_SPLITS,
) -> str:
    """Run a flow with its tasks as local processes; returns the run's id.

    Args:
        given: parameters by name, as text or of their types.
        datastore_url: where artifacts go, as `stepwell.store.open_store` takes it.

    Raises:
        FlowError: the flow or a parameter is wrong; nothing was started.
        StoreError: the datastore can't be written; nothing was started.
        RunFailed: a task failed.
    """
    graph = flow_class.graph()
    parameters = parameter_values(flow_class, given)
    namespace, username = config.namespace(), config.username()

    def work(request: tuple[str, Attempt]) -> Any:
        from stepwell.execution.task import TaskSpec, run_task
        from stepwell.store.objects import open_store

        run, attempt = request
        spec = TaskSpec(
            run, attempt.task, username, attempt.number, parameters=parameters, max_splits=max_splits
        )
        return run_task(flow_class, spec, Datastore(open_store(datastore_url), namespace))

    # the fork comes first: what follows here may start threads
    server = ForkServer(work, _preload)
    try:
        from stepwell.store.objects import open_store

        datastore = Datastore(open_store(datastore_url), namespace)
        run = new_run_id()
        datastore.claim_run(RunInfo(graph.flow, run, namespace, username, utc_now(), "local"))
    except BaseException:
        server.close()
        raise
    told = {"flow": graph.flow, "run": run, "namespace": namespace, "datastore": datastore_url}
    notices.tell("run", told)
    console = Console(run)
    console.say(
        f"Workflow starting (run-id {run}), artifacts in {datastore.store.url}, namespace {namespace}"
    )
    LocalRun(flow_class, run, datastore, server, console, max_workers).execute()
    console.say("Done!", "32")
    return run


def _preload() -> None:
    """Import what every task needs, once; nothing of this starts a thread of its own."""
    import pyarrow.parquet

    import stepwell.execution.task
    import stepwell.store.objects

    assert pyarrow.parquet and stepwell.execution.task and stepwell.store.objects
    if "stepwell.tables" in sys.modules:
        # the flow's module imported stepwell.table or stepwell.write_table
        sys.modules["stepwell.tables"].preload()
    sys.stdout.flush()

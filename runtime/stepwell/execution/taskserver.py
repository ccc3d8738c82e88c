"""The fork server that runs a flow's tasks, started while the command line is still being read.

What every task needs takes as long to import as the command line, so the server is forked first and
the two import side by side. What is known only later, where artifacts go and what ``--with`` attaches,
comes with each request.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cache, partial
from typing import Any, NamedTuple

from stepwell.errors import FlowError, StepwellError
from stepwell.execution.forkserver import ForkServer, Served
from stepwell.execution.origin import Reuse
from stepwell.execution.spec import TaskSpec
from stepwell.flow.source import imported
from stepwell.flow.spec import FlowSpec
from stepwell.store.base import Store


class TaskRequest(NamedTuple):
    """A task for the server, and where its artifacts go."""

    datastore_url: str
    namespace: str
    spec: TaskSpec


_ahead: dict[type[FlowSpec], ForkServer] = {}


def start_ahead(flow_class: type[FlowSpec]) -> None:
    """Start the server of a flow that is likely to be run; else it ends with this process."""
    _ahead[flow_class] = _start(flow_class)


def task_server(flow_class: type[FlowSpec]) -> ForkServer:
    """The flow's server: the one that was started ahead, else a new one.

    Nothing may have started a thread before, for the fork would lose it.
    """
    return _ahead.pop(flow_class, None) or _start(flow_class)


def _start(flow_class: type[FlowSpec]) -> ForkServer:
    return ForkServer.forked(served(flow_class))


def served(flow_class: type[FlowSpec]) -> Served:
    """What a server of the flow's tasks does."""
    return Served(partial(_work, flow_class), partial(_preload, flow_class), _prepare)


def _preload(flow_class: type[FlowSpec]) -> None:
    """Import what every task needs, once; nothing of this starts a thread of its own."""
    import stepwell.execution.task
    import stepwell.store.folder

    assert stepwell.execution.task and stepwell.store.folder
    if _may_have_tables(flow_class):
        import pyarrow.parquet

        import stepwell.artifacts.tabular

        assert pyarrow.parquet and stepwell.artifacts.tabular
    if "stepwell.tables" in sys.modules:
        # the flow's module imported stepwell.table or stepwell.write_table
        sys.modules["stepwell.tables"].preload()
    if "stepwell.flow.mutators" not in sys.modules:  # they have a turn when --with is attached
        with suppress(FlowError):  # the scheduler reads the same graph, and tells
            flow_class.graph()
    sys.stdout.flush()


def _may_have_tables(flow_class: type[FlowSpec]) -> bool:
    """Whether the flow's file imports anything but the standard library, if only in a step.

    Where it does not, its artifacts are plain values, and tasks do without pyarrow and NumPy.
    """
    return bool(imported(flow_class.step_functions()) - sys.stdlib_module_names - {"stepwell"})


@cache
def _store(url: str) -> Store:
    """The run's store: opened in the server, for all its tasks; it starts no thread before it is used."""
    from stepwell.store.opening import open_store

    return open_store(url)


def _prepare(request: TaskRequest) -> None:
    """Do in the server what all tasks of a run have in common, before the first is forked."""
    os.environ["STEPWELL_NAMESPACE"] = request.namespace  # what --namespace said, for a step that asks
    with suppress(StepwellError):  # told by each task
        _store(request.datastore_url)
    if isinstance(request.spec.origin, Reuse):
        import stepwell.execution.earlier

        assert stepwell.execution.earlier


def _work(flow_class: type[FlowSpec], request: TaskRequest) -> Any:
    from stepwell.datastore import Datastore
    from stepwell.execution.task import run_task

    return run_task(flow_class, request.spec, Datastore(_store(request.datastore_url), request.namespace))

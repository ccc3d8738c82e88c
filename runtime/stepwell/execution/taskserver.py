"""The fork server that runs a flow's tasks, started while the command line is still being read.

What every task needs (pyarrow, NumPy, the store) takes longer to import than the command line, so
the server is forked first and the two import side by side. What is known only later, where artifacts
go and what ``--with`` attaches, comes with each request.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from stepwell.errors import FlowError
from stepwell.execution.forkserver import ForkServer
from stepwell.execution.spec import TaskSpec
from stepwell.flow.spec import FlowSpec


@dataclass(frozen=True, slots=True)
class TaskRequest:
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
    return ForkServer(partial(_work, flow_class), partial(_preload, flow_class))


def _work(flow_class: type[FlowSpec], request: TaskRequest) -> Any:
    from stepwell.datastore import Datastore
    from stepwell.execution.task import run_task
    from stepwell.store.objects import open_store

    os.environ["STEPWELL_NAMESPACE"] = request.namespace  # what --namespace said, for a step that asks
    datastore = Datastore(open_store(request.datastore_url), request.namespace)
    return run_task(flow_class, request.spec, datastore)


def _preload(flow_class: type[FlowSpec]) -> None:
    """Import what every task needs, once; nothing of this starts a thread of its own."""
    import pyarrow.parquet

    import stepwell.execution.task
    import stepwell.store.objects

    assert pyarrow.parquet and stepwell.execution.task and stepwell.store.objects
    if "stepwell.tables" in sys.modules:
        # the flow's module imported stepwell.table or stepwell.write_table
        sys.modules["stepwell.tables"].preload()
    with suppress(FlowError):  # the scheduler reads the same graph, and tells
        flow_class.graph()
    sys.stdout.flush()

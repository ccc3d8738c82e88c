"""Run a whole flow in this process, one task after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from stepwell import config
from stepwell.client.objects import Run, run_of_task
from stepwell.datastore import Datastore, RunInfo, utc_now
from stepwell.execution.run import MAX_SPLITS, parameter_values
from stepwell.flow.document import to_document
from stepwell.flow.frontier import Frontier
from stepwell.flow.spec import FlowSpec
from stepwell.store.opening import open_store
from stepwell.testing.isolation import isolated_home
from stepwell.testing.task import RUN, run_task_here


def run_flow(
    flow_class: type[FlowSpec], parameters: Mapping[str, Any] | None = None, *, max_splits: int = MAX_SPLITS
) -> Run:
    """Run a flow on a store in memory, its tasks in a fixed order; returns the finished run.

    Tasks are run as everywhere, decorators included, but in this process: a retry does not wait, and
    what is printed goes where the test's own output goes.

    Args:
        parameters: by name, as text or of their types.

    Raises:
        FlowError: the flow or a parameter is wrong.
        Exception: what a step raises, once it is not tried again and no foreach tolerates it; a note says
            which task it was.
    """
    with isolated_home():
        user = config.username()
        datastore = Datastore(open_store("memory://"), config.namespace())
        graph = flow_class.graph()
        values = parameter_values(flow_class, dict(parameters or {}))
        info = RunInfo(
            graph.flow, RUN, datastore.namespace, user, utc_now(), "test", graph=to_document(graph)
        )
        datastore.claim_run(info)
        frontier = Frontier(graph)
        waiting = deque([frontier.first()])
        while waiting:
            task = waiting.popleft()
            if frontier.is_lost(task):
                continue
            try:
                outcome = run_task_here(flow_class, task, datastore, user, values, max_splits)
            except Exception:
                lost = frontier.failed(task)
                if lost is None:
                    raise
                waiting.extend(lost.free)
                continue
            waiting.extend(frontier.done(task, outcome.splits, outcome.chosen))
        return run_of_task(datastore, graph.flow, RUN)

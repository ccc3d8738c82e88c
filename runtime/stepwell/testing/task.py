"""Run a task in this process, as often as its decorators say."""

from __future__ import annotations

from itertools import count
from typing import Any

from stepwell.datastore import Datastore
from stepwell.execution.outcome import Outcome
from stepwell.execution.spec import TaskSpec
from stepwell.execution.task import attempt_task
from stepwell.flow.decorators.attempts import attempts
from stepwell.flow.graph import START, TaskId
from stepwell.flow.spec import FlowSpec

RUN = "test"
"""Id of the run: each has a store of its own."""


def run_task_here(
    flow_class: type[FlowSpec],
    task: TaskId,
    datastore: Datastore,
    user: str,
    parameters: dict[str, Any],
    max_splits: int | None = None,
) -> Outcome:
    """Run a task to its commit; retries do not wait.

    Raises:
        Exception: what the step raises in its last attempt; a note says which task it was.
    """
    plan = attempts(flow_class.step_functions()[task.step])
    first = parameters if task.step == START else None
    for number in count():
        spec = TaskSpec(RUN, task, user, number, first, max_splits, alone=True)
        try:
            return attempt_task(flow_class, spec, datastore)
        except Exception as error:
            if plan.is_last(number):
                error.add_note(f"in task {task} of flow {flow_class.__name__}")
                raise
    raise AssertionError("an attempt returns, or is the last")

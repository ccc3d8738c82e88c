"""What an executor tells a task's process: light, for the scheduler imports nothing of a task."""

from __future__ import annotations

from typing import Any, NamedTuple

from stepwell.execution.origin import Origin, Reuse
from stepwell.flow.graph import TaskId


class TaskSpec(NamedTuple):
    """Which task of which run to run.

    Attributes:
        attempt: how many attempts came before this one.
        parameters: the run's parameters by attribute; used by the task of ``start`` alone.
        max_splits: how many items a foreach may have; None for any number.
        publish_splits: whether what a foreach or a switch decides is left where a state machine reads it.
        origin: where tasks are found that are done already; given to the task of ``start`` alone, as
            `parameters`.
        attached: the decorators that ``--with`` named, as texts; a task's process attaches them itself.
        job: id of the Batch job that runs it, if one does.
        alone: whether it is run without the rest of the run: the node of a gang waits for no other.
    """

    run: str
    task: TaskId
    username: str
    attempt: int = 0
    parameters: dict[str, Any] | None = None
    max_splits: int | None = None
    publish_splits: bool = False
    code: str | None = None
    origin: Origin | Reuse | None = None
    attached: tuple[str, ...] = ()
    job: str | None = None
    alone: bool = False

"""``current``: what a step can know about the task it runs in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stepwell.errors import UsageError

if TYPE_CHECKING:
    from stepwell.datastore import Datastore


@dataclass(slots=True)
class TaskContext:
    """The task that this process runs.

    `table_reads` and `table_writes` are filled by `stepwell.table` and `stepwell.write_table`,
    and end in the task's manifest; so does whether the step has `asked_id` of its task.
    """

    flow: str
    run: str
    step: str
    task: str
    attempt: int
    namespace: str
    username: str
    datastore: Datastore
    table_reads: dict[str, dict[str, Any]] = field(default_factory=dict)
    table_writes: list[dict[str, Any]] = field(default_factory=list)
    asked_id: bool = False


class Current:
    """The running task; its names are Metaflow's.

    Outside a task every property but `is_running_flow` raises `UsageError`.
    """

    def __init__(self) -> None:
        self._task: TaskContext | None = None

    def set_task(self, task: TaskContext | None) -> None:
        """Called by the executor, not by flows."""
        self._task = task

    @property
    def task_context(self) -> TaskContext | None:
        """The whole context, for Stepwell's own modules; None outside a task."""
        return self._task

    def _running(self) -> TaskContext:
        if self._task is None:
            raise UsageError(
                "stepwell.current: no task is running here; read it inside a step "
                "(ask current.is_running_flow first where both happen)"
            )
        return self._task

    @property
    def is_running_flow(self) -> bool:
        """Whether this process runs a task of a flow."""
        return self._task is not None

    @property
    def flow_name(self) -> str:
        """Name of the flow's class."""
        return self._running().flow

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return self._running().run

    @property
    def step_name(self) -> str:
        """Name of the step."""
        return self._running().step

    @property
    def task_id(self) -> str:
        """Id of the task within its step: the path of foreach indices that leads to it."""
        self._running().asked_id = True
        return self._running().task

    @property
    def retry_count(self) -> int:
        """How many attempts of this task came before this one."""
        return self._running().attempt

    @property
    def namespace(self) -> str:
        """Namespace the run writes to."""
        return self._running().namespace

    @property
    def username(self) -> str:
        """Who started the run."""
        return self._running().username

    @property
    def pathspec(self) -> str:
        """``Flow/run/step/task``, as the client takes it."""
        task = self._running()
        task.asked_id = True
        return f"{task.flow}/{task.run}/{task.step}/{task.task}"


current = Current()

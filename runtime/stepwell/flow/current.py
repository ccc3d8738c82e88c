"""``current``: what a step can know about the task it runs in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from stepwell.errors import UsageError, did_you_mean
from stepwell.flow.parallel import ALONE, Parallel

if TYPE_CHECKING:
    from stepwell.client.objects import Run
    from stepwell.client.trigger import Trigger
    from stepwell.datastore import Datastore
    from stepwell.flow.decorators.project import Project


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
    parameter_names: tuple[str, ...] = ()
    project: Project | None = None
    parallel: Parallel = ALONE
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

    @property
    def parallel(self) -> Parallel:
        """Which node of its gang the task is, and how it reaches the main one."""
        return self._running().parallel

    @property
    def is_parallel(self) -> bool:
        """Whether the step has `parallel`."""
        return self._running().parallel.control_task_id is not None

    @property
    def project_name(self) -> str | None:
        """Name of the flow's ``@project``; None where it has none, as of the next four."""
        project = self._running().project
        return project.name if project else None

    @property
    def branch_name(self) -> str | None:
        """The branch of the project: ``user.NAME``, ``test.BRANCH``, ``prod`` or ``prod.BRANCH``."""
        project = self._running().project
        return project.branch if project else None

    @property
    def project_flow_name(self) -> str | None:
        """Project, branch and flow, with dots between."""
        project = self._running().project
        return project.flow_name if project else None

    @property
    def is_production(self) -> bool:
        """Whether the run is the project's production, or a branch of it."""
        project = self._running().project
        return project is not None and project.is_production

    @property
    def is_user_branch(self) -> bool:
        """Whether the run is in the namespace of a user."""
        project = self._running().project
        return project is not None and project.branch.startswith("user.")

    @property
    def parameter_names(self) -> list[str]:
        """Names of the flow's parameters, those of attributes."""
        return list(self._running().parameter_names)

    @property
    def origin_run_id(self) -> str | None:
        """Id of the run that this one resumes, if it does; asks the datastore."""
        task = self._running()
        return task.datastore.run_info(task.flow, task.run).origin

    @property
    def tags(self) -> frozenset[str]:
        """The tags people gave the run; asks the datastore."""
        task = self._running()
        return task.datastore.tags(task.flow, task.run)

    @property
    def trigger(self) -> Trigger | None:
        """The event that started the run; None where none did; asks the datastore."""
        return self.run.trigger

    @property
    def run(self) -> Run:
        """The run, as the client reads it: ``current.run.add_tag("best")``."""
        from stepwell.client.objects import run_of_task

        task = self._running()
        return run_of_task(task.datastore, task.flow, task.run)

    def get(self, name: str, default: Any = None) -> Any:
        """What is asked for by name; `default` where there is no such thing, or no task."""
        return getattr(self, name) if name in self else default

    def __contains__(self, name: str) -> bool:
        return name in _NAMES and self._task is not None

    def __getattr__(self, name: str) -> NoReturn:
        way_out = did_you_mean(name, _NAMES) or f"; it has {', '.join(_NAMES)}"
        raise AttributeError(f"stepwell.current has no '{name}'{way_out}")


_NAMES = sorted(
    name for name, value in vars(Current).items() if isinstance(value, property) and name[0] != "_"
)


current = Current()

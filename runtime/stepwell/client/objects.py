"""Read runs back: ``Flow("Train").latest_successful_run["fit"].task.data.model``.

The names are Metaflow's. There is no service behind them: each object reads the datastore when
it is asked, so a run in progress shows what it has done so far.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from stepwell import config
from stepwell.datastore import Datastore, Failure, RunInfo, TaskData
from stepwell.errors import NoSuchObject, NotFound
from stepwell.flow.graph import END, ROOT_PATH, TaskId
from stepwell.location import datastore_url
from stepwell.logs import Stream, printed
from stepwell.store.objects import open_store

if TYPE_CHECKING:
    from stepwell.artifacts.lazy import Artifact
    from stepwell.artifacts.manifest import Manifest


class Flow:
    """A flow that has run; iterating gives its runs, newest first.

    Args:
        name: name of the flow's class.
        namespace: whose runs; by default one's own.
        datastore: ``local``, ``s3``, a folder or ``s3://BUCKET``; by default STEPWELL_DATASTORE, or
            ``local``.
        allow_pickle: whether pickled artifacts are loaded, which runs their author's code; by default
            only those of one's own namespace.

    Raises:
        NoSuchObject: no flow of that name has run there.
    """

    def __init__(
        self,
        name: str,
        *,
        namespace: str | None = None,
        datastore: str | None = None,
        allow_pickle: bool | None = None,
    ) -> None:
        self.id = name
        own = config.namespace()
        self.namespace = namespace or own
        self.allow_pickle = self.namespace == own if allow_pickle is None else allow_pickle
        self.datastore = Datastore(open_store(datastore_url(datastore)), self.namespace)
        if next(self.datastore.runs(name), None) is None:
            known = ", ".join(self.datastore.flows()) or "none"
            raise NoSuchObject(
                f"flow '{name}' has no runs in namespace '{self.namespace}' of "
                f"{self.datastore.store.url}; flows there: {known}"
            )

    def __iter__(self) -> Iterator[Run]:
        return (Run(self, run) for run in self.datastore.runs(self.id))

    def __getitem__(self, run: str) -> Run:
        """The run with an id; raises `NoSuchObject`."""
        self.datastore.run_info(self.id, run)
        return Run(self, run)

    @property
    def latest_run(self) -> Run:
        """The newest run."""
        return next(iter(self))

    @property
    def latest_successful_run(self) -> Run:
        """The newest run that came to its end.

        Raises:
            NoSuchObject: none did.
        """
        for run in self:
            if run.successful:
                return run
        raise NoSuchObject(
            f"flow '{self.id}' has no successful run in namespace '{self.namespace}'; "
            f"the newest run is {self.latest_run.id}"
        )

    def __repr__(self) -> str:
        return f"Flow('{self.id}')"


class Run:
    """One run; iterating gives its steps in the order in which they began."""

    def __init__(self, flow: Flow, run: str) -> None:
        self.flow, self.id = flow, run
        self.pathspec = f"{flow.id}/{run}"

    @cached_property
    def info(self) -> RunInfo:
        """What was known when it started: user, time, runtime, code."""
        return self.flow.datastore.run_info(self.flow.id, self.id)

    @property
    def created_at(self) -> datetime:
        """When it started, in UTC."""
        return self.info.started

    @property
    def finished_at(self) -> datetime | None:
        """When it ended, in UTC; None while it runs."""
        if self.successful:
            return self[END].task.finished_at
        return max((failure.ended for failure in self.failures), default=None)

    @property
    def successful(self) -> bool:
        """Whether its ``end`` is done."""
        return self.flow.datastore.is_done(self.flow.id, self.id, TaskId(END, ROOT_PATH))

    @property
    def finished(self) -> bool:
        """Whether it ended, well or not."""
        return self.successful or bool(self.failures)

    @property
    def failures(self) -> list[Failure]:
        """Why tasks failed that are not done, the first one first."""
        found = []
        for task, files in self._tasks().items():
            if "manifest.parquet" not in files:
                found += [
                    self.flow.datastore.failure(self.flow.id, self.id, task, int(file.partition(".")[0]))
                    for file in files
                    if file.endswith(".failed.json")
                ]
        return sorted(found, key=lambda failure: failure.ended)

    @property
    def data(self) -> TaskData:
        """The artifacts of its ``end``."""
        return self[END].task.data

    def __iter__(self) -> Iterator[Step]:
        began: dict[str, datetime] = {}
        for task, files in self._tasks().items():
            if "manifest.parquet" in files:
                created = Task(self, task).created_at
                began[task.step] = min(created, began.get(task.step, created))
        return (Step(self, step) for step in sorted(began, key=lambda step: began[step]))

    def __getitem__(self, step: str) -> Step:
        """A step by name; raises `NoSuchObject` where no task of it is done."""
        found = Step(self, step)
        if not found.tasks:
            known = ", ".join(sorted({task.step for task in self._tasks()})) or "none"
            raise NoSuchObject(f"run {self.pathspec} has no task of step '{step}'; steps with tasks: {known}")
        return found

    def _tasks(self) -> dict[TaskId, list[str]]:
        found: dict[TaskId, list[str]] = {}
        for task, file in self.flow.datastore.task_files(self.flow.id, self.id):
            found.setdefault(task, []).append(file)
        return found

    def __repr__(self) -> str:
        return f"Run('{self.pathspec}')"


class Step:
    """A step of a run; iterating gives its tasks, in the order of their foreach indices."""

    def __init__(self, run: Run, step: str) -> None:
        self.run, self.id = run, step
        self.pathspec = f"{run.pathspec}/{step}"

    @cached_property
    def tasks(self) -> list[Task]:
        """Its tasks: done, or with a log or failure."""
        found = {task for task in self.run._tasks() if task.step == self.id}
        order = sorted(found, key=lambda task: [int(number) for number in task.path.split("-")])
        return [Task(self.run, task) for task in order]

    @property
    def task(self) -> Task:
        """Its only task, or the first."""
        return self.tasks[0]

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks)

    def __getitem__(self, path: str) -> Task:
        """A task by its id; raises `NoSuchObject`."""
        for task in self.tasks:
            if task.id == path:
                return task
        known = ", ".join(task.id for task in self.tasks[:20])
        raise NoSuchObject(f"step {self.pathspec} has no task '{path}'; it has {known}")

    def __repr__(self) -> str:
        return f"Step('{self.pathspec}')"


class Task:
    """One task of a step."""

    def __init__(self, run: Run, task: TaskId) -> None:
        self.run, self.step_name, self.id = run, task.step, task.path
        self.pathspec = f"{run.pathspec}/{task}"
        self._task = task

    @cached_property
    def manifest(self) -> Manifest:
        """Its manifest.

        Raises:
            NoSuchObject: it is not done.
        """
        try:
            return self.run.flow.datastore.load(self.run.flow.id, self.run.id, [self._task])[0]
        except NotFound:
            raise NoSuchObject(
                f"task {self.pathspec} is not done, so it has no artifacts; see its log: .stdout, .stderr"
            ) from None

    @property
    def successful(self) -> bool:
        """Whether it is done."""
        return self.run.flow.datastore.is_done(self.run.flow.id, self.run.id, self._task)

    @property
    def data(self) -> TaskData:
        """Its artifacts as attributes, each loaded when it is first asked for."""
        return self.run.flow.datastore.data(self.manifest, allow_pickle=self.run.flow.allow_pickle)

    @property
    def artifacts(self) -> list[str]:
        """Names of its artifacts."""
        return sorted(self.manifest.rows)

    def __getitem__(self, name: str) -> Artifact:
        """An artifact that is not loaded: type, rows, single columns; raises `NoSuchObject`."""
        if name not in self.manifest.rows:
            raise NoSuchObject(
                f"task {self.pathspec} has no artifact '{name}'; it has {', '.join(self.artifacts) or 'none'}"
            )
        return self.data._artifact(name)

    @property
    def created_at(self) -> datetime:
        """When it started, in UTC."""
        return datetime.fromisoformat(self.manifest.meta["started"])

    @property
    def finished_at(self) -> datetime:
        """When it was done, in UTC."""
        return datetime.fromisoformat(self.manifest.meta["ended"])

    @property
    def stdout(self) -> str:
        """What its last attempt printed to stdout."""
        return self._printed("o")

    @property
    def stderr(self) -> str:
        """What its last attempt printed to stderr."""
        return self._printed("e")

    def _printed(self, stream: Stream) -> str:
        files = self.run._tasks().get(self._task, [])
        attempts = [int(file.partition(".")[0]) for file in files if file.endswith(".log")]
        if not attempts:
            return ""
        datastore = self.run.flow.datastore
        return printed(datastore.log(self.run.flow.id, self.run.id, self._task, max(attempts)), stream)

    def __repr__(self) -> str:
        return f"Task('{self.pathspec}')"

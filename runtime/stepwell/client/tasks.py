"""Steps and tasks of a run, read back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Self

from stepwell.client.base import RunObject
from stepwell.client.reader import FAILURE, attempts_with, is_done
from stepwell.datastore import Failure, TaskData
from stepwell.errors import NoSuchObject, did_you_mean
from stepwell.flow.graph import TaskId
from stepwell.logs import Stream, printed, printed_lines

if TYPE_CHECKING:
    from stepwell.artifacts.manifest import Manifest
    from stepwell.client.artifacts import DataArtifact

_STREAMS: dict[str, Stream] = {"stdout": "o", "stderr": "e"}


class Step(RunObject):
    """A step of a run, ``Step("Flow/run/step")``; iterating gives its tasks, by their foreach indices."""

    _form = "Flow/run/step"

    def _require(self) -> Self:
        files = self._reader.files()
        if not any(task.step == self.id for task in files):
            known = sorted({task.step for task in files})
            raise NoSuchObject(
                f"run {self._reader.pathspec} has no task of step '{self.id}'{did_you_mean(self.id, known)}; "
                f"steps with tasks: {', '.join(known) or 'none'}"
            )
        return self

    @property
    def tasks(self) -> list[Task]:
        """Its tasks: done, or with a log or failure."""
        own = [task for task in self._reader.files() if task.step == self.id]
        return [Task._of(self._reader, task.step, task.path) for task in own]

    @property
    def task(self) -> Task:
        """Its only task, or the first."""
        return self.tasks[0]

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks)

    def __getitem__(self, path: str) -> Task:
        """A task by its id; raises `NoSuchObject`."""
        return Task._of(self._reader, self.id, path)._require()


class Task(RunObject):
    """A task of a step, ``Task("Flow/run/step/task")``; iterating gives its artifacts.

    Its id within the step is the path of foreach indices that leads to it.
    """

    _form = "Flow/run/step/task"

    def _require(self) -> Self:
        if self._task not in self._reader.files():
            known = [task.id for task in Step._of(self._reader, self.step_name)._require()]
            raise NoSuchObject(
                f"step {self._reader.pathspec}/{self.step_name} has no task '{self.id}'"
                f"{did_you_mean(self.id, known)}; it has {', '.join(known[:20])}"
            )
        return self

    @property
    def _task(self) -> TaskId:
        return TaskId(*self._parts)

    @property
    def step_name(self) -> str:
        """Name of its step."""
        return self._task.step

    @property
    def manifest(self) -> Manifest:
        """What it left when it was done; raises `NoSuchObject` where it is not."""
        return self._reader.manifest(self._task)

    # -- how it went

    @property
    def successful(self) -> bool:
        """Whether it is done."""
        return self._reader.is_done(self._task)

    @property
    def finished(self) -> bool:
        """Whether it is done, or its last attempt failed."""
        return self.successful or self.exception is not None

    @property
    def exception(self) -> Failure | None:
        """Why its last attempt failed; None of a task that is done or has not failed."""
        files = self._reader.files_of(self._task)
        failed = [] if is_done(files) else attempts_with(files, FAILURE)
        return self._reader.failure(self._task, failed[-1]) if failed else None

    @property
    def created_at(self) -> datetime:
        """When it started, in UTC."""
        return datetime.fromisoformat(self.manifest.meta["started"])

    @property
    def finished_at(self) -> datetime:
        """When it was done, in UTC."""
        return datetime.fromisoformat(self.manifest.meta["ended"])

    @property
    def index(self) -> int | None:
        """Its index in the innermost foreach around it; None where there is none."""
        indices: list[int] = self.manifest.meta["index"]
        return indices[-1] if indices else None

    @property
    def metadata_dict(self) -> dict[str, Any]:
        """What is known of it: attempt, user, code, versions of Python and Stepwell, parents, tables."""
        return dict(self.manifest.meta)

    @property
    def origin_pathspec(self) -> str | None:
        """The task of another run that it was taken over from, by `resume` or ``run --reuse``; else None."""
        source: str | None = self.manifest.meta.get("taken_from")
        return source

    # -- where it stands in the run

    @property
    def parent_tasks(self) -> list[Task]:
        """The tasks it took its artifacts from."""
        return [self._of(self._reader, *parent.split("/")) for parent in self.manifest.meta["parents"]]

    @property
    def child_tasks(self) -> list[Task]:
        """The finished tasks that took their artifacts from it; reads every manifest of the run, once."""
        own = str(self._task)
        return [
            self._of(self._reader, task.step, task.path)
            for task, manifest in self._reader.all_manifests().items()
            if own in manifest.meta["parents"]
        ]

    # -- what it left

    @property
    def data(self) -> TaskData:
        """Its artifacts as attributes, each loaded when it is first asked for."""
        return self._reader.datastore.data(self.manifest, allow_pickle=self._reader.allow_pickle)

    @property
    def artifacts(self) -> list[str]:
        """Names of its artifacts."""
        return sorted(self.manifest.rows)

    def __getitem__(self, name: str) -> DataArtifact:
        """An artifact that is not loaded: type, shape, single columns; raises `NoSuchObject`."""
        from stepwell.client.artifacts import DataArtifact

        return DataArtifact._of(self._reader, *self._parts, name)._require()

    def __contains__(self, name: str) -> bool:
        return name in self.manifest.rows

    def __iter__(self) -> Iterator[DataArtifact]:
        return (self[name] for name in self.artifacts)

    @property
    def stdout(self) -> str:
        """What its last attempt printed to stdout."""
        return printed(self._reader.log(self._task), "o")

    @property
    def stderr(self) -> str:
        """What its last attempt printed to stderr."""
        return printed(self._reader.log(self._task), "e")

    def loglines(self, stream: Literal["stdout", "stderr"] = "stdout") -> Iterator[tuple[datetime, str]]:
        """What its last attempt printed to one stream: each line with its time, in UTC."""
        return printed_lines(self._reader.log(self._task), _STREAMS[stream])

"""Steps and tasks of a run, read back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Self

from stepwell.client.base import RunObject
from stepwell.client.reader import is_done
from stepwell.datastore import Failure, TaskData
from stepwell.errors import NoSuchObject, did_you_mean
from stepwell.flow.graph import TaskId
from stepwell.logs import Stream, printed, printed_lines

if TYPE_CHECKING:
    from stepwell.artifacts.manifest import Manifest
    from stepwell.client.artifacts import DataArtifact
    from stepwell.client.objects import Run

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
    def parent(self) -> Run:
        """Its run."""
        from stepwell.client.objects import Run

        return Run._of(self._reader)

    def tasks(self) -> list[Task]:
        """Its tasks: done, or with a log or failure."""
        own = [task for task in self._reader.files() if task.step == self.id]
        return [Task._of(self._reader, task.step, task.path) for task in own]

    @property
    def task(self) -> Task:
        """Its only task, or the first."""
        return self.tasks()[0]

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks())

    def __getitem__(self, path: str) -> Task:
        """A task by its id; raises `NoSuchObject`."""
        return Task._of(self._reader, self.id, path)._require()

    def __contains__(self, path: str) -> bool:
        return TaskId(self.id, path) in self._reader.files()

    @property
    def created_at(self) -> datetime | None:
        """When the first of its tasks that are done started, in UTC; None while none is."""
        return min((datetime.fromisoformat(one.meta["started"]) for one in self._done()), default=None)

    @property
    def finished_at(self) -> datetime | None:
        """When the last of its tasks ended, in UTC; None while one has not."""
        self._done()
        ended = [task.finished_at for task in self.tasks()]
        return None if None in ended else max(filter(None, ended))

    def _done(self) -> list[Manifest]:
        """The manifests of its tasks that are done; fetched at once."""
        files = self._reader.files()
        return self._reader.manifests(
            [task for task in files if task.step == self.id and is_done(files[task])]
        )


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
    def parent(self) -> Step:
        """Its step."""
        return Step._of(self._reader, self.step_name)

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
        """Whether it ended, well or not: it is done, or it failed and no attempt follows."""
        return self.finished_at is not None

    @property
    def exception(self) -> Failure | None:
        """Why its last attempt failed; None of a task that is done or has not failed."""
        files = self._reader.files_of(self._task)
        return None if is_done(files) else self._reader.failure(self._task, files)

    @property
    def created_at(self) -> datetime | None:
        """When it started, in UTC; None until it is done, for nothing else says so."""
        return datetime.fromisoformat(self.manifest.meta["started"]) if self.successful else None

    @property
    def finished_at(self) -> datetime | None:
        """When it ended, well or not, in UTC; None while it has not."""
        if self.successful:
            return datetime.fromisoformat(self.manifest.meta["ended"])
        failure = self.exception  # another attempt follows, unless the run is over
        return failure.ended if failure and self._reader.ended() else None

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
    def artifacts(self) -> Artifacts:
        """Its artifacts as attributes that are not loaded: ``task.artifacts.model.data``."""
        return Artifacts(self)

    def __getitem__(self, name: str) -> DataArtifact:
        """An artifact that is not loaded: type, shape, single columns; raises `NoSuchObject`."""
        from stepwell.client.artifacts import DataArtifact

        return DataArtifact._of(self._reader, *self._parts, name)._require()

    def __contains__(self, name: str) -> bool:
        return name in self.manifest.rows

    def __iter__(self) -> Iterator[DataArtifact]:
        return (self[name] for name in sorted(self.manifest.rows))

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


class Artifacts:
    """The artifacts of a task as attributes, none of them loaded; iterating gives them by name."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def __getattr__(self, name: str) -> DataArtifact:
        if name.startswith("__") or "_task" not in self.__dict__:
            raise AttributeError(name)
        try:
            return self._task[name]
        except NoSuchObject as error:
            raise AttributeError(str(error)) from None

    def __iter__(self) -> Iterator[DataArtifact]:
        return iter(self._task)

    def __contains__(self, name: str) -> bool:
        return name in self._task

    def __len__(self) -> int:
        return len(self._task.manifest.rows)

    def __dir__(self) -> list[str]:
        return sorted(self._task.manifest.rows)

    def __repr__(self) -> str:
        return f"<artifacts: {', '.join(dir(self)) or 'none'}>"

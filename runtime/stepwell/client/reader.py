"""One run in the store, and what of it is known already: what all of a run's objects share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from stepwell.compute.ending import why_it_died
from stepwell.datastore import Datastore, Failure, RunInfo, TaskFile
from stepwell.errors import NoSuchObject, NotFound
from stepwell.flow.document import from_document
from stepwell.flow.graph import END_TASK, Graph, TaskId

if TYPE_CHECKING:
    from stepwell.artifacts.manifest import Manifest

MANIFEST = "manifest.parquet"
FAILURE, DIED, LOG = ".failed.json", "died.json", ".log"


class RunReader:
    """Reads a run, and keeps what can't change any more: manifests, and the files of a successful run."""

    def __init__(self, datastore: Datastore, flow: str, run: str, allow_pickle: bool) -> None:
        self.datastore, self.flow, self.run, self.allow_pickle = datastore, flow, run, allow_pickle
        self.pathspec = f"{flow}/{run}"
        self._manifests: dict[TaskId, Manifest] = {}
        self._files: dict[TaskId, list[TaskFile]] | None = None

    @cached_property
    def info(self) -> RunInfo:
        return self.datastore.run_info(self.flow, self.run)

    @cached_property
    def graph(self) -> Graph | None:
        """The graph of its flow; None where the run did not keep it."""
        document = self.info.graph
        return None if document is None else from_document(self.flow, document)

    def exists(self) -> bool:
        """Whether there is such a run; with one request, which gets `info` as well."""
        try:
            return bool(self.info)
        except NoSuchObject:
            return False

    @property
    def end(self) -> TaskId:
        return END_TASK

    def is_done(self, task: TaskId) -> bool:
        return task in self._manifests or self.datastore.is_done(self.flow, self.run, task)

    def ended(self) -> datetime | None:
        """When the run ended without its ``end``; None where it runs, was successful, or was killed."""
        return self.datastore.run_ended(self.flow, self.run)

    def files(self) -> dict[TaskId, list[TaskFile]]:
        """The files of every task that has left one, step by step, in the order of foreach indices."""
        if self._files is not None:
            return self._files
        found: dict[TaskId, list[TaskFile]] = {}
        for file in self.datastore.task_files(self.flow, self.run):
            found.setdefault(file.task, []).append(file)
        files = {task: found[task] for task in sorted(found, key=_order)}
        if is_done(files.get(self.end, [])):
            self._files = files
        return files

    def files_of(self, task: TaskId) -> list[TaskFile]:
        """A task's files as of now: its log is the last to come, when the task may be done already."""
        return list(self.datastore.task_files(self.flow, self.run, task))

    def failures(self, task: TaskId, files: list[TaskFile]) -> list[Failure]:
        """Why the attempts of a task failed that is not done, the first one first, and why its job died."""
        attempts = _failed_attempts(files)
        found = [self.datastore.failure(self.flow, self.run, task, attempt) for attempt in attempts]
        death = self._death(task, files)
        return [*found, death] if death and death.attempt not in attempts else found

    def failure(self, task: TaskId, files: list[TaskFile]) -> Failure | None:
        """The last of `failures`; None where there is none. At most two requests."""
        attempts, death = _failed_attempts(files), self._death(task, files)
        if death and death.attempt not in attempts:
            return death
        return self.datastore.failure(self.flow, self.run, task, attempts[-1]) if attempts else None

    def _death(self, task: TaskId, files: list[TaskFile]) -> Failure | None:
        """What Step Functions said of a task whose job failed for good, maybe after the task was done."""
        died = next((file for file in files if file.name == DIED), None)
        if died is None:
            return None
        why = why_it_died(self.datastore.died(self.flow, self.run, task))
        done = (
            "; the task was done by then, so that a resumed run goes on behind it" if is_done(files) else ""
        )
        return Failure(task.step, task.path, why.attempt, why.reason + done, "", died.modified)

    def log(self, task: TaskId) -> bytes:
        """What the last attempt printed that has a log, as `stepwell.logs` keeps it."""
        attempts = attempts_with(self.files_of(task), LOG)
        return self.datastore.log(self.flow, self.run, task, attempts[-1]) if attempts else b""

    def manifest(self, task: TaskId) -> Manifest:
        """Raises `NoSuchObject` where the task is not done."""
        try:
            return self.manifests([task])[0]
        except NotFound:
            raise NoSuchObject(
                f"task {self.flow}/{self.run}/{task} is not done, so it has no artifacts; "
                "see its log: .stdout, .stderr"
            ) from None

    def manifests(self, tasks: list[TaskId]) -> list[Manifest]:
        """Those of finished tasks, fetched at once; raises `NotFound`."""
        new = [task for task in tasks if task not in self._manifests]
        self._manifests.update(zip(new, self.datastore.load(self.flow, self.run, new), strict=True))
        return [self._manifests[task] for task in tasks]

    def all_manifests(self) -> dict[TaskId, Manifest]:
        """Those of all tasks that are done."""
        done = [task for task, files in self.files().items() if is_done(files)]
        return dict(zip(done, self.manifests(done), strict=True))

    def steps(self, files: dict[TaskId, list[TaskFile]]) -> list[str]:
        """The steps of `files`: by the start of their first finished task, then those that have none.

        Reads a manifest a step.
        """
        first: dict[str, TaskId] = {}
        for task in files:
            if is_done(files[task]):
                first.setdefault(task.step, task)
        manifests = self.manifests(list(first.values()))
        began = {step: manifest.meta["started"] for step, manifest in zip(first, manifests, strict=True)}
        done = sorted(began, key=lambda step: began[step])
        return done + sorted({task.step for task in files} - set(done))


def _failed_attempts(files: list[TaskFile]) -> list[int]:
    return [] if is_done(files) else attempts_with(files, FAILURE)


def has_died(files: list[TaskFile]) -> bool:
    """Whether Step Functions said that the task's job failed for good."""
    return any(file.name == DIED for file in files)


def is_done(files: list[TaskFile]) -> bool:
    """Whether a task with these files is done."""
    return any(file.name == MANIFEST for file in files)


def done_at(manifest: Manifest, files: Iterable[TaskFile]) -> datetime:
    """When a task of a run was done: one that was taken over tells when it was in the run that it is from."""
    if manifest.meta.get("taken_from"):
        return next(file.modified for file in files if file.name == MANIFEST)
    return datetime.fromisoformat(manifest.meta["ended"])


def has_failed(files: list[TaskFile]) -> bool:
    """Whether an attempt of a task with these files failed."""
    return has_died(files) or any(file.name.endswith(FAILURE) for file in files)


def attempts_with(files: list[TaskFile], suffix: str) -> list[int]:
    """The attempts that left a file ``ATTEMPT`` and `suffix`, in order."""
    return sorted(int(file.name.removesuffix(suffix)) for file in files if file.name.endswith(suffix))


def _order(task: TaskId) -> tuple[str, list[int]]:
    return task.step, [int(number) for number in re.findall(r"\d+", task.path)]

"""One artifact of a task, read back as far as it is asked for."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any, Self

from stepwell.artifacts.lazy import Artifact
from stepwell.artifacts.manifest import Manifest
from stepwell.client.base import RunObject
from stepwell.errors import NoSuchObject, did_you_mean
from stepwell.flow.graph import TaskId


class DataArtifact(RunObject, Artifact):
    """An artifact of a task, ``DataArtifact("Flow/run/step/task/name")``; nothing of it is loaded yet.

    Its type, shape and size are in the task's manifest; `table` reads single columns and rows, `data`
    loads the value.
    """

    _form = "Flow/run/step/task/name"

    def _require(self) -> Self:
        known = self._manifest.rows
        if self.id not in known:
            task = self.pathspec.rpartition("/")[0]
            raise NoSuchObject(
                f"task {task} has no artifact '{self.id}'{did_you_mean(self.id, list(known))}; "
                f"it has {', '.join(sorted(known)) or 'none'}"
            )
        Artifact.__init__(
            self, known[self.id], self._reader.datastore.store, allow_pickle=self._reader.allow_pickle
        )
        return self

    @property
    def _manifest(self) -> Manifest:
        return self._reader.manifest(TaskId(*self._parts[:2]))

    @cached_property
    def data(self) -> Any:
        """The value, of the type it had. Raises `ArtifactError`, `NotFound`."""
        return self.load()

    @property
    def created_at(self) -> datetime:
        """When its task was done, in UTC."""
        return datetime.fromisoformat(self._manifest.meta["ended"])

    @property
    def finished_at(self) -> datetime:
        """As `created_at`."""
        return self.created_at

    @property
    def sha(self) -> str:
        """Its hash; as `sha256`."""
        return self.sha256

    __repr__ = Artifact.__repr__

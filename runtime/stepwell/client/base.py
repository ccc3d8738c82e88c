"""What all objects of a run have in common: a pathspec that leads to them, and the run's reader."""

from __future__ import annotations

from typing import ClassVar, Self

from stepwell.client.namespaces import Scope, parts_of
from stepwell.client.reader import RunReader


class RunObject:
    """A run, or something in it.

    Args:
        pathspec: which, such as ``Flow/run/step/task``.
        namespace, datastore, allow_pickle: as of `stepwell.Flow`.

    Raises:
        UsageError: the pathspec has another form.
        NoSuchObject: it is not there.
    """

    _form: ClassVar[str]

    def __init__(
        self,
        pathspec: str,
        *,
        namespace: str | None = None,
        datastore: str | None = None,
        allow_pickle: bool | None = None,
    ) -> None:
        flow, run, *parts = parts_of(pathspec, self._form)
        self._bind(Scope.of(namespace, datastore, allow_pickle).run(flow, run), *parts)
        self._require()

    @classmethod
    def _of(cls, reader: RunReader, *parts: str) -> Self:
        """The object at `parts`, whether or not it is there."""
        found = cls.__new__(cls)
        found._bind(reader, *parts)
        return found

    def _bind(self, reader: RunReader, *parts: str) -> None:
        self._reader, self._parts = reader, parts

    def _require(self) -> Self:
        """Raises `NoSuchObject` where it is not there."""
        return self

    @property
    def pathspec(self) -> str:
        """What leads to it, such as ``Flow/run/step/task``."""
        return "/".join((self._reader.pathspec, *self._parts))

    @property
    def id(self) -> str:
        """The last part of its pathspec."""
        return self.pathspec.rpartition("/")[2]

    @property
    def path_components(self) -> list[str]:
        """The parts of its pathspec."""
        return self.pathspec.split("/")

    @property
    def tags(self) -> frozenset[str]:
        """All tags of the run."""
        return self.user_tags | self.system_tags

    @property
    def user_tags(self) -> frozenset[str]:
        """The tags people gave the run."""
        return self._reader.datastore.tags(self._reader.flow, self._reader.run)

    @property
    def system_tags(self) -> frozenset[str]:
        """Tags that say what the run is: ``user:NAME``, ``runtime:local``, ``date:2026-11-23``."""
        return self._reader.info.system_tags

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{self.pathspec}')"

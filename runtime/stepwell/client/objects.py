"""Read runs back: ``Flow("Train").latest_successful_run["fit"].task.data.model``.

The names are Metaflow's. There is no service behind them: each object reads the datastore when
it is asked, so a run in progress shows what it has done so far.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from stepwell.client.base import RunObject
from stepwell.client.namespaces import Scope
from stepwell.client.reader import FAILURE, attempts_with, is_done
from stepwell.client.tasks import Step as Step
from stepwell.client.tasks import Task as Task
from stepwell.datastore import SYSTEM_TAGS, Datastore, Failure, RunInfo, TaskData
from stepwell.errors import NoSuchObject

if TYPE_CHECKING:
    from stepwell.client.code import Code
    from stepwell.client.lineage import Lineage


class Flow:
    """A flow that has run; iterating gives its runs, newest first.

    Args:
        name: name of the flow's class.
        namespace: whose runs; by default of the namespace set with `stepwell.namespace`, or one's own.
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
        self.id = self.pathspec = name
        self._scope = Scope.of(namespace, datastore, allow_pickle)
        self._scope.require_flow(name)

    def runs(self, *tags: str) -> Iterator[Run]:
        """Its runs that have all of the tags, newest first; found as they are consumed."""
        given = [tag for tag in tags if not tag.startswith(SYSTEM_TAGS)]
        for reader in self._scope.runs(self.id, given[0] if given else None):
            run = Run._of(reader)
            if (not given or run.user_tags.issuperset(given)) and (
                len(given) == len(tags) or run.system_tags.issuperset(set(tags).difference(given))
            ):
                yield run

    def __iter__(self) -> Iterator[Run]:
        return self.runs()

    def __getitem__(self, run: str) -> Run:
        """The run with an id; raises `NoSuchObject`."""
        return Run._of(self._scope.run(self.id, run))

    @property
    def latest_run(self) -> Run:
        """The newest run."""
        return next(self.runs())

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
            f"flow '{self.id}' has no successful run in {self._scope}; the newest run is {self.latest_run.id}"
        )

    def __repr__(self) -> str:
        return f"Flow('{self.id}')"


class Run(RunObject):
    """A run, ``Run("Flow/run")``; iterating gives its steps in the order in which they began."""

    _form = "Flow/run"

    @property
    def datastore(self) -> Datastore:
        """The namespace it is in."""
        return self._reader.datastore

    @property
    def info(self) -> RunInfo:
        """What was known when it started: user, time, runtime, code."""
        return self._reader.info

    # -- how it went

    @property
    def created_at(self) -> datetime:
        """When it started, in UTC."""
        return self.info.started

    @property
    def finished_at(self) -> datetime | None:
        """When it ended, in UTC; None while it runs."""
        if self.successful:
            return self.end_task.finished_at
        return max((failure.ended for failure in self.failures), default=None)

    @property
    def successful(self) -> bool:
        """Whether its ``end`` is done."""
        return self._reader.is_done(self._reader.end)

    @property
    def finished(self) -> bool:
        """Whether it ended, well or not."""
        return self.successful or bool(self.failures)

    @property
    def failures(self) -> list[Failure]:
        """Why tasks failed that are not done, the first one first."""
        found = [
            self._reader.failure(task, attempt)
            for task, files in self._reader.files().items()
            if not is_done(files)
            for attempt in attempts_with(files, FAILURE)
        ]
        return sorted(found, key=lambda failure: failure.ended)

    # -- what it did

    @property
    def end_task(self) -> Task:
        """The task of its ``end``."""
        return Task._of(self._reader, self._reader.end.step, self._reader.end.path)

    @property
    def data(self) -> TaskData:
        """The artifacts of its ``end``; raises `NoSuchObject` where that is not done."""
        return self.end_task.data

    def __iter__(self) -> Iterator[Step]:
        return (Step._of(self._reader, step) for step in self._reader.steps(self._reader.files()))

    def __getitem__(self, step: str) -> Step:
        """A step by name; raises `NoSuchObject` where no task of it has left anything."""
        return Step._of(self._reader, step)._require()

    @property
    def code(self) -> Code | None:
        """Its code package; None where the code was run from where it lies."""
        from stepwell.client.code import Code

        return Code(self.datastore, self.info.code) if self.info.code else None

    @property
    def lineage(self) -> Lineage:
        """Which snapshots of tables its finished tasks have read and written."""
        from stepwell.client.lineage import Lineage

        return Lineage.of(self._reader.all_manifests())

    # -- tags

    @property
    def tags(self) -> frozenset[str]:
        """All its tags."""
        return self.user_tags | self.system_tags

    @property
    def user_tags(self) -> frozenset[str]:
        """The tags people gave it."""
        return self.datastore.tags(self._reader.flow, self.id)

    @property
    def system_tags(self) -> frozenset[str]:
        """Tags that say what it is: ``user:NAME``, ``runtime:local``, ``date:2026-11-23``."""
        return self.info.system_tags

    def add_tag(self, tag: str | Iterable[str]) -> None:
        """Tag it with one or several; raises `UsageError` where one can't be a tag."""
        self.datastore.add_tags(self._reader.flow, self.id, _several(tag))

    def remove_tag(self, tag: str | Iterable[str]) -> None:
        """Take one or several tags from it, if it has them."""
        self.datastore.remove_tags(self._reader.flow, self.id, _several(tag))

    def replace_tag(self, remove: str | Iterable[str], add: str | Iterable[str]) -> None:
        """Add tags, then remove others: at no instant has it neither."""
        added = _several(add)
        self.add_tag(added)
        self.remove_tag([tag for tag in _several(remove) if tag not in added])

    def _repr_html_(self) -> str:
        from stepwell.client.html import run_table

        return run_table(self._reader)


def _several(tags: str | Iterable[str]) -> list[str]:
    return [tags] if isinstance(tags, str) else list(tags)

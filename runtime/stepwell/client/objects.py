"""Read runs back: ``Flow("Train").latest_successful_run["fit"].task.data.model``.

The names are Metaflow's. There is no service behind them: each object reads the datastore when
it is asked, so a run in progress shows what it has done so far.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Self

from stepwell.client.base import RunObject
from stepwell.client.namespaces import Scope
from stepwell.client.reader import RunReader, done_at
from stepwell.client.tasks import Step as Step
from stepwell.client.tasks import Task as Task
from stepwell.datastore import SYSTEM_TAGS, Datastore, Failure, RunInfo, TaskData
from stepwell.errors import NoSuchObject

if TYPE_CHECKING:
    from stepwell.client.code import Code
    from stepwell.client.lineage import Lineage
    from stepwell.client.trigger import Trigger


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
        self._bind(name, Scope.of(namespace, datastore, allow_pickle))
        self._scope.require_flow(name)

    @classmethod
    def _of(cls, name: str, scope: Scope) -> Self:
        """A flow that is known to have run."""
        found = cls.__new__(cls)
        found._bind(name, scope)
        return found

    def _bind(self, name: str, scope: Scope) -> None:
        self.id = self.pathspec = name
        self._scope = scope

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

    def __contains__(self, run: str) -> bool:
        return self._scope.has_run(self.id, run)

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


class Metaflow:
    """All flows that have run in the namespace, by name; the arguments are those of `Flow`."""

    def __init__(
        self,
        *,
        namespace: str | None = None,
        datastore: str | None = None,
        allow_pickle: bool | None = None,
    ) -> None:
        self._scope = Scope.of(namespace, datastore, allow_pickle)

    @property
    def flows(self) -> list[Flow]:
        """The flows."""
        return [Flow._of(name, self._scope) for name in self._scope.flows()]

    def __iter__(self) -> Iterator[Flow]:
        return iter(self.flows)

    def __getitem__(self, name: str) -> Flow:
        """The flow of that name; raises `NoSuchObject`."""
        self._scope.require_flow(name)
        return Flow._of(name, self._scope)

    def __contains__(self, name: str) -> bool:
        return name in self._scope.flows()

    def __repr__(self) -> str:
        return f"Metaflow({', '.join(self._scope.flows())})"


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
    def successful(self) -> bool:
        """Whether its ``end`` is done."""
        return self._reader.is_done(self._reader.end)

    @property
    def finished(self) -> bool:
        """Whether it ended, well or not; see `finished_at`."""
        return self.finished_at is not None

    @property
    def finished_at(self) -> datetime | None:
        """When it ended, well or not, in UTC; None while it runs.

        None also where nothing could tell its end: its scheduler was killed outright, or Step Functions
        ended it by another thing than a failed task (`TriggeredRun.status` knows).
        """
        reader, end = self._reader, self._reader.end
        if not self.successful:
            return reader.ended()
        # its files are listed only where they are looked into
        return done_at(reader.manifest(end), reader.datastore.task_files(reader.flow, reader.run, end))

    @property
    def trigger(self) -> Trigger | None:
        """The event that started it; None where a person or a schedule did."""
        from stepwell.client.trigger import trigger_of

        return trigger_of(self.datastore, self._reader.flow, self.id)

    @property
    def failures(self) -> list[Failure]:
        """Why tasks failed that are not done, and why jobs died whose tasks were; the first one first."""
        found = [
            failure
            for task, files in self._reader.files().items()
            for failure in self._reader.failures(task, files)
        ]
        return sorted(found, key=lambda failure: failure.ended)

    # -- what it did

    @property
    def parent(self) -> Flow:
        """Its flow, as its namespace has it."""
        scope = Scope(self.datastore.store, (self.datastore.namespace,), self._reader.allow_pickle)
        return Flow._of(self._reader.flow, scope)

    @property
    def end_task(self) -> Task | None:
        """The task of its ``end``; None until that has left something."""
        return self._end if self._reader.files_of(self._reader.end) else None

    @property
    def data(self) -> TaskData:
        """The artifacts of its ``end``; raises `NoSuchObject` where that is not done."""
        return self._end.data

    @property
    def _end(self) -> Task:
        return Task._of(self._reader, *self._reader.end)

    def steps(self) -> Iterator[Step]:
        """Its steps that have tasks, in the order in which they began."""
        return (Step._of(self._reader, step) for step in self._reader.steps(self._reader.files()))

    def __iter__(self) -> Iterator[Step]:
        return self.steps()

    def __getitem__(self, step: str) -> Step:
        """A step by name; raises `NoSuchObject` where no task of it has left anything."""
        return Step._of(self._reader, step)._require()

    def __contains__(self, step: str) -> bool:
        return any(task.step == step for task in self._reader.files())

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

    def add_tag(self, tag: str | Iterable[str]) -> None:
        """Tag it with one or several; raises `UsageError` where one can't be a tag."""
        self.datastore.add_tags(self._reader.flow, self.id, _several(tag))

    def remove_tag(self, tag: str | Iterable[str]) -> None:
        """Take one or several tags from it, if it has them."""
        self.datastore.remove_tags(self._reader.flow, self.id, _several(tag))

    add_tags, remove_tags = add_tag, remove_tag

    def replace_tag(self, remove: str | Iterable[str], add: str | Iterable[str]) -> None:
        """Add tags, then remove others: at no instant has it neither."""
        added = _several(add)
        self.add_tag(added)
        self.remove_tag([tag for tag in _several(remove) if tag not in added])

    replace_tags = replace_tag

    def _repr_html_(self) -> str:
        from stepwell.client.html import run_table

        return run_table(self._reader)


def run_of_task(datastore: Datastore, flow: str, run: str) -> Run:
    """The run of a task of this process, whether or not it has done anything; its own pickles are loaded."""
    return Run._of(RunReader(datastore, flow, run, allow_pickle=True))


def _several(tags: str | Iterable[str]) -> list[str]:
    return [tags] if isinstance(tags, str) else list(tags)

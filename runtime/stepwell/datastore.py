"""One namespace of a store: what runs and tasks write, and how it is read back.

Nothing here is ever changed once written, so no reader needs a lock and no writer a service:
a run is its ``run.json``, a task is done when its manifest is there, and the newest run is the
first key of the flow's index. Only the log of a task grows while it runs.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from stepwell.errors import AlreadyExists, NoSuchObject, NotFound, UsageError
from stepwell.flow.graph import TaskId
from stepwell.records import SYSTEM_TAGS as SYSTEM_TAGS
from stepwell.records import Failure as Failure
from stepwell.records import RunInfo as RunInfo
from stepwell.records import TablePins as TablePins
from stepwell.records import TaskFile as TaskFile
from stepwell.store import keys
from stepwell.store.base import Store

if TYPE_CHECKING:  # pyarrow comes with them, which the scheduler does without
    from stepwell.artifacts.lazy import Artifact
    from stepwell.artifacts.manifest import Manifest

_CONCURRENT = 32
_FIRST_PIN = "first.json"

T = TypeVar("T")
R = TypeVar("R")


class TaskData:
    """The artifacts of a finished task, as attributes, each read when it is first asked for."""

    def __init__(self, manifest: Manifest, store: Store, *, allow_pickle: bool = True) -> None:
        self._manifest = manifest
        self._store = store
        self._allow_pickle = allow_pickle
        self._loaded: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "_manifest" not in self.__dict__:
            raise AttributeError(name)
        if name not in self._loaded:
            self._loaded[name] = self._artifact(name).load()
        return self._loaded[name]

    def __contains__(self, name: str) -> bool:
        return name in self._manifest.rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._manifest.rows)

    def __dir__(self) -> list[str]:
        return sorted(self._manifest.rows)

    def __repr__(self) -> str:
        return f"<artifacts: {', '.join(self) or 'none'}>"

    def _artifact(self, name: str) -> Artifact:
        from stepwell.artifacts.lazy import Artifact

        if name not in self._manifest.rows:
            meta = self._manifest.meta
            raise AttributeError(
                f"{meta['flow']}/{meta['run']}/{meta['step']}/{meta['task']} has no artifact '{name}'; "
                f"it has {', '.join(self) or 'none'}"
            )
        return Artifact(self._manifest.rows[name], self._store, allow_pickle=self._allow_pickle)


class Datastore:
    """A namespace in a store, and the verbs of runs and tasks upon it."""

    def __init__(self, store: Store, namespace: str) -> None:
        self.store = store
        self.namespace = namespace

    # -- runs

    def claim_run(self, info: RunInfo, *, listed: bool = True) -> None:
        """Begin a run: its id is this run's alone from here on.

        Args:
            listed: whether it is among the flow's runs, or found by its id alone.

        Raises:
            AlreadyExists: another run has the id.
        """
        root = keys.run_root(self.namespace, info.flow, info.run)
        self._claim(root + "run.json", info.to_json())
        if listed:
            self.list_run(info)

    def list_run(self, info: RunInfo) -> None:
        """Let a run that is claimed be among the flow's runs; that it is there already is no error."""
        self.store.put(keys.index_root(self.namespace, info.flow) + info._entry, b"")

    def _claim(self, key: str, data: bytes) -> None:
        """Write an object that nobody else would write alike, once.

        Where the answer of S3 was lost, the store asks again, and finds what it has written itself.
        """
        try:
            self.store.put(key, data, if_absent=True)
        except AlreadyExists:
            if self.store.get(key) != data:
                raise

    def end_run(self, flow: str, run: str) -> None:
        """Say that a run is over without its ``end``: a task failed for good, or it was interrupted.

        Only who runs it can know; a run that was successful needs no such word.
        """
        document = json.dumps({"ended": utc_now().isoformat()}).encode()
        with contextlib.suppress(AlreadyExists):  # by another of its tasks
            self.store.put(keys.ended(self.namespace, flow, run), document, if_absent=True)

    def run_ended(self, flow: str, run: str) -> datetime | None:
        """When `end_run` was called, in UTC; None where it was not."""
        try:
            document = json.loads(self.store.get(keys.ended(self.namespace, flow, run)))
        except NotFound:
            return None
        return datetime.fromisoformat(document["ended"])

    def run_info(self, flow: str, run: str) -> RunInfo:
        """Raises `NoSuchObject` where there is no such run."""
        try:
            data = self.store.get(keys.run_root(self.namespace, flow, run) + "run.json")
        except NotFound:
            ended = self.run_ended(flow, run)
            if ended:  # before its first task began: its state machine has said so
                return RunInfo(flow, run, self.namespace, "", ended, "step-functions")
            raise NoSuchObject(
                f"run {flow}/{run} is not in namespace '{self.namespace}' of {self.store.url}; "
                "look with another namespace, or list the runs: "
                f"[run.id for run in stepwell.Flow('{flow}')]"
            ) from None
        return RunInfo.from_json(data)

    def runs(self, flow: str) -> Iterator[str]:
        """Ids of the flow's runs, newest first; listed as they are consumed."""
        return (run_of(entry) for entry in self.entries(flow))

    def entries(self, flow: str, tag: str | None = None, after: str | None = None) -> Iterator[str]:
        """Entries of the flow's index, newest first in text order; `run_of` says of which run each is.

        Args:
            tag: list only the runs that have it or had it once.
            after: list only what comes after this entry.
        """
        index = keys.index_root(self.namespace, flow)
        if tag is not None:
            index = keys.tag_index_root(self.namespace, flow, tag)
        listed = self.store.list(index, start_after=index + after if after else None)
        return (info.key.rpartition("/")[2] for info in listed)

    def flows(self) -> list[str]:
        """Names of the flows that have run in this namespace."""
        return self.store.list_folders(keys.namespace_root(self.namespace) + "flows/")

    # -- tags: an object each, so that people who tag a run at once lose nothing

    def tags(self, flow: str, run: str) -> frozenset[str]:
        """The tags people gave a run; `RunInfo.system_tags` are not among them."""
        root = keys.tags_root(self.namespace, flow, run)
        return frozenset(keys.tag_of(info.key) for info in self.store.list(root))

    def add_tags(self, flow: str, run: str, tags: Iterable[str]) -> None:
        """Tag a run; a tag it has already stays.

        Raises:
            UsageError: one can't be a tag, or is a system tag; none was added.
            NoSuchObject: there is no such run.
        """
        new = self.tag_keys(flow, run, tags)
        entry = self.run_info(flow, run)._entry
        for tag, key in new.items():
            # the index first, so that it leads to every tagged run; what it has too much, readers leave out
            self.store.put(keys.tag_index_root(self.namespace, flow, tag) + entry, b"")
            self.store.put(key, b"")

    def put_tags(self, flow: str, run: str, tags: Iterable[str]) -> None:
        """Tag a run before it begins; whoever begins it calls `add_tags` with its `tags`.

        Raises:
            UsageError: one can't be a tag, or is a system tag; none was put.
        """
        for key in self.tag_keys(flow, run, tags).values():
            self.store.put(key, b"")

    def remove_tags(self, flow: str, run: str, tags: Iterable[str]) -> None:
        """Take tags from a run; a tag it hasn't is no error.

        Raises:
            UsageError: one can't be a tag, or is a system tag; none was removed.
            NoSuchObject: there is no such run.
        """
        gone = self.tag_keys(flow, run, tags).values()
        self.run_info(flow, run)
        for key in gone:
            self.store.delete(key)

    def tag_keys(self, flow: str, run: str, tags: Iterable[str]) -> dict[str, str]:
        """By tag the key that says that a run has it.

        Raises:
            UsageError: one can't be a tag, or is a system tag.
        """
        found = {tag: keys.tag(self.namespace, flow, run, tag) for tag in tags}
        for tag in found:
            if tag.startswith(SYSTEM_TAGS):
                raise UsageError(
                    f"run {flow}/{run}: received the tag {tag!r}; tags that begin with "
                    f"{', '.join(map(repr, SYSTEM_TAGS))} say what a run is and can't be added or removed; "
                    "use another name"
                )
        return found

    # -- tasks

    def commit(self, flow: str, run: str, task: TaskId, manifest: Manifest) -> None:
        """Make a task done, with all its artifacts, at one instant and once.

        Raises:
            AlreadyExists: another attempt of the task was done first; its artifacts stand.
        """
        key = keys.manifest(self.namespace, flow, run, task.step, task.path)
        self.store.put(key, manifest.to_bytes(), if_absent=True)

    def load(self, flow: str, run: str, tasks: list[TaskId]) -> list[Manifest]:
        """The manifests of finished tasks.

        Raises:
            NotFound: one of the tasks is not done.
        """
        from stepwell.artifacts.manifest import Manifest

        wanted = [keys.manifest(self.namespace, flow, run, task.step, task.path) for task in tasks]
        found = self.store.get_many(wanted)
        return [Manifest.from_bytes(data, key) for key, data in zip(wanted, found, strict=True)]

    def find(self, flow: str, run: str, tasks: list[TaskId]) -> dict[TaskId, Manifest]:
        """The manifests of those of the tasks that are done."""
        from stepwell.artifacts.manifest import Manifest

        wanted = [keys.manifest(self.namespace, flow, run, task.step, task.path) for task in tasks]
        found = zip(tasks, wanted, at_once(self._get, wanted), strict=True)
        return {task: Manifest.from_bytes(data, key) for task, key, data in found if data is not None}

    def is_done(self, flow: str, run: str, task: TaskId) -> bool:
        """Whether a task's manifest is there."""
        return self.store.exists(keys.manifest(self.namespace, flow, run, task.step, task.path))

    def data(self, manifest: Manifest, *, allow_pickle: bool = True) -> TaskData:
        """A manifest's artifacts as attributes."""
        return TaskData(manifest, self.store, allow_pickle=allow_pickle)

    def task_files(self, flow: str, run: str, task: TaskId | None = None) -> Iterator[TaskFile]:
        """Every file of every task of a run, or of one task."""
        root = keys.run_root(self.namespace, flow, run) + "tasks/"
        for info in self.store.list(root if task is None else self._task(flow, run, task)):
            step, path, name = info.key.removeprefix(root).split("/")
            yield TaskFile(TaskId(step, path), name, info.modified)

    def put_log(self, flow: str, run: str, task: TaskId, attempt: int, log: bytes) -> None:
        self.store.put(self._task(flow, run, task) + f"{attempt}.log", log)

    def log(self, flow: str, run: str, task: TaskId, attempt: int) -> bytes:
        """Raises `NotFound` while there is none."""
        return self.store.get(self._task(flow, run, task) + f"{attempt}.log")

    def log_from(self, flow: str, run: str, task: TaskId, attempt: int, start: int) -> bytes:
        """A log from byte `start` on. Raises `NotFound` while there is none."""
        return self.log_part(flow, run, task, attempt, start, None)[0]

    def log_part(
        self, flow: str, run: str, task: TaskId, attempt: int, start: int, size: int | None
    ) -> tuple[bytes, int]:
        """At most `size` bytes of a log from byte `start` on, and where the log ends now.

        Args:
            start: counted from the end where it is negative.

        Raises:
            NotFound: there is none yet.
        """
        with self.store.open(self._task(flow, run, task) + f"{attempt}.log") as file:
            end: int = file.size()
            file.seek(max(end + start, 0) if start < 0 else min(start, end))
            data: bytes = file.read(size)
        return data, end

    def put_failure(self, flow: str, run: str, failure: Failure) -> None:
        task = TaskId(failure.step, failure.task)
        self.store.put(self._task(flow, run, task) + f"{failure.attempt}.failed.json", failure.to_json())

    def died(self, flow: str, run: str, task: TaskId) -> dict[str, str]:
        """What Step Functions said of a task that failed: ``Error`` and ``Cause``. Raises `NotFound`."""
        key = keys.died(self.namespace, flow, run, task.step, task.path)
        found: dict[str, str] = json.loads(self.store.get(key))
        return found

    def failure(self, flow: str, run: str, task: TaskId, attempt: int) -> Failure:
        """Raises `NotFound` where that attempt did not fail."""
        return Failure.from_json(self.store.get(self._task(flow, run, task) + f"{attempt}.failed.json"))

    def _task(self, flow: str, run: str, task: TaskId) -> str:
        return keys.task_root(self.namespace, flow, run, task.step, task.path)

    # -- what runs leave for later ones to reuse

    def put_reuse(self, flow: str, run: str, document: dict[str, Any]) -> None:
        """Keep what tells later runs when the tasks of a run that has ended serve them as well."""
        self.store.put(keys.reuse(self.namespace, flow, run), json.dumps(document).encode())

    def reuses(self, flow: str, runs: list[str]) -> dict[str, dict[str, Any]]:
        """What those of the runs have left of that, in their order."""
        found = at_once(self._get, [keys.reuse(self.namespace, flow, run) for run in runs])
        return {run: json.loads(data) for run, data in zip(runs, found, strict=True) if data is not None}

    def put_earlier(self, flow: str, run: str, found: Mapping[str, str]) -> None:
        """Keep, for each step, which tasks of earlier runs may serve in a run that begins."""

        def put(step: str) -> None:
            self.store.put(keys.earlier(self.namespace, flow, run, step), found[step].encode())

        at_once(put, found)

    def earlier(self, flow: str, run: str, step: str) -> str:
        """Which tasks of earlier runs may serve for those of a step."""
        return self.store.get(keys.earlier(self.namespace, flow, run, step)).decode()

    # -- what production runs need

    def put_parameters(self, flow: str, run: str, parameters: Mapping[str, Any]) -> None:
        """Keep what a trigger was given until the run starts; raises `AlreadyExists`."""
        self._claim(keys.parameters(self.namespace, flow, run), json.dumps(dict(parameters)).encode())

    def is_run(self, flow: str, run: str) -> bool:
        """Whether there is such a run, or it was triggered and its first task has not begun yet."""
        root = keys.run_root(self.namespace, flow, run)
        return self.store.exists(root + "run.json") or self.store.exists(
            keys.parameters(self.namespace, flow, run)
        )

    def parameters(self, flow: str, run: str) -> dict[str, Any]:
        """What a trigger was given; nothing where the run was started by something else."""
        return self._document(keys.parameters(self.namespace, flow, run)) or {}

    def put_origin(self, flow: str, run: str, origin: dict[str, Any]) -> None:
        """Keep which run a triggered run resumes, until it starts."""
        self.store.put(keys.origin(self.namespace, flow, run), json.dumps(origin).encode())

    def origin(self, flow: str, run: str) -> dict[str, Any] | None:
        """Which run a triggered run resumes, if any."""
        return self._document(keys.origin(self.namespace, flow, run))

    def event(self, flow: str, run: str) -> dict[str, Any] | None:
        """The event that started a run, and what of it the flow waits for; None where none did."""
        try:
            found: dict[str, Any] = json.loads(self.store.get(keys.event(self.namespace, flow, run)))
        except NotFound:
            return None
        return found

    def put_split(self, flow: str, run: str, task: TaskId, decided: int | str | list[int]) -> None:
        """Write what a state machine reads: the indices of a foreach, the number of nodes of a gang, or the
        step that a switch has chosen."""
        key = keys.split(self.namespace, flow, run, task.step, task.path)
        self.store.put(key, json.dumps(decided).encode())

    def split(self, flow: str, run: str, task: TaskId) -> int | str:
        """What a foreach or a switch has decided: its number of items, or the step. Raises `NotFound`."""
        document = json.loads(self.store.get(keys.split(self.namespace, flow, run, task.step, task.path)))
        return len(document) if isinstance(document, list) else document

    def put_code(self, sha256: str, package: bytes, revision: Mapping[str, Any] | None = None) -> str:
        """Keep a code package under its hash, and the commit that it was packed at; returns its key."""
        if revision:
            self.store.put(keys.code_revision(self.namespace, sha256), json.dumps(dict(revision)).encode())
        key = keys.code(self.namespace, sha256)
        with contextlib.suppress(AlreadyExists):
            self.store.put(key, package, if_absent=True)
        return key

    def code(self, sha256: str) -> bytes:
        """A code package; raises `NotFound`."""
        return self.store.get(keys.code(self.namespace, sha256))

    def put_environments(self, flow: str, run: str, environments: dict[str, Any]) -> None:
        """Keep which packages the steps of a run have, as they were locked."""
        key = keys.run_environments(self.namespace, flow, run)
        self.store.put(key, json.dumps(environments, sort_keys=True).encode())

    def environments(self, flow: str, run: str) -> dict[str, Any] | None:
        """Which packages the steps of a run have; None where none has packages of its own."""
        return self._document(keys.run_environments(self.namespace, flow, run))

    def code_revision(self, sha256: str) -> dict[str, Any] | None:
        """The commit that a code package was packed at; None where it was in no work tree."""
        return self._document(keys.code_revision(self.namespace, sha256))

    # -- tables

    def pin_table(self, flow: str, run: str, table: str, pin: dict[str, Any]) -> dict[str, Any]:
        """The snapshot a run reads a table at: the one pinned first, `pin` if none was."""
        key = keys.table_pins(self.namespace, flow, run, table) + _FIRST_PIN
        with contextlib.suppress(AlreadyExists):
            self.store.put(key, json.dumps(pin).encode(), if_absent=True)
        return self.pin_at(key)

    def move_pins(self, flow: str, run: str, writes: list[dict[str, Any]]) -> None:
        """Let the run see what one of its tasks, now done, has written to tables.

        Of several writes to a table the one with the highest sequence number counts, in whatever
        order they come here; a write that comes twice changes nothing.
        """
        for write in writes:
            key = keys.table_pins(self.namespace, flow, run, write["table"])
            pin = {name: write[name] for name in ("snapshot_id", "sequence_number")}
            self.store.put(f"{key}{pin['sequence_number']:020d}.json", json.dumps(pin).encode())

    def table_pins(self, flow: str, run: str, table: str | None = None) -> dict[str, TablePins]:
        """The pins of a table, or of all tables that the run has opened or written."""
        root = keys.all_table_pins(self.namespace, flow, run)
        found: dict[str, TablePins] = {}
        for info in self.store.list(
            root if table is None else keys.table_pins(self.namespace, flow, run, table)
        ):
            name, _, pin = info.key.removeprefix(root).partition("/")
            pins = found.setdefault(name, TablePins("", []))
            if pin == _FIRST_PIN:
                found[name] = pins._replace(read=info.key)
            else:
                pins.written.append(info.key)
        return found

    def pin_at(self, key: str) -> dict[str, Any]:
        """The snapshot that a pin of `table_pins` is. Raises `NotFound`."""
        found: dict[str, Any] = json.loads(self.store.get(key))
        return found

    # -- objects that may be there or not

    def _get(self, key: str) -> bytes | None:
        try:
            return self.store.get(key)
        except NotFound:
            return None

    def _document(self, key: str) -> dict[str, Any] | None:
        data = self._get(key)
        return None if data is None else json.loads(data)


def at_once(do: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """What `do` returns for each item, in their order."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_CONCURRENT) as pool:
        return list(pool.map(do, items))


def run_of(entry: str) -> str:
    """The id of the run that an entry of an index is of."""
    return entry.partition(".")[2]


def utc_now() -> datetime:
    """Now, in UTC, to the millisecond."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)

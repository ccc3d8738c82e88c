"""``run --reuse``: whether an earlier run has done what a task would do, and if not, why."""

from __future__ import annotations

from collections.abc import Sequence

from stepwell.artifacts.manifest import Manifest
from stepwell.artifacts.row import Row
from stepwell.errors import NotFound, TableError
from stepwell.execution import reads
from stepwell.execution.key import ITEM, combined
from stepwell.execution.reads import Reads, runtime
from stepwell.execution.reuse import Earlier
from stepwell.flow.current import TaskContext
from stepwell.flow.graph import TaskId

_IN_WORDS = {
    ITEM: "its item differs",
    reads.STACK: "the lists that it stands in differ",
    reads.JOINED: "it joins other steps, or another number of tasks",
    reads.NAMES: "its inputs have other artifacts",
}
_LONGEST = 40
"""Characters of a value that an explanation shows."""


def find(context: TaskContext, task: TaskId, given: Reads) -> tuple[Manifest | None, str]:
    """The manifest of a task that may stand for this one; or None, and why there is none, in words.

    A table that such a task has read is pinned for this run to the snapshot of now.
    """
    datastore, flow = context.datastore, context.flow
    earlier = Earlier(datastore.earlier(flow, context.run, task.step))

    def hashed(names: Sequence[str]) -> str:
        return combined(runtime(), {name: given.digest(name) for name in names})

    where = earlier.find(task.path, hashed)
    run, path = where or (earlier.newest(task.path), task.path)
    if run is None:
        return None, earlier.changed or "no earlier run has done the task"
    try:
        (done,) = datastore.load(flow, run, [TaskId(task.step, path)])
    except NotFound:
        return None, f"what run {run} has done of it is gone"
    why = _tables(context, done) if where else _because(done, given)
    return (None, why) if why else (done, "")


def _tables(context: TaskContext, done: Manifest) -> str:
    """Which table that a task read has another snapshot in this run; empty where none has."""
    if not done.meta["table_reads"]:
        return ""
    from stepwell.tables.pins import pin

    for table, before in done.meta["table_reads"].items():
        try:
            now = pin(context, table)
        except TableError as error:
            return str(error)
        if now["snapshot_id"] != before["snapshot_id"]:
            return f"table {table} is at snapshot {now['snapshot_id']}, was at {before['snapshot_id']}"
    return ""


def _because(done: Manifest, given: Reads) -> str:
    """Why a task that was done before at the same place, with the same code, does not stand for this one."""
    meta = done.meta
    if meta["table_writes"]:
        return f"it writes tables: {', '.join(sorted({write['table'] for write in meta['table_writes']}))}"
    if meta["caught"]:
        return "it failed before, and @catch let the flow go on"
    if meta["runtime"] != runtime():
        return f"it is run by {runtime()}, was by {meta['runtime']}"
    differing = (name for name, before in meta["reads"].items() if given.digest(name) != before)
    return next((_differs(name, done, given) for name in differing), "it read something else before")


def _differs(name: str, done: Manifest, given: Reads) -> str:
    if name in _IN_WORDS:
        return _IN_WORDS[name]
    if name.startswith(reads.OF_INPUTS):
        return f"artifact '{name.removeprefix(reads.OF_INPUTS)}' of its inputs differs"
    word = "parameter" if given.is_parameter(name) else "artifact"
    # what the task itself has set was something else when it began
    before = None if name in done.meta["sets"] else _shown(done.rows.get(name))
    now = _shown(given.rows.get(name))
    return f"{word} '{name}' differs" + (f": {before} -> {now}" if before and now else "")


def _shown(row: Row | None) -> str | None:
    """The value of an artifact, where that is short."""
    return row.json if row and row.json is not None and len(row.json) <= _LONGEST else None

"""Where a run finds tasks that are done already: in the run that it resumes, or in those before it.

A task is taken over by writing its manifest again under the new run: it points to the same objects,
no data is copied. Executors know nothing of it, on a laptop or on Step Functions: the first task is
told the origin, each other reads it in the manifest of its parent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from stepwell.datastore import Datastore
from stepwell.errors import AlreadyExists, NotFound
from stepwell.flow.graph import TaskId

if TYPE_CHECKING:
    from stepwell.artifacts.manifest import Manifest
    from stepwell.artifacts.row import Row


class Origin(NamedTuple):
    """The run that is resumed: its tasks are taken over, but for those of the steps in `again`."""

    run: str
    again: tuple[str, ...] = ()

    def to_meta(self) -> dict[str, Any]:
        """Its form in a manifest or an object of the datastore."""
        return {"run": self.run, "again": list(self.again)}


class Reuse(NamedTuple):
    """Whichever earlier run has done the same; with `explain` a task that runs prints why."""

    explain: bool = False

    def to_meta(self) -> dict[str, Any]:
        return {"reuse": True, "explain": self.explain}


def from_meta(meta: dict[str, Any] | None) -> Origin | Reuse | None:
    """From its form in a manifest or an object of the datastore."""
    if not meta:
        return None
    return Reuse(meta["explain"]) if "reuse" in meta else Origin(meta["run"], tuple(meta["again"]))


def resumed(origin: Origin, datastore: Datastore, flow: str, run: str, task: TaskId) -> Manifest | None:
    """Make a task done with the artifacts it has in the run that is resumed; None where it has to be run."""
    if task.step in origin.again:
        return None
    try:
        (done,) = datastore.load(flow, origin.run, [task])
    except NotFound:
        return None
    return take_over(done, datastore, run, task, done.rows, {"origin": origin.to_meta()})


def take_over(
    done: Manifest,
    datastore: Datastore,
    run: str,
    task: TaskId,
    rows: dict[str, Row],
    here: dict[str, Any],
) -> Manifest:
    """Make a task done with `rows`; returns its manifest.

    The run reads tables at the snapshots that the task read them at.

    Args:
        done: the manifest of the task that it stands on, of the same flow.
        here: what its own manifest says otherwise.
    """
    flow, source = done.meta["flow"], "{flow}/{run}/{step}/{task}".format_map(done.meta)
    meta = {**done.meta, **here, "run": run, "step": task.step, "task": task.path, "taken_from": source}
    for table, pin in meta["table_reads"].items():
        if not pin.get("own"):
            datastore.pin_table(flow, run, table, pin)
    manifest = done._replace(meta=meta, rows=rows)
    try:
        datastore.commit(flow, run, task, manifest)
    except AlreadyExists:  # by an attempt before this one
        (manifest,) = datastore.load(flow, run, [task])
    return manifest

"""What a resumed run takes over from the run it resumes.

Tasks are named by their path, so the task of one run is the task of another. A resumed run goes
through the whole graph; where the origin has done a task, its manifest is written again under the
new run, and points to the same objects: no data is copied. Executors know nothing of it, on a
laptop or on Step Functions: the first task is told the origin, each other reads it in the manifest
of its parent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from stepwell.datastore import Datastore
from stepwell.errors import AlreadyExists, NotFound
from stepwell.flow.graph import TaskId

if TYPE_CHECKING:
    from stepwell.artifacts.manifest import Manifest


class Origin(NamedTuple):
    """The run whose tasks are taken over, but for those of the steps in `again`."""

    run: str
    again: tuple[str, ...] = ()

    @classmethod
    def from_meta(cls, meta: dict[str, Any] | None) -> Origin | None:
        """From its form in a manifest or an object of the datastore."""
        return cls(meta["run"], tuple(meta["again"])) if meta else None

    def to_meta(self) -> dict[str, Any]:
        """Its form in a manifest or an object of the datastore."""
        return {"run": self.run, "again": list(self.again)}


def take_over(origin: Origin, datastore: Datastore, flow: str, run: str, task: TaskId) -> Manifest | None:
    """Make a task done with the artifacts it has in the origin; None where it has to be run.

    The run reads tables at the snapshots that the task had read.
    """
    if task.step in origin.again:
        return None
    try:
        (done,) = datastore.load(flow, origin.run, [task])
    except NotFound:
        return None
    meta = {**done.meta, "run": run, "origin": origin.to_meta(), "taken_from": f"{flow}/{origin.run}/{task}"}
    for table, pin in meta["table_reads"].items():
        datastore.pin_table(flow, run, table, pin)
    manifest = done._replace(meta=meta)
    try:
        datastore.commit(flow, run, task, manifest)
    except AlreadyExists:  # by an attempt before this one
        (manifest,) = datastore.load(flow, run, [task])
    return manifest

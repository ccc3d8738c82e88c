"""Which snapshots of tables a run has read and written, and which runs wrote what it read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stepwell.flow.graph import TaskId

if TYPE_CHECKING:
    from stepwell.artifacts.manifest import Manifest


@dataclass(frozen=True, slots=True)
class TableUse:
    """A table that a task has read or written.

    Attributes:
        table: ``DATABASE.TABLE``.
        snapshot_id: at which snapshot it was read, or which one the write made; None where a table
            was read that had none yet.
        mode: ``read``, ``append`` or ``overwrite``.
        step, task: the first finished task that did so.
    """

    table: str
    snapshot_id: int | None
    mode: str
    step: str
    task: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """The tables of a run's finished tasks: each snapshot once, by the table's name.

    A table that the run itself has written is read at the run's own snapshots from then on; those are
    not among its `reads`.
    """

    reads: tuple[TableUse, ...]
    writes: tuple[TableUse, ...]

    @classmethod
    def of(cls, manifests: Mapping[TaskId, Manifest]) -> Lineage:
        """The lineage that the manifests of a run's finished tasks tell of."""
        began = sorted(manifests.items(), key=lambda item: item[1].meta["started"])
        writes = _first_of_each(
            _use(write["table"], write, write["mode"], task)
            for task, manifest in began
            for write in manifest.meta["table_writes"]
        )
        reads = _first_of_each(
            _use(table, pin, "read", task)
            for task, manifest in began
            for table, pin in manifest.meta["table_reads"].items()
        )
        own = {(write.table, write.snapshot_id) for write in writes}
        return cls(tuple(read for read in reads if (read.table, read.snapshot_id) not in own), writes)

    @property
    def written_by(self) -> dict[str, str]:
        """By table, the pathspec ``Flow/run/step/task`` of the task that made the snapshot it was read at.

        A table is left out where something else than a flow made it, or it has expired. The tables are
        looked up as they are now, where STEPWELL_ENVIRONMENT says.

        Raises:
            TableError: a table is gone, or can't be reached.
        """
        from stepwell.tables.opening import open_catalog
        from stepwell.tables.pins import written_by

        catalog = open_catalog()
        found = {read.table: written_by(catalog, read.table, read.snapshot_id) for read in self.reads}
        return {table: task for table, task in found.items() if task}


def _use(table: str, pin: Mapping[str, Any], mode: str, task: TaskId) -> TableUse:
    return TableUse(table, pin["snapshot_id"], mode, task.step, task.path)


def _first_of_each(uses: Iterable[TableUse]) -> tuple[TableUse, ...]:
    found: dict[tuple[str, int | None], TableUse] = {}
    for use in uses:
        found.setdefault((use.table, use.snapshot_id), use)
    return tuple(sorted(found.values(), key=lambda use: use.table))

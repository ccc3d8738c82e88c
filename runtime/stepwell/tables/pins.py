"""What a task leaves about the tables it uses: the run's pinned snapshots, and its own manifest.

A run reads each table at one snapshot, decided by the first task that opens it; what the run
itself writes moves the pin. So the same run read again reads the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pyiceberg.table.snapshots import Snapshot

from stepwell.flow.current import TaskContext
from stepwell.tables.catalog import TableCatalog, open_catalog
from stepwell.tables.name import TableName

WRITE_ID = "stepwell.write-id"
"""Snapshot property that names a write of a task."""


def pin_read(context: TaskContext, name: TableName, snapshot: Snapshot | None) -> int | None:
    """Id of the snapshot at which the run reads a table: `snapshot`, if none was pinned before.

    None is a pin too: the run began when the table was still without a snapshot. A task reads what it
    has itself written; the rest of the run does once the task is done.
    """
    for write in reversed(context.table_writes):
        if write["table"] == str(name):
            written: int = write["snapshot_id"]
            return written
    pin = context.datastore.pin_table(context.flow, context.run, str(name), _pin(snapshot))
    context.table_reads.setdefault(str(name), pin)
    wanted: int | None = pin["snapshot_id"]
    return wanted


def pin(context: TaskContext, table: str) -> dict[str, Any]:
    """The snapshot at which the run reads a table: that of now, if none was pinned before.

    Raises:
        TableError: the table is gone, or can't be reached.
    """
    found = context.datastore.table_pin(context.flow, context.run, table)
    if found is None:
        snapshot = open_catalog().load(TableName.parse(table)).current_snapshot()
        found = context.datastore.pin_table(context.flow, context.run, table, _pin(snapshot))
    return found


def record_write(context: TaskContext, name: TableName, mode: str, snapshot: Snapshot) -> None:
    """Keep what this task has written; its commit moves the run's pin (`Datastore.move_pins`)."""
    context.table_writes.append({"table": str(name), "mode": mode, **_pin(snapshot)})


def write_properties(context: TaskContext, name: TableName) -> dict[str, str]:
    """What a snapshot tells of the task that made it.

    The write's id is the same in every attempt of the task: it counts the task's writes to the table.
    """
    earlier = sum(write["table"] == str(name) for write in context.table_writes)
    task = f"{context.namespace}/{context.flow}/{context.run}/{context.step}/{context.task}"
    return {
        WRITE_ID: f"{task}/{earlier}",
        "stepwell.namespace": context.namespace,
        "stepwell.flow": context.flow,
        "stepwell.run": context.run,
        "stepwell.step": context.step,
        "stepwell.task": context.task,
        "stepwell.user": context.username,
    }


def written_by(catalog: TableCatalog, table: str, snapshot_id: int | None) -> str | None:
    """The task that made a snapshot, ``Flow/run/step/task``; None where no flow did, or it has expired.

    Raises:
        TableError: the table is gone, or can't be reached.
    """
    writer = writers(catalog, table, [snapshot_id])[0]
    return writer and "/".join((writer.flow, writer.run, writer.step, writer.task))


class Writer(NamedTuple):
    """The task that made a snapshot of a table."""

    namespace: str
    flow: str
    run: str
    step: str
    task: str


def writers(catalog: TableCatalog, table: str, snapshots: Sequence[int | None]) -> list[Writer | None]:
    """The tasks that made snapshots of a table; None where no flow did, or the snapshot has expired.

    Raises:
        TableError: the table is gone, or can't be reached.
    """
    iceberg = catalog.load(TableName.parse(table))
    found = [None if one is None else iceberg.snapshot_by_id(one) for one in snapshots]
    return [_writer(snapshot) if snapshot else None for snapshot in found]


def _writer(snapshot: Snapshot) -> Writer | None:
    if snapshot.summary is None or WRITE_ID not in snapshot.summary.additional_properties:
        return None
    return Writer(*(snapshot.summary[f"stepwell.{part}"] or "" for part in Writer._fields))


def _pin(snapshot: Snapshot | None) -> dict[str, Any]:
    if snapshot is None:
        return {"snapshot_id": None, "sequence_number": 0}
    return {"snapshot_id": snapshot.snapshot_id, "sequence_number": snapshot.sequence_number or 0}

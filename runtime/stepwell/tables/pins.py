"""What a task leaves about the tables it uses: the run's pinned snapshots, and its own manifest.

A run reads each table as it was when the run started; what the run itself writes moves the pin. So the
same run read again reads the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.snapshots import Snapshot

from stepwell.errors import NoSuchObject, TableError
from stepwell.flow.current import TaskContext
from stepwell.tables.catalog import TableCatalog
from stepwell.tables.name import TableName
from stepwell.tables.opening import open_catalog

WRITE_ID = "stepwell.write-id"
"""Snapshot property that names a write of a task."""
OWN = "own"
"""In what a task has read: whether its run had written it."""
MODE = "stepwell.mode"
"""Snapshot property that says how it was written."""


def pin_read(context: TaskContext, name: TableName, iceberg: IcebergTable) -> int | None:
    """Id of the snapshot at which the run reads a table.

    None is a pin too: the run began when the table was still without a snapshot. A task reads what it
    has itself written; the rest of the run does once the task is done.
    """
    for write in reversed(context.table_writes):
        if write["table"] == str(name):
            written: int = write["snapshot_id"]
            return written
    found = pin(context, str(name), iceberg)
    context.table_reads.setdefault(str(name), found)
    wanted: int | None = found["snapshot_id"]
    return wanted


def pin(context: TaskContext, table: str, iceberg: IcebergTable | None = None) -> dict[str, Any]:
    """The snapshot at which the run reads a table: that of the run's start, if none was pinned before.

    A run that resumes or replays another reads what that one read, or would have read.

    Raises:
        TableError: the table is gone, or can't be reached.
    """
    pins = context.datastore.table_pins(context.flow, context.run, table).get(table)
    if pins and pins.written:
        return {**context.datastore.pin_at(pins.written[-1]), OWN: True}
    wanted = base(context, table, iceberg)
    return context.datastore.pin_table(context.flow, context.run, table, wanted)


def base(context: TaskContext, table: str, iceberg: IcebergTable | None = None) -> dict[str, Any]:
    """The snapshot at which the run reads a table before it writes it."""
    datastore, flow, run = context.datastore, context.flow, context.run
    pins = datastore.table_pins(flow, run, table).get(table)
    if pins and pins.read:
        return datastore.pin_at(pins.read)
    started = None
    while started is None:
        try:
            info = datastore.run_info(flow, run)
        except NoSuchObject:  # a task by itself, as in a test of one step
            break
        read = datastore.table_pins(flow, info.origin, table).get(table) if info.origin else None
        if read and read.read:
            return datastore.pin_at(read.read)
        run, started = info.origin or run, None if info.origin else info.started
    iceberg = iceberg or open_catalog().load(TableName.parse(table))
    now = iceberg.current_snapshot()
    # a table that is younger than the run is read as it is when it is first opened
    return pin_of((snapshot_at(iceberg, started) or now) if started else now)


def snapshot_at(iceberg: IcebergTable, time: datetime) -> Snapshot | None:
    """The snapshot that was the table's at that time; None before its first."""
    return iceberg.snapshot_as_of_timestamp(int(time.timestamp() * 1000))


def expired(table: str, snapshot_id: int, whose: str) -> TableError:
    return TableError(
        f"{table}: {whose} is pinned to snapshot {snapshot_id}, which has expired or was dropped with the "
        "table, so the rows can't be read again as they were; start a new run to read the table as it is now"
    )


def record_write(context: TaskContext, name: TableName, mode: str, snapshot: Snapshot) -> None:
    """Keep what this task has written; its commit moves the run's pin (`Datastore.move_pins`)."""
    context.table_writes.append({"table": str(name), "mode": mode, **pin_of(snapshot)})


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
    return [writer_of(snapshot) if snapshot else None for snapshot in found]


def writer_of(snapshot: Snapshot) -> Writer | None:
    if snapshot.summary is None or WRITE_ID not in snapshot.summary.additional_properties:
        return None
    return Writer(*(snapshot.summary[f"stepwell.{part}"] or "" for part in Writer._fields))


def pin_of(snapshot: Snapshot | None) -> dict[str, Any]:
    if snapshot is None:
        return {"snapshot_id": None, "sequence_number": 0}
    return {"snapshot_id": snapshot.snapshot_id, "sequence_number": snapshot.sequence_number or 0}

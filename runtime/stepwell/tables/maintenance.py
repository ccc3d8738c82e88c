"""Keeping a table fast and small: few large files, no older snapshots and no other files than are needed.

What a run is pinned to is needed: it is never expired, whatever its age.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import chain
from typing import NamedTuple

import pyarrow as pa
import pyarrow.fs as pafs
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan, PyArrowFileIO, _dataframe_to_data_files
from pyiceberg.manifest import ManifestFile
from pyiceberg.table import FileScanTask, Transaction
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.refs import MAIN_BRANCH, SnapshotRefType
from pyiceberg.table.snapshots import ancestors_of

from stepwell.tables import files
from stepwell.tables.catalog import TableCatalog
from stepwell.tables.name import TableName
from stepwell.tables.pins import MODE
from stepwell.tables.selection import checked_columns
from stepwell.tables.writing import commit, with_row_groups

SMALL = 64 << 20
"""Bytes of a file below which it is written again with others; of Arrow data that is one file's at most."""


class Done(NamedTuple):
    """What maintenance has done to a table, or would do.

    Attributes:
        compacted: files that were written again, as fewer.
        branches: of runs, that were removed.
        expired: ids of snapshots.
        orphans: files that nothing needs, and their sizes in bytes.
    """

    compacted: int
    branches: list[str]
    expired: list[int]
    orphans: dict[str, int]


def maintain(
    catalog: TableCatalog,
    name: TableName,
    older_than: datetime,
    pinned: Collection[int],
    *,
    sort_by: Sequence[str] = (),
    dry_run: bool = False,
) -> Done:
    """Compact a table, expire its snapshots and remove the files that are left over.

    Args:
        older_than: what is younger stays: snapshots, branches of runs, and files that nothing names, which
            may be of a write that goes on.
        pinned: ids of snapshots that stay.
        sort_by: write all of it again in the order of these columns, so that filters read less.
        dry_run: only say what would be done.

    Raises:
        TableError: a column is unknown, or the table can't be reached or written.
    """
    iceberg = catalog.load(name)
    with catalog.reaching(name):
        if sort_by:
            checked_columns(list(sort_by), iceberg.schema().column_names, name)
        compacted = _compact(catalog, iceberg, name, sort_by, dry_run)
        branches = _old_branches(iceberg, older_than)
        if branches and not dry_run:
            with iceberg.manage_snapshots() as change:
                for branch in branches:
                    change.remove_branch(branch)
        expired = _expired(iceberg, older_than, {*pinned}, branches)
        if expired and not dry_run:
            iceberg.maintenance.expire_snapshots().by_ids(expired).commit()
        orphans = _orphans(iceberg, older_than, expired if dry_run else [])
        if not dry_run:
            for path in orphans:
                iceberg.io.delete(path)
    return Done(compacted, branches, expired, orphans)


def _compact(
    catalog: TableCatalog, iceberg: IcebergTable, name: TableName, sort_by: Sequence[str], dry_run: bool
) -> int:
    now = iceberg.current_snapshot()
    chosen = _chosen(iceberg, sort_by) if now else []
    if not chosen or dry_run:
        return len(chosen)

    def stage(transaction: Transaction, branch: str) -> None:
        update = transaction.update_snapshot(snapshot_properties={MODE: "compact"}, branch=branch)
        with update.overwrite() as change:
            for some in _batches(_chosen(iceberg, sort_by), whole=bool(sort_by)):
                rows = _rows(iceberg, some)
                rows = rows.sort_by([(column, "ascending") for column in sort_by]) if sort_by else rows
                for task in some:
                    change.delete_data_file(task.file)
                metadata = with_row_groups(iceberg.metadata, rows.num_rows)
                for file in _dataframe_to_data_files(metadata, rows, iceberg.io, change.commit_uuid):
                    change.append_data_file(file)

    commit(catalog, iceberg, "compaction", name, stage)
    return len(chosen)


def _chosen(iceberg: IcebergTable, sort_by: Sequence[str]) -> list[FileScanTask]:
    """The files that are to be written again: the small ones where there are several, or all to be sorted."""
    now = iceberg.current_snapshot()
    assert now is not None
    tasks = files.planned(iceberg, now.snapshot_id, AlwaysTrue())
    if sort_by:
        return tasks
    small = [task for task in tasks if task.file.file_size_in_bytes < SMALL or task.delete_files]
    places = [str(task.file.partition) for task in small]
    return [task for task, place in zip(small, places, strict=True) if places.count(place) > 1]


def _batches(tasks: list[FileScanTask], whole: bool) -> list[list[FileScanTask]]:
    """Files that are read into memory together; all, where they are to be sorted."""
    found: list[list[FileScanTask]] = [[]]
    for task in sorted(tasks, key=lambda one: str(one.file.partition)):
        if not whole and sum(one.file.file_size_in_bytes for one in found[-1]) > SMALL:
            found.append([])
        found[-1].append(task)
    return found


def _rows(iceberg: IcebergTable, tasks: list[FileScanTask]) -> pa.Table:
    scan = ArrowScan(iceberg.metadata, iceberg.io, iceberg.schema(), AlwaysTrue())
    return scan.to_table(tasks)


def _old_branches(iceberg: IcebergTable, older_than: datetime) -> list[str]:
    """Branches of runs that nobody has written for long."""
    limit = older_than.timestamp() * 1000
    return [
        ref
        for ref, one in iceberg.refs().items()
        if ref != MAIN_BRANCH and "/" in ref and one.snapshot_ref_type == SnapshotRefType.BRANCH
        and (head := iceberg.snapshot_by_id(one.snapshot_id)) and head.timestamp_ms < limit
    ]  # fmt: skip


def _expired(
    iceberg: IcebergTable, older_than: datetime, pinned: set[int], gone: Collection[str]
) -> list[int]:
    """Snapshots that are old, that no run is pinned to, and that no tag or branch of a run needs."""
    metadata = iceberg.metadata
    main = {one.snapshot_id for one in ancestors_of(iceberg.current_snapshot(), metadata)}
    needed = set(pinned)
    for ref, one in iceberg.refs().items():
        if ref in gone:
            continue
        needed.add(one.snapshot_id)
        if ref != MAIN_BRANCH:
            for before in ancestors_of(metadata.snapshot_by_id(one.snapshot_id), metadata):
                needed.add(before.snapshot_id)  # down to where the branch began, so that it can be published
                if before.snapshot_id in main:
                    break
    limit = older_than.timestamp() * 1000
    return [
        one.snapshot_id
        for one in metadata.snapshots
        if one.timestamp_ms < limit and one.snapshot_id not in needed
    ]


def _orphans(iceberg: IcebergTable, older_than: datetime, expired: Collection[int]) -> dict[str, int]:
    """Files below the table's folder that no snapshot needs, and that are not of a write that goes on."""
    metadata = iceberg.metadata
    needed = {iceberg.metadata_location, *(entry.metadata_file for entry in metadata.metadata_log)}
    needed |= {one.statistics_path for one in metadata.statistics}
    manifests: dict[str, ManifestFile] = {}
    for snapshot in metadata.snapshots:
        if snapshot.snapshot_id not in expired:
            needed.add(snapshot.manifest_list)
            manifests |= {one.manifest_path: one for one in snapshot.manifests(iceberg.io)}
    entries = chain.from_iterable(one.fetch_manifest_entry(iceberg.io) for one in manifests.values())
    needed |= manifests.keys() | {entry.data_file.file_path for entry in entries}
    scheme, host, path = PyArrowFileIO.parse_location(iceberg.location())
    assert isinstance(iceberg.io, PyArrowFileIO)
    listed = iceberg.io.fs_by_scheme(scheme, host).get_file_info(pafs.FileSelector(path, recursive=True))
    before = "" if "://" not in iceberg.location() else f"{iceberg.location().partition('://')[0]}://"
    return {
        before + one.path: one.size
        for one in listed
        if one.is_file and before + one.path not in needed and one.mtime < older_than
    }

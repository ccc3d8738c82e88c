"""A run's writes to a table, which nobody sees before the run has ended successfully.

They go to the branch ``FLOW/RUN`` of the table, and are published by moving ``main`` there. Where others
have written the table meanwhile, the run's changes are made again upon theirs, from the data files that
are there: see ``docs/decisions/0143-write-audit-publish.md``.
"""

from __future__ import annotations

from itertools import takewhile, zip_longest
from typing import Any, Literal

from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.manifest import DataFile, ManifestEntryStatus
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table import Transaction
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.refs import MAIN_BRANCH, SnapshotRefType
from pyiceberg.table.snapshots import Snapshot, ancestors_of
from pyiceberg.table.update import RemoveSnapshotRefUpdate, ValidatableTableRequirement

from stepwell.errors import TableError
from stepwell.flow.current import TaskContext
from stepwell.tables.name import TableName
from stepwell.tables.opening import open_catalog
from stepwell.tables.pins import MODE, WRITE_ID, pin_of
from stepwell.tables.transaction import commit_in
from stepwell.tables.writing import commit, open_branch, written

_ATTEMPTS = 100


class _Moved(Exception):
    """The run's branch is no longer what it was."""


class _BranchIsAt(ValidatableTableRequirement):
    """A branch must be at a snapshot: whoever publishes it takes it away, so it is published once."""

    type: Literal["stepwell-branch-is-at"] = "stepwell-branch-is-at"
    branch: str
    snapshot_id: int

    def validate(self, base_metadata: TableMetadata | None) -> None:  # type: ignore[override]
        found = base_metadata.refs.get(self.branch) if base_metadata else None
        if found is None or found.snapshot_id != self.snapshot_id:
            raise _Moved


def publish(branch: str, table: str) -> str | None:
    """Let everybody see what a run has written to a table, at one instant; a line that says so.

    None where it was published before.

    Raises:
        TableError: others have changed the table in a way that the run's changes don't go with.
    """
    name, catalog = TableName.parse(table), open_catalog()
    iceberg = catalog.load(name)
    with catalog.reaching(name):
        for _ in range(_ATTEMPTS):
            if branch not in iceberg.refs():
                return None
            try:
                changes = iceberg.transaction()
                _publish(changes, iceberg, branch, name)
                commit_in(catalog.turn(), changes)
            except (_Moved, CommitFailedException, ValidationException):
                iceberg.refresh()
                continue
            now = iceberg.current_snapshot()
            assert now is not None
            rows = now.summary and now.summary["total-records"]
            return f"Published {name}: {int(rows or 0):,} rows, snapshot {now.snapshot_id}."
    raise TableError(f"{name}: others kept writing the table, and publishing found no turn; resume the run")


def _publish(transaction: Transaction, iceberg: IcebergTable, branch: str, name: TableName) -> None:
    head, now = iceberg.snapshot_by_name(branch), iceberg.current_snapshot()
    assert head is not None and now is not None
    transaction._apply(
        (RemoveSnapshotRefUpdate(ref_name=branch),),  # type: ignore[call-arg]
        (_BranchIsAt(branch=branch, snapshot_id=head.snapshot_id),),  # type: ignore[arg-type]
    )
    fresh = _unpublished(iceberg, head, name)
    if not fresh:
        return
    if fresh[0].parent_snapshot_id == now.snapshot_id:
        transaction._apply(
            *transaction._set_ref_snapshot(head.snapshot_id, MAIN_BRANCH, SnapshotRefType.BRANCH)
        )
        return
    # what a run that was resumed has in common with the one that it resumes may be there already
    new = [one for one in fresh if not written(iceberg.metadata, MAIN_BRANCH, _said(one, WRITE_ID))]
    odd = [mode for one in new if (mode := _said(one, MODE)) not in ("append", "overwrite")]
    if odd:
        raise TableError(
            f"{name}: others have written the table since the run read it, and the run's {odd[0]} may not go "
            "with that; nothing of it is published: run it again"
        )
    _pick(transaction, iceberg, new, MAIN_BRANCH, name)


def adopt(context: TaskContext, writes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Make what a task that is taken over had written part of this run's branches; the writes, as here.

    Raises:
        TableError: what it had written has expired, or does not go with what the run has written.
    """
    return [{**write, **pin_of(_adopted(context, write))} for write in writes]


def _adopted(context: TaskContext, write: dict[str, Any]) -> Snapshot:
    name, catalog = TableName.parse(write["table"]), open_catalog()
    iceberg = catalog.load(name)
    with catalog.reaching(name):
        made = iceberg.snapshot_by_id(write["snapshot_id"])
        if made is None:
            raise TableError(
                f"{name}: snapshot {write['snapshot_id']}, which a task that is taken over wrote, has "
                "expired; start a new run"
            )
        write_id = _said(made, WRITE_ID)
        its = takewhile(lambda one: _said(one, WRITE_ID) == write_id, ancestors_of(made, iceberg.metadata))
        changes = list(its)[::-1]

        def stage(transaction: Transaction, branch: str) -> None:
            _pick(transaction, iceberg, changes, branch, name)

        branch = open_branch(context, iceberg, name)
        return commit(catalog, iceberg, "resume", name, stage, branch, write_id)


def _unpublished(iceberg: IcebergTable, head: Snapshot, name: TableName) -> list[Snapshot]:
    """The snapshots of a branch that `main` has not, oldest first."""
    metadata = iceberg.metadata
    main = {one.snapshot_id for one in ancestors_of(iceberg.current_snapshot(), metadata)}
    fresh = []
    for one in ancestors_of(head, metadata):
        if one.snapshot_id in main:
            break
        fresh.append(one)
    else:
        raise TableError(
            f"{name}: snapshots between what the run has written and the table have expired; start a new run"
        )
    return fresh[::-1]


def _said(snapshot: Snapshot, key: str) -> str:
    return (snapshot.summary and snapshot.summary[key]) or ""


def _pick(
    transaction: Transaction, iceberg: IcebergTable, snapshots: list[Snapshot], branch: str, name: TableName
) -> None:
    """Make the changes of snapshots once more on top of a branch, with the same data files."""
    for one, following in zip_longest(snapshots, snapshots[1:]):
        added, deleted = _changed(iceberg, one)
        if any(file.spec_id != iceberg.spec().spec_id for file in added):
            raise TableError(f"{name}: its partitions were changed since the run wrote it; start a new run")
        said = one.summary.additional_properties if one.summary else {}
        properties = {key: value for key, value in said.items() if key.startswith("stepwell.")}
        if _said(one, MODE) == "overwrite":
            if following and _said(following, WRITE_ID) == _said(one, WRITE_ID):
                continue  # it takes away what the next one replaces
            transaction.delete(AlwaysTrue(), snapshot_properties=properties, branch=branch)
            deleted = []
        update = transaction.update_snapshot(snapshot_properties=properties, branch=branch)
        with update.overwrite() if deleted else update.fast_append() as change:
            for file in deleted:
                change.delete_data_file(file)
            for file in added:
                change.append_data_file(file)


def _changed(iceberg: IcebergTable, snapshot: Snapshot) -> tuple[list[DataFile], list[DataFile]]:
    """The data files that a snapshot has added, and those that it has deleted."""
    added, deleted = [], []
    for manifest in snapshot.manifests(iceberg.io):
        if manifest.added_snapshot_id == snapshot.snapshot_id:
            for entry in manifest.fetch_manifest_entry(iceberg.io, discard_deleted=False):
                if entry.status == ManifestEntryStatus.ADDED:
                    added.append(entry.data_file)
                elif entry.status == ManifestEntryStatus.DELETED:
                    deleted.append(entry.data_file)
    return added, deleted

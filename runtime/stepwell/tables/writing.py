"""One write to a table: atomic, repeated when others were faster, and done once per task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table import Transaction
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.refs import MAIN_BRANCH
from pyiceberg.table.snapshots import Snapshot, ancestors_of
from pyiceberg.table.update import ValidatableTableRequirement

from stepwell.errors import TableError
from stepwell.flow.current import TaskContext, current
from stepwell.tables.arrow import fit, plain_schema, to_arrow
from stepwell.tables.catalog import TableCatalog
from stepwell.tables.evolution import evolve_columns
from stepwell.tables.name import TableName
from stepwell.tables.opening import open_catalog
from stepwell.tables.pins import MODE, WRITE_ID, base, record_write, write_properties
from stepwell.tables.reading import Table
from stepwell.tables.transaction import commit_in

_MODES = ("append", "overwrite", "upsert", "replace_partition")
_ATTEMPTS = 100
ROW_GROUP_ROWS = "write.parquet.row-group-limit"
_MOST_ROWS, _LEAST_ROWS, _ROW_GROUPS = 1 << 17, 1 << 13, 100
"""Of a row group; and how many of them what is written has where that lies between."""


@dataclass(frozen=True, slots=True)
class Write:
    """What is asked for of one write."""

    mode: str
    keys: tuple[str, ...] = ()
    partition_by: tuple[str, ...] | None = None
    evolve: bool = False


def write(
    text: str,
    data: Any,
    mode: str,
    keys: Sequence[str] = (),
    partition_by: Sequence[str] | None = None,
    evolve: bool = False,
) -> Table:
    """What `stepwell.write_table` does."""
    name = TableName.parse(text)
    if mode not in _MODES:
        raise TableError(f"{name}: received mode={mode!r}; allowed are {', '.join(map(repr, _MODES))}")
    rows = to_arrow(data, name)
    wanted = Write(
        mode,
        _columns("keys", keys, rows.column_names, name),
        None if partition_by is None else _columns("partition_by", partition_by, rows.column_names, name),
        evolve,
    )
    _check_keys(rows, wanted, name)
    context = current.task_context
    catalog = open_catalog()
    iceberg = catalog.load_or_create(name, rows.schema, wanted.partition_by or ())
    _check_partitions(iceberg, wanted, name)
    with catalog.reaching(name):
        if evolve:
            iceberg = evolve_columns(iceberg, rows.schema, name)
        rows = fit(rows, plain_schema(iceberg.schema().as_arrow()), name)
        if context:
            return _in_run(context, catalog, iceberg, rows, wanted, name)
        snapshot = commit(catalog, iceberg, wanted.mode, name, _stage(rows, wanted, {MODE: wanted.mode}))
    return Table(name, iceberg, snapshot, catalog)


def _in_run(
    context: TaskContext, catalog: TableCatalog, iceberg: IcebergTable, rows: pa.Table, wanted: Write,
    name: TableName,
) -> Table:  # fmt: skip
    """Write to the run's branch, which nobody else reads."""
    properties = {**write_properties(context, name), MODE: wanted.mode}
    branch = open_branch(context, iceberg, name)
    stage = _stage(rows, wanted, properties)
    snapshot = commit(catalog, iceberg, wanted.mode, name, stage, branch, properties[WRITE_ID])
    record_write(context, name, wanted.mode, snapshot)
    return Table(name, iceberg, snapshot, catalog)


def open_branch(context: TaskContext, iceberg: IcebergTable, name: TableName) -> str:
    """The branch that a run's writes to a table go to; it begins at what the run reads.

    Its name is ``FLOW/RUN``. A table that has nothing yet is given an empty snapshot to begin it at.
    """
    branch = f"{context.flow}/{context.run}"
    while branch not in iceberg.refs():
        if iceberg.current_snapshot() is None:
            iceberg.append(plain_schema(iceberg.schema().as_arrow()).empty_table())
        start = base(context, str(name), iceberg)["snapshot_id"]
        if start is None or iceberg.snapshot_by_id(start) is None:
            now = iceberg.current_snapshot()
            assert now is not None
            start = now.snapshot_id
        try:
            iceberg.manage_snapshots().create_branch(start, branch).commit()
        except CommitFailedException:  # another task of the run was faster, or another writer
            iceberg.refresh()
    return branch


class _AlreadyWritten(Exception):
    """The branch's history has a snapshot with the write's id."""


class _NotYetWritten(ValidatableTableRequirement):
    """The branch must not have the write `write_id` in its history.

    A requirement is checked against the very metadata that a commit replaces, so that even two
    attempts of a task that run at the same time can't both commit.
    """

    type: Literal["stepwell-not-yet-written"] = "stepwell-not-yet-written"
    write_id: str
    branch: str

    def validate(self, base_metadata: TableMetadata | None) -> None:  # type: ignore[override]
        if base_metadata is not None and written(base_metadata, self.branch, self.write_id):
            raise _AlreadyWritten


def written(metadata: TableMetadata, branch: str, write_id: str) -> Snapshot | None:
    """The last snapshot of a write on a branch: an overwrite makes two, the first without the old rows."""
    history = ancestors_of(metadata.snapshot_by_name(branch), metadata)
    return next((one for one in history if one.summary and one.summary[WRITE_ID] == write_id), None)


def with_row_groups(metadata: TableMetadata, rows: int) -> TableMetadata:
    """The metadata with which so many rows are written: in row groups of a hundredth of them.

    That is, between `_LEAST_ROWS`, below which footers count, and what the table says, which is for large
    ones. Only the files' writer sees it; it is not committed.
    """
    most = int(metadata.properties.get(ROW_GROUP_ROWS) or _MOST_ROWS)
    limit = str(min(most, max(_LEAST_ROWS, -(-rows // _ROW_GROUPS))))
    return metadata.model_copy(update={"properties": {**metadata.properties, ROW_GROUP_ROWS: limit}})


Stage = Callable[[Transaction, str], None]
"""Puts the changes of a write to a branch into a transaction."""


def commit(
    catalog: TableCatalog,
    iceberg: IcebergTable,
    mode: str,
    name: TableName,
    stage: Stage,
    branch: str = MAIN_BRANCH,
    write_id: str | None = None,
) -> Snapshot:
    """Commit what `stage` stages, as often as others are faster; not at all where the write is there."""
    for _ in range(_ATTEMPTS):
        changes = iceberg.transaction()
        try:
            if write_id:
                once = _NotYetWritten(write_id=write_id, branch=branch)
                changes._apply((), (once,))  # type: ignore[arg-type]
            stage(changes, branch)
            commit_in(catalog.turn(), changes)
            break
        except _AlreadyWritten:
            iceberg.refresh()
            break
        except ValidationException:
            # what replaces rows and was outrun would keep others' rows: do it again on top of them
            iceberg.refresh()
        except CommitFailedException as error:
            raise TableError(
                f"{name}: others kept writing the table, this {mode} found no turn: {error}; try again"
            ) from error
    else:
        raise TableError(f"{name}: others wrote the table during each of {_ATTEMPTS} attempts at this {mode}")
    found = written(iceberg.metadata, branch, write_id) if write_id else None
    # an upsert of rows that are there already makes no snapshot
    snapshot = found or iceberg.metadata.snapshot_by_name(branch)
    assert snapshot is not None
    return snapshot


def _stage(rows: pa.Table, wanted: Write, properties: dict[str, str]) -> Stage:
    def stage(transaction: Transaction, branch: str) -> None:
        table = transaction._table
        table.metadata = with_row_groups(table.metadata, rows.num_rows)
        if wanted.mode == "append":
            transaction.append(rows, snapshot_properties=properties, branch=branch)
        elif wanted.mode == "overwrite":
            transaction.overwrite(rows, snapshot_properties=properties, branch=branch)
        elif wanted.mode == "upsert":
            transaction.upsert(rows, list(wanted.keys), snapshot_properties=properties, branch=branch)
        else:
            transaction.dynamic_partition_overwrite(rows, snapshot_properties=properties, branch=branch)

    return stage


def _columns(what: str, given: Any, known: list[str], name: TableName) -> tuple[str, ...]:
    columns = None if isinstance(given, str) else tuple(given)
    if columns is None or len(set(columns)) < len(columns) or not set(columns) <= set(known):
        raise TableError(
            f"{name}: received {what}={given!r}; give a list of columns, each once, of {', '.join(known)}"
        )
    return columns


def _check_keys(rows: pa.Table, wanted: Write, name: TableName) -> None:
    """Raise `TableError` where the rows can't be told apart by their keys."""
    if (wanted.mode == "upsert") != bool(wanted.keys):
        raise TableError(
            f"{name}: received mode={wanted.mode!r} and keys={list(wanted.keys)}; mode='upsert' takes keys, "
            "the columns that say which row is meant, and no other mode does"
        )
    for key in wanted.keys:
        if rows[key].null_count:
            raise TableError(
                f"{name}: column '{key}' has {rows[key].null_count} nulls, and a key has none; fill them, or "
                "leave those rows out"
            )
    if wanted.keys and (twice := rows.num_rows - rows.group_by(list(wanted.keys)).aggregate([]).num_rows):
        raise TableError(
            f"{name}: {twice} rows have the same {', '.join(wanted.keys)} as others of this write; "
            "keep one of each"
        )


def _check_partitions(iceberg: IcebergTable, wanted: Write, name: TableName) -> None:
    """Raise `TableError` where the table is divided otherwise than the write says or needs."""
    schema = iceberg.schema()
    has = tuple(schema.find_column_name(field.source_id) or "" for field in iceberg.spec().fields)
    if wanted.partition_by is not None and wanted.partition_by != has:
        raise TableError(
            f"{name}: received partition_by={list(wanted.partition_by)}, the table is partitioned by "
            f"{', '.join(has) or 'nothing'}, which is decided when it is made: leave it out, or write to "
            "a table of another name"
        )
    if wanted.mode == "replace_partition" and not has:
        raise TableError(
            f"{name}: received mode='replace_partition', and the table has no partitions; make it with "
            "partition_by=[...], or use mode='overwrite'"
        )

"""One write to a table: atomic, repeated when others were faster, and done once per task."""

from __future__ import annotations

from typing import Any, Literal

import pyarrow as pa
from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.table.update import ValidatableTableRequirement

from stepwell.errors import TableError
from stepwell.flow.current import current
from stepwell.tables.arrow import fit, plain_schema, to_arrow
from stepwell.tables.name import TableName
from stepwell.tables.opening import open_catalog
from stepwell.tables.pins import WRITE_ID, record_write, write_properties
from stepwell.tables.reading import Table

_MODES = ("append", "overwrite")
_OVERWRITES = 100


def write(text: str, data: Any, mode: str) -> Table:
    """What `stepwell.write_table` does."""
    name = TableName.parse(text)
    if mode not in _MODES:
        raise TableError(f"{name}: received mode={mode!r}; allowed are {', '.join(map(repr, _MODES))}")
    rows = to_arrow(data, name)
    context = current.task_context
    properties = write_properties(context, name) if context else {}
    catalog = open_catalog()
    iceberg = catalog.load_or_create(name, rows.schema)
    rows = fit(rows, plain_schema(iceberg.schema().as_arrow()), name)
    with catalog.reaching(name):
        snapshot = _commit(iceberg, rows, mode, properties, name)
    if context:
        record_write(context, name, mode, snapshot)
    return Table(name, iceberg, snapshot, catalog)


class _AlreadyWritten(Exception):
    """The table's history has a snapshot with the write's id."""


class _NotYetWritten(ValidatableTableRequirement):
    """The table must not have the write `write_id` in its history.

    A requirement is checked against the very metadata that a commit replaces, so that even two
    attempts of a task that run at the same time can't both commit.
    """

    type: Literal["stepwell-not-yet-written"] = "stepwell-not-yet-written"
    write_id: str

    def validate(self, base_metadata: TableMetadata | None) -> None:  # type: ignore[override]
        if base_metadata is not None and _written(base_metadata, self.write_id):
            raise _AlreadyWritten


def _written(metadata: TableMetadata, write_id: str) -> Snapshot | None:
    """The last snapshot of a write: an overwrite makes two, the first without the old rows."""
    made = [one for one in metadata.snapshots if one.summary and one.summary[WRITE_ID] == write_id]
    return made[-1] if made else None


def _commit(
    iceberg: IcebergTable, rows: pa.Table, mode: str, properties: dict[str, str], name: TableName
) -> Snapshot:
    write_id = properties.get(WRITE_ID)
    for _ in range(_OVERWRITES):
        transaction = iceberg.transaction()
        try:
            if write_id:
                transaction._apply((), (_NotYetWritten(write_id=write_id),))  # type: ignore[arg-type]
            if mode == "append":
                transaction.append(rows, snapshot_properties=properties)
            else:
                transaction.overwrite(rows, snapshot_properties=properties)
            transaction.commit_transaction()
            break
        except _AlreadyWritten:
            iceberg.refresh()
            break
        except ValidationException:
            # an overwrite that others outran would keep their rows: do it again on top of them
            iceberg.refresh()
        except CommitFailedException as error:
            raise TableError(
                f"{name}: others kept writing the table, this {mode} found no turn: {error}; try again"
            ) from error
    else:
        raise TableError(
            f"{name}: others wrote the table during each of {_OVERWRITES} attempts to overwrite it; try again"
        )
    snapshot = _written(iceberg.metadata, write_id) if write_id else iceberg.current_snapshot()
    assert snapshot is not None
    return snapshot

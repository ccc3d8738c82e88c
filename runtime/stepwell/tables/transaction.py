"""Committing to tables that are written often: see ``docs/decisions/0181-a-thousand-commits.md``."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from pyiceberg.table import Transaction
from pyiceberg.table.metadata import TableMetadataV1, TableMetadataV2, TableMetadataV3


def _shallow(self: Any, memo: object = None) -> Any:
    return self.__copy__()


# pyiceberg copies a table's metadata deeply each time that it looks at them, some twenty times for an append,
# with all snapshots; they are frozen, and what they hold is replaced and never changed
for _kind in (TableMetadataV1, TableMetadataV2, TableMetadataV3):
    _kind.__deepcopy__ = _shallow  # type: ignore[method-assign]


def commit_in(turn: AbstractContextManager[None], changes: Transaction) -> None:
    """Commit when it is this writer's turn, upon what others have committed meanwhile.

    Raises:
        CommitFailedException: others were faster, again and again.
        ValidationException: what others have written contradicts the changes.
    """
    with turn:
        staged = changes._table.metadata_location
        if changes._snapshot_producers and changes._table.refresh().metadata_location != staged:
            changes._rebuild_snapshot_updates()
        changes.commit_transaction()

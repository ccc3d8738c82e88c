"""Commits to tables that are written often."""

from __future__ import annotations

import copy
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import stepwell
from stepwell.tables.name import TableName
from stepwell.tables.opening import open_catalog
from stepwell.tables.transaction import commit_in

ROW = pa.table({"n": [1]})


def test_snapshots_are_not_copied(local: Path) -> None:
    """A deep copy of a table's metadata has the very snapshots, and a transaction changes neither."""
    iceberg = stepwell.write_table("facts.often", ROW)._iceberg
    before = iceberg.metadata
    copied = copy.deepcopy(before)
    assert copied is not before and copied.snapshots is before.snapshots
    transaction = iceberg.transaction()
    transaction.append(ROW)
    assert len(transaction.table_metadata.snapshots) == 2
    assert len(before.snapshots) == len(copied.snapshots) == 1


def test_what_was_outrun_is_committed_at_once(local: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer whose turn it is commits upon what others have written since, without an attempt in vain."""
    stepwell.write_table("facts.often", ROW)
    iceberg = open_catalog().load(TableName("facts", "often"))
    attempts, commit_table = [], iceberg.catalog.commit_table

    def counted(*arguments: Any) -> Any:
        attempts.append(arguments)
        return commit_table(*arguments)

    monkeypatch.setattr(iceberg.catalog, "commit_table", counted)
    changes = iceberg.transaction()
    changes.append(ROW)
    stepwell.write_table("facts.often", ROW)
    commit_in(nullcontext(), changes)
    assert stepwell.table("facts.often").rows == 3 and len(attempts) == 1

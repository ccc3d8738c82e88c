"""Runs that write tables: what others see of it, and when; what a run sees that runs again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import stepwell
from stepwell.datastore import Datastore
from stepwell.store.opening import open_store
from stepwell.tables.opening import open_catalog
from tests.support import run_flow, write_flow

HEAD = """
import pyarrow as pa
from stepwell import expect, table, write_table

def positive(table):
    assert table.to_arrow(where="n < 0").num_rows == 0, "there are negative numbers"
"""
BODY = """
add = Parameter("add", default=1)

@step
def start(self):
    self.seen = sorted(table("facts.seen").to_arrow()["n"].to_pylist())
    self.parts = [0, 1]
    self.next(self.part, foreach="parts")

@expect("facts.made", positive)
@step
def part(self):
    if self.input == 1 and os.environ.get("FAIL"):
        raise RuntimeError("no")
    write_table("facts.made", pa.table({"n": [self.add * (self.input + 1)]}))
    self.next(self.join)

@step
def join(self, inputs):
    self.made = sorted(table("facts.made").to_arrow()["n"].to_pylist())
    self.next(self.end)

@step
def end(self):
    print("seen", table("facts.seen").to_arrow()["n"].to_pylist(), "made", self.made)
"""


@pytest.fixture
def flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STEPWELL_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("STEPWELL_ENVIRONMENT", raising=False)
    stepwell.write_table("facts.seen", pa.table({"n": [1]}))
    stepwell.write_table("facts.made", pa.table({"n": [100]}))
    return write_flow(tmp_path, BODY, HEAD)


def numbers(name: str = "facts.made") -> list[int]:
    return sorted(stepwell.table(name).to_arrow()["n"].to_pylist())


def test_published_resumed_and_replayed(flow: Path, tmp_path: Path) -> None:
    """A failed run leaves nothing; resumed, it is published once with what was taken over, on the snapshots
    of its start; replayed, it reads them again and publishes nothing; it says when one has expired."""
    home: Any = tmp_path / "home"
    failed = run_flow(flow, home, "run", "--max-workers=1", FAIL="1")
    assert failed.returncode == 1 and numbers() == [100]
    stepwell.write_table("facts.seen", pa.table({"n": [2]}))
    stepwell.write_table("facts.made", pa.table({"n": [200]}))
    resumed = run_flow(flow, home, "resume")
    assert resumed.returncode == 0, resumed.stderr
    assert "seen [1] made [1, 2, 100]" in resumed.stdout
    assert re.search(r"Published facts.made: 4 rows, snapshot \d+\.", resumed.stdout)
    assert numbers() == [1, 2, 100, 200]
    run = next(Datastore(open_store(str(home)), "user/tester").runs("Made"))
    replayed = run_flow(flow, home, "replay", run)
    assert replayed.returncode == 0, replayed.stderr
    assert "seen [1] made [1, 2, 100]" in replayed.stdout and "Not published" in replayed.stdout
    assert numbers() == [1, 2, 100, 200]
    seen = open_catalog().load(stepwell.tables.name.TableName("facts", "seen"))
    seen.maintenance.expire_snapshots().by_id(seen.history()[0].snapshot_id).commit()
    again = run_flow(flow, home, "replay", run)
    assert again.returncode == 1
    assert re.search(r"run Made/.* has read facts.seen at snapshot \d+, which has expired", again.stderr)


def test_an_expectation_that_is_not_met(flow: Path, tmp_path: Path) -> None:
    """A check that fails fails its step, in one line, and the rows are on the branch alone."""
    done = run_flow(flow, tmp_path / "home", "run", "--add=-1")
    assert done.returncode == 1
    assert "facts.made: what step 'part' left does not pass positive: there are negative" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert numbers() == [100]
    (branch,) = re.findall(r"branch='(Made/[^']+)'", done.stderr)[:1]
    assert stepwell.table("facts.made", branch=branch).to_arrow(where="n < 0").num_rows

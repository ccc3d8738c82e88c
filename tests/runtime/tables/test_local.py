"""What is only so of the tables on this machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

import stepwell
from stepwell.errors import TableError

ROWS = pa.table({"number": [1, 2]})

SIXTEEN_PROCESSES = """
import os, sys
import pyarrow as pa
import pyiceberg.io.pyarrow
import stepwell
import stepwell.tables.local

children = []
for number in range(16):
    if not (child := os.fork()):
        stepwell.write_table("facts.numbers", pa.table({"number": [number]}))
        os._exit(0)
    children.append(child)
sys.exit(any(os.waitpid(child, 0)[1] for child in children))
"""

WRITES = """
import pyarrow as pa
import stepwell

rows = pa.table({"number": [1]})
for mode in ("append", "overwrite"):
    stepwell.write_table("facts.numbers", rows, mode=mode)
stepwell.write_table("facts.numbers", rows.slice(1), mode="overwrite")
stepwell.write_table("facts.numbers", rows, mode="overwrite")
print(stepwell.table("facts.numbers").rows)
"""

PRELOADS = """
import sys, threading
import pyarrow as pa
from stepwell import table, tables, write_table

tables.preload()
assert threading.active_count() == 1, threading.enumerate()
before = set(sys.modules)
write_table("facts.numbers", pa.table({"number": [1]}))
table("facts.numbers").to_arrow(where="number > 0")
late = {name for name in set(sys.modules) - before if name.startswith("pyiceberg.")}
assert late <= {"pyiceberg.avro.decoder_fast"}, late
"""


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-W", "default", "-c", script], capture_output=True, text=True)


def test_it_lies_below_the_home(local: Path) -> None:
    """The catalog and the files of every table lie in STEPWELL_HOME."""
    stepwell.write_table("facts.numbers", ROWS)
    assert (local / "catalog.db").is_file()
    assert list((local / "warehouse/facts/numbers/data").glob("*.parquet"))


def test_sixteen_processes_lose_nothing(local: Path) -> None:
    """Of rows appended by sixteen processes to a catalog not yet made, none is lost, and nobody fails."""
    done = run(SIXTEEN_PROCESSES)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(stepwell.table("facts.numbers").to_arrow()["number"].to_pylist()) == list(range(16))


def test_nothing_is_said_on_the_terminal(local: Path) -> None:
    """What pyiceberg warns of and logs does not reach the user."""
    done = run(WRITES)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


def test_pyiceberg_is_imported_late() -> None:
    """A flow that names the functions but uses no table does not pay for importing pyiceberg."""
    done = run("import sys; from stepwell import table, write_table; sys.exit('pyiceberg' in sys.modules)")
    assert done.returncode == 0


def test_preloading_starts_no_thread(local: Path) -> None:
    """All of pyiceberg that a task needs is there before it is forked, and no thread runs then."""
    done = run(PRELOADS)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_home_that_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A STEPWELL_HOME that can't hold tables is named, with the way out."""
    (tmp_path / "home").write_text("")
    monkeypatch.delenv("STEPWELL_ENVIRONMENT", raising=False)
    monkeypatch.setenv("STEPWELL_HOME", str(tmp_path / "home"))
    with pytest.raises(TableError, match=r"tables can't be kept in .*/home: .*; set STEPWELL_HOME"):
        stepwell.table("facts.numbers")


def test_a_broken_catalog(local: Path) -> None:
    """A catalog that is no database is one line."""
    local.mkdir()
    (local / "catalog.db").write_text("no database at all, but long enough to be read as one" * 40)
    with pytest.raises(TableError, match="file is not a database") as raised:
        stepwell.write_table("facts.numbers", ROWS)
    assert "\n" not in str(raised.value)


def test_files_that_are_gone(local: Path) -> None:
    """Rows whose files are gone are one line that names the table."""
    table = stepwell.write_table("facts.numbers", ROWS)
    shutil.rmtree(local / "warehouse/facts/numbers/data")
    with pytest.raises(TableError, match=r"facts.numbers: .* answered: ") as raised:
        table.to_arrow()
    assert "\n" not in str(raised.value)

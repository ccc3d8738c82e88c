"""Checks of a machine."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from stepwell.doctor import machine
from stepwell.doctor.finding import Finding, Outcome, failed, ok, skipped, warning
from stepwell.errors import AlreadyExists, NotAllowed, StoreError
from stepwell.store.base import Store
from stepwell.store.objects import ObjectStore
from stepwell.tables.local import LocalCatalog

ROOT = Path(__file__).parents[3]
GIB = 1 << 30
GET_NODE = "get 20 or newer from there"


def test_this_python_is_good() -> None:
    """The Python that the tests run on is one that Stepwell runs on."""
    assert machine.python().outcome is Outcome.OK


def test_the_versions_are_those_that_make_asks_for() -> None:
    """The doctor and `.ci/need` name the same oldest versions."""
    wanted = re.findall(r"^need (\w+).*? (\d+) (\d+) \\?$", (ROOT / ".ci/need").read_text(), re.MULTILINE)
    wanted += re.findall(r'^need (Node)\.js .*? (\d+) (\d+) "', (ROOT / ".ci/need").read_text(), re.MULTILINE)
    asked = {name: (int(major), int(minor)) for name, major, minor in wanted}
    assert asked == {"Python": machine.PYTHON, "Node": (*machine.NODE, 0), "Terraform": machine.TERRAFORM}


@pytest.mark.parametrize(
    ("free", "outcome"), [(5 * GIB, Outcome.OK), (GIB, Outcome.WARNING), (GIB // 5, Outcome.FAILED)]
)
def test_free_room(tmp_path: Path, free: int, outcome: Outcome) -> None:
    """Room for few artifacts is a warning, room for none a failure."""
    assert machine.judge_disk(free, tmp_path).outcome is outcome


@pytest.mark.parametrize(
    ("found", "deploys", "finding"),
    [
        ("v20.3.1\n", True, ok("Node.js 20.3.1")),
        ("v18.3.1", True, failed("Node.js 18.3.1", GET_NODE)),
        ("v18.3.1", False, warning("Node.js 18.3.1; only `cdktf deploy` needs it", GET_NODE)),
        (None, True, failed("Node.js is not there", GET_NODE)),
        (None, False, skipped("Node.js is not there; only `cdktf deploy` needs it")),
    ],
)  # fmt: skip
def test_a_tool_is_needed_where_environments_are_deployed(
    found: str | None, deploys: bool, finding: Finding
) -> None:
    """In a folder of cdktf.json a tool that is missing or old is a failure, elsewhere it is none."""
    assert machine.judge_tool("Node.js", found, (20,), deploys, "there") == finding


def test_versions_are_compared_as_numbers() -> None:
    """1.9 is older than 1.10."""
    assert machine.judge_tool("Terraform", "1.9.8", (1, 10), True, "there").outcome is Outcome.FAILED


def test_a_checkouts_cdktf_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cdktf of node_modules is looked at, not one on the path; without any it is not there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.cdktf(tmp_path).outcome is Outcome.SKIPPED
    package = tmp_path / "node_modules/cdktf-cli/package.json"
    package.parent.mkdir(parents=True)
    package.write_text('{"version": "0.21.0"}')
    assert machine.cdktf(tmp_path) == ok("cdktf 0.21.0")


def test_a_tool_that_is_broken_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that fails when asked for its version is as good as none."""
    (tmp_path / "node").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "node").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.node(tmp_path).outcome is Outcome.SKIPPED


def test_a_home_is_written_and_left_as_it_was(stepwell_home: Path) -> None:
    """The probe of the local datastore leaves no object; a home that is not there is not made."""
    assert machine.home() == ok(f"{stepwell_home} is not there yet; the first run makes it")
    assert not stepwell_home.exists()
    stepwell_home.mkdir()
    assert machine.home() == ok(f"{stepwell_home} can be written and read")
    assert [path for path in stepwell_home.rglob("*") if path.is_file()] == []


def test_a_home_that_is_no_folder(stepwell_home: Path) -> None:
    """A file in the place of the home is a failure."""
    stepwell_home.touch()
    assert machine.home().outcome is Outcome.FAILED


def test_local_tables(stepwell_home: Path) -> None:
    """A catalog's tables are counted; there may be none yet; one that is broken is a failure."""
    assert machine.tables() == ok("none yet; the first table makes the catalog")
    LocalCatalog(stepwell_home)
    file = stepwell_home / "catalog.db"
    assert machine.tables() == ok(f"0 tables in {file}")
    with sqlite3.connect(file) as catalog:
        catalog.execute("INSERT INTO iceberg_tables VALUES ('stepwell', 'facts', 'flights', '', '', '')")
    assert machine.tables() == ok(f"1 table in {file}")
    file.write_bytes(b"no database at all" * 100)
    assert machine.tables().outcome is Outcome.FAILED


def test_the_probe_goes_through_every_store(store: Store) -> None:
    """Memory, a folder and S3 take the probe, and nothing of it stays."""
    machine.probe(store, "user/ada")
    assert list(store.list("")) == []


class Overwriting(ObjectStore):
    """A store that takes a conditional put for any other."""

    def put(self, key: str, data: bytes | memoryview, *, if_absent: bool = False) -> None:
        super().put(key, data)


class Forgetful(ObjectStore):
    """A store that gives back something else."""

    def get(self, key: str) -> bytes:
        return b"?"


@pytest.mark.parametrize(
    ("kind", "what"),
    [(Overwriting, "a conditional put overwrote an object"), (Forgetful, "read back with other bytes")],
)
def test_a_store_that_keeps_no_promise_is_found_out(kind: type[ObjectStore], what: str) -> None:
    """A store that overwrites, or returns other bytes, fails the probe, and the probe is deleted."""
    store = kind("memory://", MemoryStore())
    with pytest.raises(StoreError, match=what) as caught:
        machine.probe(store, "user/ada")
    assert not isinstance(caught.value, AlreadyExists | NotAllowed)
    assert list(store.list("")) == []

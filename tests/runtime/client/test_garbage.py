"""What `stepwell gc` removes, and what it never does."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from stepwell.artifacts.codec import encode
from stepwell.artifacts.manifest import Manifest
from stepwell.cli.main import group
from stepwell.client.garbage import Garbage, Keep, find, remove
from stepwell.datastore import Datastore, RunInfo, utc_now
from stepwell.flow.graph import TaskId
from stepwell.store.opening import open_store

LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def datastore(tmp_path: Path) -> Datastore:
    return Datastore(open_store(str(tmp_path)), "user/ada")


def run(
    datastore: Datastore, id: str, *values: bytes, origin: str | None = None, done: bool = True, tag: str = ""
) -> list[str]:
    """Make a run with one task; the keys of its objects."""
    number = int(id.removeprefix("r"))
    started = utc_now() + timedelta(seconds=number)
    info = RunInfo("Load", id, datastore.namespace, "ada", started, "local", origin=origin)
    datastore.claim_run(info)
    rows = {
        f"x{n}": encode(f"x{n}", value, where="", store=datastore.store, namespace=datastore.namespace)
        for n, value in enumerate(values)
    }
    datastore.commit("Load", id, TaskId("end" if done else "start", "0"), Manifest({"flow": "Load"}, rows))
    if tag:
        datastore.add_tags("Load", id, [tag])
    return [row.object or "" for row in rows.values()]


def collect(datastore: Datastore, **keep: object) -> Garbage:
    found = find(
        datastore, Keep(**{"after": LATER, "newest": 1, "tags": frozenset(), "production": True, **keep})
    )  # type: ignore[arg-type]
    remove(datastore, found)
    return found


def left(datastore: Datastore) -> list[str]:
    return sorted(datastore.runs("Load"))


def test_shared_objects_stay(datastore: Datastore) -> None:
    """Of an old run its own objects go, and what another run refers to stays readable."""
    own, shared = os.urandom(100_000), os.urandom(100_000)
    first, common = run(datastore, "r1", own, shared)
    run(datastore, "r2", shared, b"small")
    found = collect(datastore)
    assert [(one.run, one.stays) for one in found.runs] == [("r2", "one of the newest 1"), ("r1", "")]
    assert found.objects == {first: pytest.approx(100_000, rel=0.5)}
    assert left(datastore) == ["r2"]
    assert not datastore.store.exists(first) and datastore.store.exists(common)
    (manifest,) = datastore.load("Load", "r2", [TaskId("end", "0")])
    assert datastore.data(manifest).x0 == shared
    assert collect(datastore).objects == {}


def test_what_stays(datastore: Datastore) -> None:
    """Runs stay by tag, by age, as the newest of their flow, and where a run that stays resumes them."""
    run(datastore, "r1")
    run(datastore, "r2")
    run(datastore, "r3", origin="r2")
    run(datastore, "r4", tag="best")
    run(datastore, "r5", origin="r3")
    found = find(datastore, Keep(LATER, 1, frozenset({"best"}), True))
    assert {one.run: one.stays for one in found.runs} == {
        "r5": "one of the newest 1",
        "r4": "tagged best",
        "r3": "r5 resumes it",
        "r2": "r3 resumes it",
        "r1": "",
    }
    yesterday = datetime.now(UTC) - timedelta(days=1)
    assert {one.stays for one in find(datastore, Keep(yesterday, 0, frozenset(), True)).runs} == {"young"}


def test_production_stays_unless_said(tmp_path: Path) -> None:
    """All of a project's production stays, unless one asks for it."""
    datastore = Datastore(open_store(str(tmp_path)), "project/flights/prod")
    run(datastore, "r1")
    run(datastore, "r2")
    assert {one.stays for one in collect(datastore).runs} == {"production"}
    collect(datastore, production=False)
    assert left(datastore) == ["r2"]


def test_objects_stay_while_a_run_goes_on(datastore: Datastore) -> None:
    """A run that goes on may be about to refer to an object that is there: then none is removed."""
    (own,) = run(datastore, "r1", os.urandom(100_000))
    run(datastore, "r2", done=False)
    found = collect(datastore, newest=0)
    assert found.busy == ["Load/r2"] and own in found.objects
    assert left(datastore) == ["r2"]
    assert datastore.store.exists(own)


def test_the_command(datastore: Datastore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`gc --dry-run` says what `gc` then does."""
    for number in range(7):
        run(datastore, f"r{number}", os.urandom(100_000), tag="keep" if number == 1 else "")
    monkeypatch.setenv("STEPWELL_USER", "ada")
    options = ["gc", "--older-than", "0", "--datastore", str(tmp_path)]
    dry = CliRunner().invoke(group, [*options, "--dry-run"], catch_exceptions=False).output
    assert "1 of 7 runs would be removed" in dry and "1 objects that no other run refers to would be" in dry
    assert len(left(datastore)) == 7
    done = CliRunner().invoke(group, options, catch_exceptions=False).output
    assert done == dry.replace("would be", "were")
    assert left(datastore) == ["r1", "r2", "r3", "r4", "r5", "r6"]

"""Tags of runs: what people added stays, whoever else adds at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from stepwell import Flow, Run
from stepwell.datastore import Datastore, RunInfo, run_of
from stepwell.errors import NoSuchObject, UsageError
from stepwell.store.base import Store
from tests.runtime.client.support import NOON, claim

ODD = ["a/b", "..", ".", "#1", "100%", "50%25", "Überprüft", "model:v2.1", "two words", "日本", "a=b@c+d,e"]


@pytest.fixture
def datastore(store: Store) -> Datastore:
    """Three runs of the flow Train: a, b and the newest, c."""
    datastore = Datastore(store, "user/ada")
    for number, run in enumerate("abc"):
        started = NOON + timedelta(hours=number)
        datastore.claim_run(RunInfo("Train", run, "user/ada", "ada", started, "local"))
    return datastore


def test_a_tag_is_what_was_added(datastore: Datastore) -> None:
    """Any one-line text comes back as it was, on every store."""
    datastore.add_tags("Train", "a", ODD)
    assert datastore.tags("Train", "a") == set(ODD)
    assert datastore.tags("Train", "b") == set()


def test_adding_and_removing_are_done_once(datastore: Datastore) -> None:
    """A tag added twice is there once, one removed twice is gone, and the others stay."""
    datastore.add_tags("Train", "a", ["x", "y"])
    datastore.add_tags("Train", "a", ["x"])
    datastore.remove_tags("Train", "a", ["x"])
    datastore.remove_tags("Train", "a", ["x", "never there"])
    assert datastore.tags("Train", "a") == {"y"}


def test_many_people_tag_a_run_at_once(datastore: Datastore) -> None:
    """Of forty tags that are added at the same time none is lost."""
    tags = [f"tag {number}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda tag: datastore.add_tags("Train", "a", [tag]), tags))
    assert datastore.tags("Train", "a") == set(tags)


def test_entries_of_a_tag_are_newest_first(datastore: Datastore) -> None:
    """The runs that have a tag, or had it once, are listed newest first, whenever they were tagged."""
    for run in "acb":
        datastore.add_tags("Train", run, ["best"])
    datastore.remove_tags("Train", "b", ["best"])
    assert [run_of(entry) for entry in datastore.entries("Train", "best")] == ["c", "b", "a"]
    assert list(datastore.entries("Train", "none")) == []


@pytest.mark.parametrize("tag", ["user:ada", "user:bob", "runtime:x", "date:2026-11-23"])
def test_system_tags_are_derived(datastore: Datastore, tag: str) -> None:
    """System tags come from what a run is; adding or removing one is refused, with all that came with it."""
    info = datastore.run_info("Train", "a")
    assert info.system_tags == {"user:ada", "runtime:local", "date:2026-11-23"}
    datastore.add_tags("Train", "a", ["mine"])
    for change in (datastore.add_tags, datastore.remove_tags):
        with pytest.raises(UsageError, match=f"Train/a: received the tag '{tag}'; tags that begin with"):
            change("Train", "a", ["mine", "other", tag])
    assert datastore.tags("Train", "a") == {"mine"}


@pytest.mark.parametrize("tag", ["", " ", "two\nlines", "x" * 201, "日" * 23, "\ud800"])
def test_bad_tags(datastore: Datastore, tag: str) -> None:
    """A tag that is blank, of several lines or too long is refused, and no other one is added with it."""
    with pytest.raises(UsageError, match="tag: received ") as caught:
        datastore.add_tags("Train", "a", ["good", tag])
    assert "\n" not in str(caught.value)
    assert datastore.tags("Train", "a") == set()


def test_only_runs_have_tags(datastore: Datastore) -> None:
    """Tagging a run that is not there is refused and leaves nothing."""
    for change in (datastore.add_tags, datastore.remove_tags):
        with pytest.raises(NoSuchObject, match="Train/z"):
            change("Train", "z", ["x"])
    assert datastore.tags("Train", "z") == set()


def test_tags_of_a_run(ada: Datastore) -> None:
    """The client adds, removes and replaces tags, one or several, and tells them from the system's."""
    claim(ada, "one")
    run = Run("Train/one")
    run.add_tag("x")
    run.add_tag(["y", "z"])
    run.remove_tag("x")
    assert run.user_tags == {"y", "z"}
    run.replace_tag(["y", "z"], ["w", "z"])
    assert run.user_tags == {"w", "z"}
    assert run.tags == {"w", "z", "user:ada", "runtime:local", "date:2026-11-23"}


def test_runs_by_tag(ada: Datastore) -> None:
    """Runs are found by all of several tags, the system's as well, newest first."""
    for hours, run in enumerate("abcd"):
        claim(ada, run, hours, runtime="local" if run < "d" else "step-functions")
    for run in "acd":
        Run(f"Train/{run}").add_tag(["x"] if run == "c" else ["x", "y"])
    flow = Flow("Train")
    assert [run.id for run in flow.runs("x")] == ["d", "c", "a"]
    assert [run.id for run in flow.runs("x", "y")] == ["d", "a"]
    assert [run.id for run in flow.runs("runtime:local")] == ["c", "b", "a"]
    assert [run.id for run in flow.runs("y", "runtime:local", "user:ada")] == ["a"]
    flow["a"].remove_tag("x")
    assert [run.id for run in flow.runs("x")] == ["d", "c"]
    assert list(flow.runs("none")) == []

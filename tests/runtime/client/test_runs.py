"""The newest runs over all flows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from stepwell.client import runs
from stepwell.client.runs import RunList, locate
from stepwell.datastore import Datastore, RunInfo
from stepwell.errors import NoSuchObject, UsageError
from stepwell.store.opening import open_store
from tests.runtime.client.support import NOON, claim, finish
from tests.runtime.conftest import S3


def other(datastore: Datastore, run: str, hours: int, flow: str = "Clean") -> None:
    info = RunInfo(flow, run, datastore.namespace, "bob", NOON + timedelta(hours=hours), "step-functions")
    datastore.claim_run(info)


@pytest.fixture
def some(ada: Datastore) -> Datastore:
    """Five runs of two flows, in turn: the newest of them run, the others have ended."""
    claim(ada, "t0", 0)
    finish(ada, "t0", "end/0", minute=3)
    other(ada, "c1", 1)
    ada.end_run("Clean", "c1")
    claim(ada, "t2", 2)
    ada.add_tags("Train", "t2", ["best", "a b"])
    other(ada, "c3", 3)
    claim(ada, "t4", 4)
    return ada


def ids(page: runs.RunPage) -> list[str]:
    return [one.run for one in page.runs]


def test_runs_of_all_flows_newest_first(some: Datastore) -> None:
    """Runs of all flows are merged by their time, with their status, times, tags and who ran them."""
    page = RunList(some).newest(10)
    assert ids(page) == ["t4", "c3", "t2", "c1", "t0"] and page.more is None
    assert [one.status for one in page.runs] == ["running", "running", "running", "failed", "succeeded"]
    assert (page.runs[2].tags, page.runs[1].user, page.runs[1].runtime) == (
        ("a b", "best"),
        "bob",
        "step-functions",
    )
    assert page.runs[4].ended == NOON + timedelta(minutes=3, seconds=30)
    assert page.runs[3].ended == some.run_ended("Clean", "c1") and page.runs[0].ended is None


def test_some_runs(some: Datastore) -> None:
    """Runs are limited in number, to flows, to a status, and to what comes after a page."""
    found = RunList(some)
    first = found.newest(2)
    assert ids(first) == ["t4", "c3"]
    second = found.newest(2, after=first.more or "")
    assert ids(second) == ["t2", "c1"]
    assert (ids(found.newest(2, after=second.more or "")), found.newest(2, after=second.more or "").more) == (
        ["t0"],
        None,
    )
    assert ids(found.newest(9, ["Clean"])) == ["c3", "c1"]
    assert ids(found.newest(9, ["Nothing"])) == []
    assert ids(found.newest(9, status="succeeded")) == ["t0"]
    assert ids(found.newest(1, status="running")) == ["t4"]
    assert ids(found.newest(1, status="running", after=found.newest(1, status="running").more or "")) == [
        "c3"
    ]


def test_only_so_many_are_looked_at(some: Datastore, monkeypatch: pytest.MonkeyPatch) -> None:
    """For runs with a status so many are looked at, at most; that there are more is said."""
    monkeypatch.setattr(runs, "MOST_LOOKED_AT", 3)
    page = RunList(some).newest(9, status="succeeded")
    assert ids(page) == [] and page.more is not None
    assert ids(RunList(some).newest(9, status="succeeded", after=page.more)) == ["t0"]


def test_a_run_that_was_ended_elsewhere_has_failed(some: Datastore) -> None:
    """A run that runs as far as the datastore knows has failed where Step Functions says so."""
    found = RunList(some, lambda info: "aborted" if info.run == "c3" else None)
    assert {one.run: one.status for one in found.newest(9).runs}["c3"] == "failed"


def test_what_has_ended_is_not_read_again(s3: S3) -> None:
    """A page costs a request for the flows, one for each flow and at most four a run; once a run has ended
    nothing is asked of it for a while."""
    ada = Datastore(open_store(f"s3://{s3.new_bucket()}"), "user/ada")
    for hour in range(6):
        other(ada, f"c{hour}", hour)
        claim(ada, f"t{hour}", hour)
        finish(ada, f"t{hour}", "end/0")
    s3.requests.clear()
    found = RunList(ada)
    assert len(found.newest(4).runs) == 4
    assert len(s3.requests) <= 1 + 2 + 4 * 4
    s3.requests.clear()
    found.newest(4)
    assert len(s3.requests) <= 1 + 2 + 2 * 4


def test_a_run_is_found_by_its_id(some: Datastore) -> None:
    """A run is found by Flow/run, by its id alone, or as the newest; it may be triggered only."""
    assert locate(some, "Train/t2") == ("Train", "t2")
    assert locate(some, "c1") == ("Clean", "c1")
    assert locate(some, None) == ("Train", "t4")
    some.put_parameters("Clean", "sfn-new", {})
    assert locate(some, "sfn-new") == ("Clean", "sfn-new")
    claim(some, "c1", 9)
    with pytest.raises(UsageError, match=r"received 'c1', which Clean and Train have; name one: Clean/c1"):
        locate(some, "c1")


@pytest.mark.parametrize(
    ("pathspec", "kind", "message"),
    [
        ("Train/t22", NoSuchObject, "run Train/t22 is not in namespace 'user/ada'.*did you mean 't2'"),
        ("nothing-like-it", NoSuchObject, "list the runs there with `stepwell runs`"),
        ("a/b/c", UsageError, "RUN: received 'a/b/c'; it must be Flow/run, or the run's id"),
        ("/", UsageError, "it must be Flow/run"),
    ],
)
def test_a_run_that_is_not_there(some: Datastore, pathspec: str, kind: type[Exception], message: str) -> None:
    """A run that is not there is refused in one line with the way out."""
    with pytest.raises(kind, match=message):
        locate(some, pathspec)


def test_nothing_has_run(ada: Datastore) -> None:
    """Where nothing has run, the list is empty, and there is no newest run."""
    assert RunList(ada).newest(5) == ([], None)
    with pytest.raises(NoSuchObject, match="no flow has run in namespace 'user/ada'"):
        locate(ada, None)

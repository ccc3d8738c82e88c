"""One run, looked at again and again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from stepwell import Run
from stepwell.client import following
from stepwell.client.following import Follower, Span, pause
from stepwell.client.reader import RunReader
from stepwell.client.runs import RunList
from stepwell.datastore import Datastore, RunInfo
from stepwell.flow.document import to_document
from stepwell.flow.graph import Graph, Step, TaskId
from stepwell.logs import LogBook
from stepwell.store.opening import open_store
from tests.runtime.client.support import NOON, claim, fail, finish
from tests.runtime.conftest import S3

GRAPH = Graph(
    "Train",
    [
        Step("start", "foreach", ("fit",), foreach="xs"),
        Step("fit", "linear", ("join",)),
        Step("join", "linear", ("end",), takes_inputs=True),
        Step("end", "end"),
    ],
)


def begun(datastore: Datastore, items: int, **more: object) -> Follower:
    """A run whose foreach has said how many items it has."""
    claim(datastore, "one", graph=to_document(GRAPH))
    finish(datastore, "one", "start/0", foreach={"name": "xs", "splits": items}, switch=None)
    return Follower(RunReader(datastore, "Train", "one", False), **more)  # type: ignore[arg-type]


def test_a_run_is_followed_to_its_end(ada: Datastore) -> None:
    """Each look shows what has been done since, and the last one that the run has succeeded, and when."""
    follower = begun(ada, 3)
    look = follower.look()
    assert (look.status, look.ended, dict(look.progress.steps["fit"].counts)) == (
        "running",
        None,
        {"waiting": 3},
    )
    finish(ada, "one", "fit/0-0", minute=1)
    ada.put_log("Train", "one", TaskId("fit", "0-1"), 0, LogBook(NOON).to_bytes())
    look = follower.look()
    assert dict(look.progress.steps["fit"].counts) == {"done": 1, "running": 1, "waiting": 1}
    for task in ("fit/0-1", "fit/0-2", "join/0", "end/0"):
        finish(ada, "one", task, minute=2)
    look = follower.look()
    assert (look.status, look.ended) == ("succeeded", NOON + timedelta(minutes=2, seconds=30))


def test_a_run_that_failed(ada: Datastore) -> None:
    """A run that was ended says so, and its failures are told, the first one first."""
    follower = begun(ada, 3)
    fail(ada, "one", "fit/0-1", attempt=1, reason="second")
    fail(ada, "one", "fit/0-0", attempt=0, reason="first")
    ada.end_run("Train", "one")
    look = follower.look()
    assert (look.status, look.reason, look.progress.steps["fit"].items) == ("failed", None, 3)
    assert [failure.reason for failure in follower.failures(look, 5)] == ["first", "second"]
    assert len(follower.failures(look, 1)) == 1


def test_a_run_that_was_ended_elsewhere(ada: Datastore) -> None:
    """What the datastore does not know is asked elsewhere, of a run that has not ended in it only."""
    asked: list[RunInfo] = []

    def elsewhere(info: RunInfo) -> str:
        asked.append(info)
        return "its execution was aborted"

    follower = begun(ada, 3, elsewhere=elsewhere)
    look = follower.look()
    assert (look.status, look.ended, look.reason) == ("failed", None, "its execution was aborted")
    assert asked == [follower.reader.info]
    ada.end_run("Train", "one")
    assert follower.look().reason is None and len(asked) == 1


def test_when_tasks_ran(ada: Datastore) -> None:
    """Of tasks that are done, run or failed it is known when they began; of those that wait it is not."""
    follower = begun(ada, 4)
    finish(ada, "one", "fit/0-0", minute=1)
    running, failed = TaskId("fit", "0-1"), TaskId("fit", "0-2")
    ada.put_log("Train", "one", running, 0, LogBook(NOON + timedelta(minutes=2)).to_bytes())
    ada.put_log("Train", "one", failed, 0, LogBook(NOON).to_bytes())
    fail(ada, "one", "fit/0-2")
    look = follower.look()
    tasks = [TaskId("fit", f"0-{index}") for index in range(4)]
    assert follower.spans(look, tasks) == {
        tasks[0]: Span(NOON + timedelta(minutes=1), NOON + timedelta(minutes=1, seconds=30)),
        running: Span(NOON + timedelta(minutes=2), None),
        failed: Span(NOON, NOON),
    }
    finish(ada, "one", "fit/0-1", minute=2)
    assert follower.spans(follower.look(), tasks)[running].ended == NOON + timedelta(minutes=2, seconds=30)


def test_decisions_come_in_portions(ada: Datastore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look reads so many manifests at most; what follows from the others is told by the next looks."""
    monkeypatch.setattr(following, "MOST_DECISIONS", 2)
    nested = Graph(
        "Train",
        [
            Step("start", "foreach", ("split",), foreach="xs"),
            Step("split", "foreach", ("fit",), foreach="ys"),
            Step("fit", "linear", ("join",)),
            Step("join", "linear", ("joins",), takes_inputs=True),
            Step("joins", "linear", ("end",), takes_inputs=True),
            Step("end", "end"),
        ],
    )
    claim(ada, "one", graph=to_document(nested))
    finish(ada, "one", "start/0", foreach={"name": "xs", "splits": 4}, switch=None)
    for index in range(4):
        finish(ada, "one", f"split/0-{index}", foreach={"name": "ys", "splits": 5}, switch=None)
    follower = Follower(RunReader(ada, "Train", "one", False))
    found = [follower.look().progress for _ in range(3)]
    assert [len(progress.undecided) for progress in found] == [3, 1, 0]
    assert [(one.steps["fit"].items, one.steps["fit"].grows) for one in found] == [
        (5, True), (15, True), (20, False),
    ]  # fmt: skip


def test_requests_of_a_wide_run(s3: S3) -> None:
    """A look at a run of 1,500 tasks on S3 costs its listing, two requests to know whether it is over and,
    once, the manifest that says how many items there are."""
    ada = Datastore(open_store(f"s3://{s3.new_bucket()}"), "user/ada")
    follower = begun(ada, 2000)
    for index in range(1500):
        ada.put_log("Train", "one", TaskId("fit", f"0-{index}"), 0, b"")
    s3.requests.clear()
    look = follower.look()
    assert dict(look.progress.steps["fit"].counts) == {"running": 1500, "waiting": 500}
    assert len(s3.requests) <= 2 + 1 + 2  # with run.json, for the graph
    s3.requests.clear()
    follower.look()
    assert len(s3.requests) <= 2 + 1


@pytest.mark.parametrize(
    ("cost", "quiet", "seconds"), [(0, 0, 1), (0.5, 0, 5), (0, 100, 10), (9, 0, 30), (0, 10_000, 30)]
)
def test_pauses_follow_the_cost_and_the_quiet(cost: float, quiet: float, seconds: float) -> None:
    """A look that is dear, or a run in which nothing changes, is repeated more seldom, and within 30 s."""
    assert pause(cost, quiet) == pytest.approx(seconds)


def test_tasks_that_were_taken_over_did_not_run(ada: Datastore) -> None:
    """A task that was taken over has no time of its own, and a run all of whose tasks were ended when they
    were taken over, not before it began."""
    follower = begun(ada, 1)
    for task in ("fit/0-0", "join/0", "end/0"):
        finish(ada, "one", task, taken_from="Train/old/" + task)
    look = follower.look()
    fit = TaskId("fit", "0-0")
    assert follower.spans(look, [fit, TaskId("start", "0")]).keys() == {TaskId("start", "0")}
    assert follower.is_taken_over(fit) and not follower.is_taken_over(TaskId("start", "0"))
    (written,) = [file.modified for file in look.files[TaskId("end", "0")]]
    assert (look.status, look.ended) == ("succeeded", written)
    assert RunList(ada).newest(1).runs[0].ended == Run("Train/one").finished_at == written

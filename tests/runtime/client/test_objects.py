"""From a flow to its runs, steps, tasks and artifacts, and back by pathspec."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest

from stepwell import DataArtifact, Flow, Run, Step, Task
from stepwell.datastore import Datastore
from stepwell.errors import NoSuchObject, UsageError
from stepwell.flow.graph import TaskId
from tests.runtime.client.support import NOON, claim, fail, finish, finished_run


@pytest.fixture
def run(ada: Datastore) -> Run:
    finished_run(ada, "one")
    return Run("Train/one")


def test_every_object_is_found_by_its_pathspec(run: Run) -> None:
    """What an object's pathspec is leads to it again, and prints as it would be typed."""
    for step in run:
        assert Step(step.pathspec).pathspec == step.pathspec
        for task in step:
            assert repr(Task(task.pathspec)) == f"Task('{task.pathspec}')"
            for artifact in task:
                assert DataArtifact(artifact.pathspec).data == getattr(task.data, artifact.id)
    assert repr(run) == "Run('Train/one')"


def test_run_walks_in_order(run: Run) -> None:
    """Steps come by when they began, tasks by their foreach indices, artifacts by name."""
    assert [step.id for step in run] == ["start", "fit", "end"]
    assert [task.id for task in run["fit"]] == ["0-0", "0-1"]
    assert [artifact.id for artifact in run["fit"]["0-1"]] == ["model", "score"]
    assert run["fit"].task.id == "0-0"
    assert run.data.best == 1


def test_tasks_are_ordered_by_number(ada: Datastore) -> None:
    """The tenth task of a foreach comes after the ninth."""
    claim(ada, "one")
    for index in (10, 9, 1):
        finish(ada, "one", f"fit/0-{index}", index=[index])
    assert [task.index for task in Step("Train/one/fit")] == [1, 9, 10]
    assert [task.id for task in Step("Train/one/fit")] == ["0-1", "0-9", "0-10"]


def test_artifacts_are_known_before_they_are_loaded(ada: Datastore) -> None:
    """Type, rows, shape, hash and single columns of an artifact are read without its value."""
    table = pa.table({"carrier": ["UA", "AA"], "delay": [3, 70]})
    claim(ada, "one")
    finish(ada, "one", "end/0", {"table": table, "alpha": 3})
    artifact = DataArtifact("Train/one/end/0/table")
    assert (artifact.id, artifact.type, artifact.rows, artifact.shape) == (
        "table",
        "pyarrow.Table",
        2,
        (2, 2),
    )
    assert artifact.sha256 == Task("Train/one/end/0")["table"].sha256
    wanted = artifact.table(columns=["carrier"], where=[("delay", ">", 60)])
    assert wanted.to_pylist() == [{"carrier": "AA"}]
    assert artifact.data.equals(table)
    assert artifact.created_at == NOON + timedelta(seconds=30)
    assert "alpha" in Task("Train/one/end/0") and "beta" not in Task("Train/one/end/0")
    assert repr(Task("Train/one/end/0")["alpha"]) == "<Artifact alpha: int, 1 bytes of json>"


def test_parents_and_children(run: Run) -> None:
    """A task knows the tasks before it and after it, across a foreach and its join."""
    start, fit, end = run["start"].task, run["fit"]["0-1"], run["end"].task
    assert [task.pathspec for task in start.child_tasks] == ["Train/one/fit/0-0", "Train/one/fit/0-1"]
    assert [task.pathspec for task in fit.parent_tasks] == ["Train/one/start/0"]
    assert [task.pathspec for task in fit.child_tasks] == ["Train/one/end/0"]
    assert [task.id for task in end.parent_tasks] == ["0-0", "0-1"]
    assert (start.parent_tasks, end.child_tasks) == ([], [])


def test_facts_of_a_task(run: Run) -> None:
    """A finished task tells when it ran, its foreach index, and what its manifest holds."""
    task = run["fit"]["0-1"]
    assert task.created_at == NOON + timedelta(minutes=2)
    assert task.finished_at == NOON + timedelta(minutes=2, seconds=30)
    assert (task.index, run["start"].task.index) == (1, None)
    assert task.metadata_dict["parents"] == ["start/0"]
    assert task.successful and task.finished and task.exception is None
    assert run.finished_at == run["end"].task.finished_at


def test_what_a_task_printed(ada: Datastore, run: Run) -> None:
    """The log of the last attempt is read by stream, as text or as lines with their times."""
    at = NOON.isoformat(timespec="milliseconds")
    task = TaskId("fit", "0-0")
    ada.put_log("Train", "one", task, 0, f"{at} o first attempt\n".encode())
    ada.put_log("Train", "one", task, 1, f"{at} o hello  you\n{at} e oops\n{at} o \n".encode())
    found = run["fit"]["0-0"]
    assert (found.stdout, found.stderr) == ("hello  you\n\n", "oops\n")
    assert list(found.loglines()) == [(NOON, "hello  you"), (NOON, "")]
    assert list(found.loglines("stderr")) == [(NOON, "oops")]
    assert run["fit"]["0-1"].stdout == ""


def test_a_failed_run(ada: Datastore) -> None:
    """A failed run says why, and its failed task is found though it has no artifacts."""
    claim(ada, "one")
    finish(ada, "one", "start/0")
    fail(ada, "one", "fit/0")
    fail(ada, "one", "fit/0", attempt=1, reason="KeyError: 'y'")
    run = Run("Train/one")
    assert [step.id for step in run] == ["start", "fit"]
    task = run["fit"].task
    assert task.exception is not None and task.exception.reason == "KeyError: 'y'"
    assert task.finished and not task.successful
    assert [failure.attempt for failure in run.failures] == [0, 1]
    assert run.finished and not run.successful
    assert run.finished_at == NOON + timedelta(minutes=1)
    for ask in (lambda: task.data, lambda: run.data, lambda: task["x"]):
        with pytest.raises(NoSuchObject, match="is not done, so it has no artifacts"):
            ask()


def test_a_run_in_progress_is_never_stale(ada: Datastore) -> None:
    """One and the same object shows what a running run has done since it was last asked."""
    claim(ada, "one")
    finish(ada, "one", "start/0")
    run = Run("Train/one")
    assert [step.id for step in run] == ["start"]
    assert (run.finished_at, run.successful, run.finished) == (None, False, False)
    finish(ada, "one", "fit/0", minute=1)
    assert [step.id for step in run] == ["start", "fit"]
    finish(ada, "one", "end/0", minute=2)
    assert [step.id for step in run] == ["start", "fit", "end"]
    assert run.successful
    ada.put_log("Train", "one", TaskId("end", "0"), 0, f"{NOON.isoformat()} o late\n".encode())
    assert run["end"].task.stdout == "late\n"


def test_newest_runs_come_first(ada: Datastore) -> None:
    """Runs are listed newest first, and the newest successful one is found behind failed ones."""
    finished_run(ada, "good", hours=1)
    claim(ada, "old", hours=0)
    claim(ada, "bad", hours=2)
    fail(ada, "bad", "start/0")
    flow = Flow("Train")
    assert [run.id for run in flow] == ["bad", "good", "old"]
    assert (flow.latest_run.id, flow.latest_successful_run.id, flow["old"].id) == ("bad", "good", "old")


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: Flow("Trian"), "flow 'Trian' has no runs.*did you mean 'Train'.*flows there: Train"),
        (lambda: Run("Train/two-20261"), "run Train/two-20261 is not in .*did you mean 'one-20261'"),
        (lambda: Flow("Train")["x"], "run Train/x is not in .*newest run is one-20261"),
        (lambda: Run("Trian/one"), "flow 'Trian' has no runs.*did you mean 'Train'"),
        (lambda: Step("Train/one-20261/fti"), "no task of step 'fti'; did you mean 'fit'.*: end, fit, start"),
        (lambda: Run("Train/one-20261")["x"], "no task of step 'x'; steps with tasks: end, fit, start"),
        (lambda: Task("Train/one-20261/fit/0-2"), "has no task '0-2'; did you mean '0-.'.*it has 0-0, 0-1"),
        (lambda: Task("Train/one-20261/fti/0"), "no task of step 'fti'; did you mean 'fit'"),
        (
            lambda: DataArtifact("Train/one-20261/fit/0-0/modle"),
            "no artifact 'modle'; did you mean 'model'.*it has model, score",
        ),
    ],
)
def test_what_is_not_there(ada: Datastore, ask: Callable[[], Any], message: str) -> None:
    """What isn't there is refused in one line with the nearest name there is."""
    finished_run(ada, "one-20261")
    with pytest.raises(NoSuchObject, match=message) as caught:
        ask()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "pathspec"),
    [(Run, "Train"), (Run, "a/b/c"), (Step, "a/b"), (Task, "a//b/c"), (DataArtifact, "")],
)
def test_pathspecs_of_another_form(home: object, kind: type[Run], pathspec: str) -> None:
    """A pathspec with too few or too many parts is refused with the form it must have."""
    with pytest.raises(UsageError, match=f"pathspec: received '{pathspec}'; it must be Flow/run"):
        kind(pathspec)


def test_works_in_a_running_event_loop(run: Run) -> None:
    """A notebook's cell runs inside an event loop: the client works there as everywhere."""

    async def cell() -> Any:
        return Flow("Train").latest_successful_run["fit"]["0-1"].data.score

    assert asyncio.run(cell()) == 1.5

"""From a flow to its runs, steps, tasks and artifacts, and back by pathspec."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest

from stepwell import DataArtifact, Flow, Metaflow, Run, Step, Task
from stepwell.client.following import Follower
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
    ada.end_run("Train", "one")
    run = Run("Train/one")
    assert [step.id for step in run] == ["start", "fit"]
    task = run["fit"].task
    assert task.exception is not None and task.exception.reason == "KeyError: 'y'"
    assert task.finished and not task.successful
    assert [failure.attempt for failure in run.failures] == [0, 1]
    assert run.finished and not run.successful
    assert run.finished_at is not None and task.finished_at == NOON + timedelta(minutes=1)
    assert run["fit"].finished_at == task.finished_at and task.created_at is None and run.end_task is None
    for ask in (lambda: task.data, lambda: run.data, lambda: task["x"]):
        with pytest.raises(NoSuchObject, match="is not done, so it has no artifacts"):
            ask()


def test_a_task_that_died_without_a_word(ada: Datastore) -> None:
    """What the state machine left of a task explains its last attempt, unless the task did so itself."""
    claim(ada, "one")
    fail(ada, "one", "start/0")
    died = "flows/Train/runs/one/tasks/start/0/died.json"
    variables = [{"Name": "STEPWELL_ATTEMPT", "Value": "1"}]
    cause = {"JobId": "j1", "Container": {"ExitCode": 137, "Environment": variables}}
    said = {"Error": "States.TaskFailed", "Cause": json.dumps(cause)}
    ada.store.put(f"ns/{ada.namespace}/{died}", json.dumps(said).encode())
    ada.end_run("Train", "one")
    task = Run("Train/one")["start"].task
    assert [(one.attempt, one.reason[:36]) for one in Run("Train/one").failures] == [
        (0, "KeyError: 'x'"), (1, "its Batch job j1 ended: the containe"),
    ]  # fmt: skip
    assert task.exception is not None and "killed by SIGKILL" in task.exception.reason
    fail(ada, "one", "start/0", attempt=1, reason="MemoryError")
    assert [one.reason for one in Run("Train/one").failures] == ["KeyError: 'x'", "MemoryError"]


def test_a_job_that_died_when_its_task_was_done(ada: Datastore) -> None:
    """Where a job was killed behind its task's last word the run says so, as who follows it does."""
    claim(ada, "one")
    fail(ada, "one", "start/0")
    finish(ada, "one", "start/0")
    assert Run("Train/one").failures == []
    cause = {"JobId": "j1", "Container": {"ExitCode": 137}}
    said = json.dumps({"Error": "States.TaskFailed", "Cause": json.dumps(cause)}).encode()
    ada.store.put(f"ns/{ada.namespace}/flows/Train/runs/one/tasks/start/0/died.json", said)
    ada.end_run("Train", "one")
    run = Run("Train/one")
    (failure,) = run.failures
    assert failure.reason.startswith("its Batch job j1 ended: the container was killed by SIGKILL")
    assert failure.reason.endswith("; the task was done by then, so that a resumed run goes on behind it")
    assert run["start"].task.successful
    follower = Follower(run._reader)
    assert follower.failures(follower.look(), 1) == [failure]


def test_a_task_that_is_tried_again_is_not_finished(ada: Datastore) -> None:
    """A failed attempt ends neither its task nor the run, until who runs it says that no other follows."""
    claim(ada, "one")
    fail(ada, "one", "start/0")
    run = Run("Train/one")
    task = run["start"].task
    assert task.exception is not None
    assert (task.finished, task.finished_at, run["start"].finished_at) == (False, None, None)
    assert (run.finished, run.finished_at) == (False, None)
    ada.end_run("Train", "one")
    assert task.finished and run.finished and run.finished_at == ada.run_ended("Train", "one")


def test_ways_that_metaflow_has(run: Run) -> None:
    """What is there is told by `in`, and Metaflow's other ways lead to the same objects."""
    fit = run["fit"]
    assert "fit" in run and "fti" not in run and "0-1" in fit and "0-9" not in fit
    assert "one" in Flow("Train") and "two" not in Flow("Train")
    assert [step.id for step in run.steps()] == [step.id for step in run]
    assert [task.id for task in fit.tasks()] == [task.id for task in fit]
    assert fit["0-1"].artifacts.score.data == 1.5 and not hasattr(fit["0-1"].artifacts, "scroe")
    assert "score" in fit["0-1"].artifacts and dir(fit["0-1"].artifacts) == ["model", "score"]
    assert [one.id for one in fit["0-1"].artifacts] == ["model", "score"] and len(fit["0-1"].artifacts) == 2
    score = fit["0-1"]["score"]
    assert (score.sha, score.finished_at) == (score.sha256, fit["0-1"].finished_at)
    assert fit["0-1"].parent.parent.parent.id == "Train" and repr(fit.parent) == repr(run)
    assert fit["0-1"].path_components == ["Train", "one", "fit", "0-1"]
    assert run.end_task is not None and run.end_task.data.best == 1
    assert fit.created_at == fit["0-0"].created_at and fit.finished_at == fit["0-1"].finished_at
    run.add_tags(["good", "best"])
    assert fit["0-1"].user_tags == run.user_tags == {"good", "best"} and "user:ada" in fit.tags


def test_all_flows(run: Run) -> None:
    """`Metaflow` has the flows that have run, by name."""
    assert [flow.id for flow in Metaflow()] == ["Train"] and "Train" in Metaflow() and "x" not in Metaflow()
    assert Metaflow()["Train"].latest_run.id == "one" and repr(Metaflow()) == "Metaflow(Train)"
    assert Metaflow(namespace="user/bob").flows == []
    with pytest.raises(KeyError, match=r"flow 'Trian' has no runs.*did you mean 'Train'"):
        Metaflow()["Trian"]


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
    assert "\n" not in str(caught.value) and isinstance(caught.value, KeyError)


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

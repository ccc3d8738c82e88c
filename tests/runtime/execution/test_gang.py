"""Gangs: nodes run at once, succeed together, and are attempted, resumed and killed as a whole."""

from __future__ import annotations

import re
from pathlib import Path
from threading import Event

import pytest

from stepwell import Flow
from stepwell.artifacts.manifest import Manifest
from stepwell.client.objects import Run
from stepwell.datastore import Datastore
from stepwell.errors import NotFound
from stepwell.execution import together
from stepwell.execution.gang import ALIVE, FAILED, STAGED, Gang
from stepwell.execution.node import Node
from stepwell.execution.together import COMING, SILENCE, Roll, kept_together
from stepwell.flow.graph import TaskId
from stepwell.store.opening import open_store
from tests.support import FLOWS, run_flow, write_flow

FAILING = """
@step
def start(self):
    self.next(self.train, num_parallel=3)
@parallel
@step
def train(self):
    self.pid = os.getpid()
    if current.parallel.node_index == 2 and not os.path.exists("mended"):
        {failing}
    if not os.path.exists("mended"):
        time.sleep(60)
    self.next(self.join)
@step
def join(self, inputs):
    self.pids = [one.pid for one in inputs]
    if not os.path.exists("mended again"):
        raise ValueError("later")
    self.next(self.end)
@step
def end(self): pass
"""
HEAD = "from stepwell import parallel"


def newest(flow: str, home: Path) -> Run:
    return Flow(flow, namespace="user/tester", datastore=str(home)).latest_run


def test_nodes_run_at_once_and_again_together(tmp_path: Path) -> None:
    """Nodes wait for each other, though more than workers; where one fails, all are tried again."""
    ended = run_flow(FLOWS / "gang.py", tmp_path, "run", "--nodes", "4", "--max-workers", "1")
    assert ended.returncode == 0, ended.stderr
    run = newest("Gang", tmp_path)
    assert run.data.totals == [46] * 4 and run.data.attempts == [1] * 4
    assert run.data.places == [(4, index, "0-0", index, index) for index in range(4)]
    assert [task.id for task in run["train"]] == ["0-0", "0-1", "0-2", "0-3"]
    said = re.findall(
        r"train/0-\d \(pid \d+\)\] Task was ended: another node of its gang failed", ended.stdout
    )
    assert len(said) == 3
    assert "train/0-1] Attempt 2 follows." in ended.stdout


@pytest.mark.parametrize(
    ("failing", "reason"),
    [
        ("raise ValueError('no')", "ValueError: no"),
        ("os.kill(os.getpid(), 9)", "the task's process was killed by SIGKILL"),
    ],
)
def test_a_gang_fails_and_is_resumed_as_a_whole(failing: str, reason: str, tmp_path: Path) -> None:
    """The node that failed says why, none is done; what resumes the run runs all nodes again, and takes them
    over together once they are done."""
    file = write_flow(tmp_path, FAILING.format(failing=failing), HEAD)
    assert run_flow(file, tmp_path, "run").returncode == 1
    failed = newest("Made", tmp_path)
    (failure,) = failed.failures
    assert (failure.task, failure.reason.partition(";")[0]) == ("0-2", reason)
    assert not any(task.successful for task in failed["train"])
    (tmp_path / "mended").touch()
    assert run_flow(file, tmp_path, "resume").returncode == 1
    again = newest("Made", tmp_path)
    (tmp_path / "mended again").touch()
    ended = run_flow(file, tmp_path, "resume")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("Task was done before") == 4
    assert newest("Made", tmp_path).data.pids == [task.data.pid for task in again["train"]]


def test_a_node_runs_again_by_itself(tmp_path: Path) -> None:
    """`spin` runs one node with the place that it had."""
    file = write_flow(tmp_path, FAILING.format(failing="pass"), HEAD)
    (tmp_path / "mended").touch()
    (tmp_path / "mended again").touch()
    assert run_flow(file, tmp_path, "run").returncode == 0
    ended = run_flow(file, tmp_path, "spin", "train/0-1")
    assert ended.returncode == 0, ended.stderr


def test_a_gang_is_not_reused(tmp_path: Path) -> None:
    """`run --reuse` runs all nodes of a gang again; what follows it may be reused."""
    (code := tmp_path / "code").mkdir()
    file = write_flow(code, FAILING.format(failing="pass").replace("os.getpid()", "1"), HEAD)
    (code / "mended").touch()
    (code / "mended again").touch()
    for _ in range(2):
        ended = run_flow(file, tmp_path / "home", "run", "--reuse", "--explain")
        assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("Run because its nodes run together or not at all.") == 3
    assert ended.stdout.count("Task was done before") == 3


class Made:
    """A gang of three nodes in a store in memory."""

    def __init__(self) -> None:
        self.datastore = Datastore(open_store("memory://"), "user/ada")

    def gang(self, attempt: int) -> Gang:
        return Gang.of(self.datastore, "Made", "r1", TaskId("train", "0-7-2"), attempt)

    def done(self) -> dict[str, int]:
        """Of each node that is done the attempt."""
        tasks = [self.gang(0).task(index) for index in range(3)]
        found = self.datastore.find("Made", "r1", tasks)
        return {task.path: manifest.meta["attempt"] for task, manifest in found.items()}


def manifest(attempt: int) -> Manifest:
    return Manifest({"attempt": attempt}, {})


def test_only_the_main_nodes_commit_makes_a_gang_done() -> None:
    """What nodes of an attempt kept counts only if the main one commits that attempt: never are two mixed."""
    made = Made()
    first, second = made.gang(0), made.gang(1)
    for index in (1, 2):
        first.stage(index, manifest(0))
    first.wait(3)
    assert made.done() == {}
    second.stage(2, manifest(1))  # and the first attempt, believed dead, goes on
    made.datastore.commit("Made", "r1", first.task(0), manifest(0))
    assert [one.meta["attempt"] for one in first.complete(3)] == [0, 0]
    assert made.done() == {"0-7-0": 0, "0-7-1": 0, "0-7-2": 0}
    assert [one.meta["attempt"] for one in first.complete(3)] == [0, 0]


def test_a_node_that_kept_nothing_is_missed() -> None:
    """An attempt that was not whole can't be completed."""
    made = Made()
    with pytest.raises(NotFound):
        made.gang(0).complete(2)


def test_the_main_node_hears_of_the_others() -> None:
    """A node that fails is lost at once, a silent one after a while, one that never begins later; not one
    that has ended well."""
    roll = Roll(4, 100.0)
    assert roll.lost([(1, ALIVE, "a"), (2, ALIVE, "a"), (3, ALIVE, "a")], 110) is None
    assert roll.lost([(1, ALIVE, "b"), (2, ALIVE, "a"), (3, ALIVE, "a"), (3, STAGED, "a")], 200) is None
    left = [(1, ALIVE, "c"), (2, ALIVE, "a"), (3, ALIVE, "a"), (3, STAGED, "a")]
    assert roll.lost(left, 110 + SILENCE) is None
    assert roll.lost(left, 111 + SILENCE) == (
        2, "nothing was heard of it for 120 s, its container or machine is gone"
    )  # fmt: skip
    assert roll.lost([(1, FAILED, "a")], 112 + SILENCE) == (1, "")
    late = Roll(2, 0.0)
    assert late.lost([], COMING) is None
    assert late.lost([], COMING + 1) == (1, "it did not begin within 1800 s")


def test_a_node_that_is_killed_whole_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The main node ends when nothing is heard of another any more, whose container could say nothing."""
    monkeypatch.setattr(together, "BEAT", 0.1)
    monkeypatch.setattr(together, "SILENCE", 1.0)
    monkeypatch.setattr(together, "_SHORTEST", 0.05)
    gang, said, ended = Made().gang(0), list[str](), Event()

    def end(why: str) -> None:
        said.append(why)
        ended.set()

    with kept_together(gang, Node(0, 2), end):
        with kept_together(gang, Node(1, 2), end):
            assert not ended.wait(1.5)
        assert ended.wait(10)
    assert said == [
        "node 1 of 2 failed, task train/0-7-1: nothing was heard of it for 1 s, its container or machine is "
        "gone"
    ]

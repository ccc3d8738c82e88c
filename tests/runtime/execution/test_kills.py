"""SIGKILL of any process of a run, at any moment."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stepwell import Flow
from stepwell.artifacts.manifest import Manifest
from stepwell.client.objects import Run
from tests.support import environment, flow_command, run_flow, write_flow

FLOW = """
@step
def start(self):
    self.seeds = list(range(6))
    self.next(self.make, foreach="seeds")
@step
def make(self):
    generator = np.random.default_rng(self.input)
    self.table = pa.table({"x": generator.random(200_000), "y": generator.random(200_000)})
    self.sum = float(self.table["x"].to_numpy().sum())
    self.next(self.join)
@step
def join(self, inputs):
    self.tables = [one.table for one in inputs]
    self.sums = [one.sum for one in inputs]
    self.next(self.end)
@step
def end(self): pass
"""

HEAD = "import numpy as np\nimport pyarrow as pa\n"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds a run's processes in /proc")


def descendants(pid: int) -> list[int]:
    """The processes below one, the nearest first."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    found = [int(child) for child in children]
    return found + [below for child in found for below in descendants(child)]


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def check_whole(home: Path) -> int:
    """Every manifest that can be seen can be read, with all it names; returns how many there are."""
    manifests = list(home.rglob("manifest.parquet"))
    for path in manifests:
        for row in Manifest.from_bytes(path.read_bytes(), str(path)).rows.values():
            if row.object is not None:
                content = (home / row.object).read_bytes()
                assert hashlib.sha256(content).hexdigest() == row.sha256
    return len(manifests)


KILLS = int(os.environ.get("STEPWELL_KILLS", "12"))
"""How many runs are killed; ``make kills`` takes 200."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The artifacts that a run leaves which nobody kills: their hashes by task and name."""
    folder = tmp_path_factory.mktemp("undisturbed")
    file = write_flow(folder, FLOW, head=HEAD)
    assert run_flow(file, folder / "home", "run").returncode == 0
    return hashes(folder / "home")


def hashes(home: Path) -> dict[str, str]:
    """Hashes of all artifacts of the newest run in a home."""
    run = Flow("Made", datastore=str(home), namespace="user/tester").latest_run
    return {
        f"{step.id}/{task.id}/{artifact.id}": artifact.sha256
        for step in run
        for task in step
        for artifact in task
    }


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_kill_leaves_everything_or_nothing(
    seed: int, home: Path, tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    """A random kill leaves whole manifests and an honest end; resumed, the run is as undisturbed."""
    chance = random.Random(seed)
    file = write_flow(tmp_path, FLOW, head=HEAD)
    process = subprocess.Popen(
        flow_command(file, "run"), env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    process.stdout.readline()  # the run is claimed
    time.sleep(chance.uniform(0, 1.2))
    family = [process.pid, *descendants(process.pid)]
    victim = family[0] if chance.random() < 0.3 else chance.choice(family)
    os.kill(victim, signal.SIGKILL)
    process.stdout.read()
    status = process.wait(timeout=60)
    run: Run = Flow("Made").latest_run
    deadline = time.monotonic() + 20
    while any(alive(pid) for pid in family) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in family if alive(pid)]
    done = check_whole(home)
    assert run.successful == (done == 9)
    if victim == process.pid:
        # or it had ended, and waited to be reaped
        assert status == -signal.SIGKILL or (status, run.successful) == (0, True)
    else:
        assert (status == 0) == run.successful
        assert bool(run.failures) != run.successful
    resumed = run_flow(file, home, "resume")
    assert resumed.returncode == 0, resumed.stderr
    assert check_whole(home) == done + 9
    assert hashes(home) == undisturbed


def test_a_killed_task_is_named(home: Path, tmp_path: Path) -> None:
    """A task killed by SIGKILL fails its run with the signal's name, and keeps what it had printed."""
    body = """
    @step
    def start(self):
        print("before", flush=True)
        os.kill(os.getpid(), 9)
        self.next(self.end)
    @step
    def end(self): pass
    """
    ended = subprocess.run(
        flow_command(write_flow(tmp_path, body), "run"),
        env=environment(home), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "task start/0: the task's process was killed by SIGKILL" in ended.stderr
    assert Flow("Made").latest_run["start"].task.stdout == "before\n"


@pytest.mark.parametrize("victims", ["os.getpid()", "os.getppid(), os.getpid()"], ids=["task", "server too"])
def test_a_task_killed_once_it_is_done_is_done(victims: str, home: Path, tmp_path: Path) -> None:
    """Who dies between a task's commit and its word takes nothing back; what can't begin any more fails."""
    body = f"""
    @step
    def start(self):
        from stepwell.execution import task
        def die(meta):
            for one in ({victims},):
                os.kill(one, 9)
        task.key_of = die  # called behind the commit
        self.xs = [1, 2]
        self.next(self.work, foreach="xs")
    @step
    def work(self):
        self.next(self.join)
    @step
    def join(self, inputs):
        self.next(self.end)
    @step
    def end(self): pass
    """
    ended = run_flow(write_flow(tmp_path, body), home, "run")
    run = Flow("Made").latest_run
    assert run["start"].task.successful
    if "getppid" in victims:
        assert ended.returncode == 1
        assert {failure.step for failure in run.failures} == {"work"}
    else:
        assert ended.returncode == 0, ended.stderr
        assert (run.successful, run.failures) == (True, [])
    assert not list(home.glob("**/start/0/*.failed.json"))

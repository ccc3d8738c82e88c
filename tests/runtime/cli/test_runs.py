"""``stepwell runs`` and ``stepwell watch``, as commands."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stepwell.datastore import Datastore
from stepwell.flow.graph import TaskId
from stepwell.store.opening import open_store
from tests.runtime.client.support import claim, fail, finish, finished_run
from tests.runtime.execution.test_progress import at_terminal, screen
from tests.support import environment, flow_command, write_flow

STEPWELL = Path(sys.executable).parent / "stepwell"
WIDE = """
@step
def start(self):
    '''find the carriers'''
    self.xs = [0, 1, 2]
    self.next(self.work, foreach="xs")
@step
def work(self):
    while not os.path.exists(os.environ["GATE"]):
        time.sleep(0.05)
    if self.input == int(os.environ.get("BAD", "-1")):
        raise ValueError("no rows")
    self.next(self.join)
@step
def join(self, inputs):
    self.next(self.end)
@step
def end(self): pass
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def tester(home: Path) -> Datastore:
    return Datastore(open_store(str(home)), "user/tester")


def stepwell(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(STEPWELL), *arguments], env=environment(home, **more), capture_output=True, text=True, timeout=60
    )


def test_runs_are_listed(home: Path, tester: Datastore) -> None:
    """Each run is a line with its status, and `--json` has what programs need."""
    finished_run(tester, "good")
    tester.add_tags("Train", "good", ["best"])
    claim(tester, "bad", 1, user="\x1b[2Jmallory")
    tester.end_run("Train", "bad")
    lines = stepwell(home, "runs").stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["RUN", "STATUS"], ["Train/bad", "failed"], ["Train/good", "succeeded"],
    ]  # fmt: skip
    assert "best" in lines[2] and "\x1b" not in lines[1] and "mallory" in lines[1]
    (found,) = json.loads(stepwell(home, "runs", "--json", "--succeeded").stdout)
    assert (found["run"], found["status"], found["tags"]) == ("good", "succeeded", ["best"])
    assert (found["started"], found["ended"]) == ("2026-11-23T12:00:00+00:00", "2026-11-23T12:05:30+00:00")


def test_runs_of_another_namespace(home: Path, tester: Datastore) -> None:
    """`--namespace` lists the runs of another, and where there are none it says where it has looked."""
    finished_run(Datastore(tester.store, "user/bob"), "bobs")
    assert "Train/bobs" in stepwell(home, "runs", "--namespace", "user/bob").stdout
    empty = stepwell(home, "runs", "--failed")
    assert empty.stdout == f"No failed runs in namespace 'user/tester' of {home}.\n"


def test_one_status_at_a_time(home: Path) -> None:
    """Two statuses at once are refused in one line."""
    refused = stepwell(home, "runs", "--failed", "--running")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "received --running and --failed; a run has one status: name one of them" in refused.stderr


def test_a_run_that_has_ended_is_told(home: Path, tester: Datastore) -> None:
    """Of a run that has ended its end is told, as text and as exit status."""
    finished_run(tester, "good")
    told = stepwell(home, "watch", "Train/good")
    assert told.returncode == 0 and told.stdout.endswith("Train/good succeeded after 5:30.\n")
    assert re.search(r"fit: 2 of 2 done$", told.stdout, re.MULTILINE)
    claim(tester, "bad", 1)
    fail(tester, "bad", "start/0", reason="KeyError: \x1b[1A'x'")
    tester.end_run("Train", "bad")
    told = stepwell(home, "watch", "bad")
    assert told.returncode == 1
    assert told.stderr == "Error: run Train/bad failed: task start/0: KeyError: 'x'\n"
    assert "First failure: task start/0: KeyError: 'x'" in told.stdout


@pytest.mark.parametrize(("bad", "status"), [("-1", 0), ("2", 1)])
def test_a_run_is_followed(tmp_path: Path, home: Path, bad: str, status: int) -> None:
    """Elsewhere than at a terminal a line is printed for each change, and the run's status is the end's."""
    file, gate = write_flow(tmp_path, WIDE), tmp_path / "gate"
    run = subprocess.Popen(
        flow_command(file, "run"), env=environment(home, GATE=str(gate), BAD=bad), cwd=tmp_path,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    tester = Datastore(open_store(str(home)), "user/tester")
    (name,) = wait_for(lambda: list(tester.runs("Made")))
    wait_for(lambda: [file for file in tester.task_files("Made", name) if file.task.step == "work"])
    watch = subprocess.Popen(
        [str(STEPWELL), "watch", name],
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert watch.stdout is not None
    seen = ""
    while "of 3 done" not in seen:
        seen += watch.stdout.readline()
    assert re.search(r"work: 0 of 3 done, \d running", seen), seen
    gate.touch()
    out, err = watch.communicate(timeout=60)
    assert watch.returncode == status, (out, err)
    assert run.wait() == status
    if status:
        assert "First failure: task work/0-2: ValueError: no rows" in out and "in work" in out
        assert err.startswith(f"Error: run Made/{name} failed: task work/0-2: ValueError: no rows")
    else:
        assert re.search(r"work: 3 of 3 done", out) and f"Made/{name} succeeded after" in out


def test_a_terminal_gets_a_live_graph(tmp_path: Path, home: Path) -> None:
    """At a terminal the graph stands once at the end, with the counts of each step and a bar for items."""
    file, gate = write_flow(tmp_path, WIDE), tmp_path / "gate"
    run = subprocess.Popen(
        flow_command(file, "run"), env=environment(home, GATE=str(gate)), cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    tester = Datastore(open_store(str(home)), "user/tester")
    (name,) = wait_for(lambda: list(tester.runs("Made")))
    wait_for(lambda: [one for one in tester.task_files("Made", name) if one.task == TaskId("work", "0-0")])
    opener = subprocess.Popen(["sh", "-c", f"sleep 3; touch {gate}"])
    written = at_terminal([str(STEPWELL), "watch", name], environment(home, TERM="xterm"), tmp_path, 60)
    opener.wait()
    assert run.wait() == 0
    assert written.count("\x1b[J") >= 3 and "3 running" in written
    lines = [line.rstrip() for line in screen(written)]
    assert [re.sub(r" +", " ", line) for line in lines[1:6]] == [
        "start done", " ╠═ for each of xs", " ║ work ██████████ 3 of 3 done", "join done", "end done",
    ]  # fmt: skip
    assert lines[0].startswith(f"Made/{name} of tester, local  succeeded")
    assert max(len(line) for line in lines) < 60


def test_a_run_that_was_triggered_is_waited_for(home: Path, tester: Datastore) -> None:
    """A run whose first task has not begun yet is waited for, and followed from there."""
    tester.put_parameters("Train", "sfn-1", {})
    watch = subprocess.Popen(
        [str(STEPWELL), "watch", "sfn-1"], env=environment(home), stdout=subprocess.PIPE, text=True
    )
    assert watch.stdout is not None
    assert watch.stdout.readline() == "Train/sfn-1 was triggered; its first task has not begun yet.\n"
    claim(tester, "sfn-1", runtime="step-functions")
    finish(tester, "sfn-1", "end/0")
    out, _ = watch.communicate(timeout=60)
    assert watch.returncode == 0 and "Train/sfn-1 succeeded" in out


def wait_for(found: object) -> list[str]:
    deadline = time.monotonic() + 60
    while not (values := found()):  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return list(values)


def test_ctrl_c_leaves_the_run_alone(home: Path, tester: Datastore) -> None:
    """Ctrl-C ends the looking, with the exit status that shells expect, and nothing else."""
    claim(tester, "one")
    watch = subprocess.Popen(
        [str(STEPWELL), "watch"],
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert watch.stdout is not None
    watch.stdout.readline()
    os.kill(watch.pid, 2)
    _, err = watch.communicate(timeout=60)
    assert watch.returncode == 130 and "Error: interrupted" in err and "Traceback" not in err
    assert tester.run_ended("Train", "one") is None

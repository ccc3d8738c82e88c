"""How a run ends that is not let to its end."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stepwell import Flow
from tests.support import environment, flow_command, run_flow, write_flow

SLOW = """
@step
def start(self):
    self.count = 1
    self.next(self.wait)
@step
def wait(self):
    print("waits as", os.getpid(), flush=True)
    time.sleep(float(os.environ.get("SECONDS_", 300)))
    self.next(self.end)
@step
def end(self): pass
"""
RETRIED = """
@retry(times=1, minutes_between_retries=100)
@step
def start(self):
    raise ValueError("not yet")
    self.next(self.end)
@step
def end(self): pass
"""


@pytest.fixture(autouse=True)
def terminal() -> Iterator[None]:
    """A closed terminal is heard of, also where the tests themselves are called with `nohup`."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@contextmanager
def running(file: Path, home: Path, until: str, **more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A flow's run that has just printed a line with `until`; and that line."""
    process = subprocess.Popen(
        flow_command(file, "run"), env=environment(home, **more), cwd=file.parent, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield process, next(line for line in process.stdout if until in line)
    finally:
        process.kill()
        process.communicate()


def is_gone(pid: int) -> bool:
    """Whether a process has ended, at once or soon."""
    for _ in range(500):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_run_cleanly(number: int, home: Path, tmp_path: Path) -> None:
    """Ctrl-C, `kill` and a closed terminal end the tasks, keep their logs, and leave a run to resume."""
    file = write_flow(tmp_path, SLOW)
    with running(file, home, "waits as") as (process, line):
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.strip() == "Error: interrupted; what was done stays readable"
    assert is_gone(int(line.split()[-1]))
    run = Flow("Made").latest_run
    assert "waits as" in run["wait"].task.stdout
    assert run.finished and not run.successful and not run.failures
    ended = run_flow(file, home, "resume", SECONDS_="0")
    assert ended.returncode == 0 and "Taken over from" in ended.stdout
    assert Flow("Made").latest_run.data.count == 1


def test_a_killed_run_has_no_end(home: Path, tmp_path: Path) -> None:
    """A run whose scheduler was killed outright takes its tasks along, and nothing says that it ended."""
    with running(write_flow(tmp_path, SLOW), home, "waits as") as (process, line):
        process.kill()
        process.wait()
        assert is_gone(int(line.split()[-1]))
    run = Flow("Made").latest_run
    assert (run.finished, run.successful, run.finished_at) == (False, False, None)


def test_a_run_that_waits_for_a_retry_is_not_finished(home: Path, tmp_path: Path) -> None:
    """A failed attempt that another follows leaves the run unfinished, until that is interrupted."""
    file = write_flow(tmp_path, RETRIED, "from stepwell import retry")
    with running(file, home, "Attempt 2 follows in 6000 s") as (process, _):
        run = Flow("Made").latest_run
        assert [failure.reason for failure in run.failures] == ["ValueError: not yet"]
        assert not run.finished and not run["start"].task.finished
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert run.finished and run["start"].task.finished


def test_a_failed_run_is_finished(home: Path, tmp_path: Path) -> None:
    """A run in which a task failed for good has ended, when that task did or a moment later."""
    body = RETRIED.replace("times=1", "times=0")
    assert run_flow(write_flow(tmp_path, body, "from stepwell import retry"), home, "run").returncode == 1
    run = Flow("Made").latest_run
    assert run.finished and not run.successful
    assert run.finished_at is not None and run.finished_at >= run.failures[0].ended


def test_nohup_keeps_a_run_alive(home: Path, tmp_path: Path) -> None:
    """A signal that whoever started the run has told it to ignore stays ignored."""
    file = write_flow(tmp_path, SLOW)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with running(file, home, "waits as", SECONDS_="1") as (process, _):
            process.send_signal(signal.SIGHUP)
            process.communicate(timeout=30)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert process.returncode == 0 and Flow("Made").latest_run.successful

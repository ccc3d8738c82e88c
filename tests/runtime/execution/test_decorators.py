"""What decorators do around a step, in real runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepwell import Flow
from stepwell.client.objects import Run
from stepwell.flow.decorators.catch import CaughtException
from tests.support import run_flow, write_flow


def one_step(decorators: str, body: str) -> str:
    """A flow's body: `start`, with decorators, and `end`."""
    start = f"{decorators}\n@step\ndef start(self):\n    {body}\n    self.next(self.end)"
    return f"{start}\n@step\ndef end(self): pass"


def run(tmp_path: Path, home: Path, decorators: str, body: str) -> tuple[int, str, Run]:
    """Run such a flow: exit status, the error's line, and the run."""
    head = "from stepwell import catch, environment, retry, timeout"
    ended = run_flow(write_flow(tmp_path, one_step(decorators, body), head=head), home, "run")
    return ended.returncode, ended.stderr, Flow("Made").latest_run


@pytest.mark.parametrize("death", ["raise ValueError('not yet')", "os.kill(os.getpid(), 9)"])
def test_retry_tries_again(death: str, home: Path, tmp_path: Path) -> None:
    """A step that raises or is killed twice succeeds in its third attempt; each attempt keeps its log."""
    body = (
        f"print('attempt', current.retry_count, flush=True)\n    if current.retry_count < 2: {death}\n"
        "    self.tried = current.retry_count"
    )
    status, _, made = run(tmp_path, home, "@retry(times=2, minutes_between_retries=0)", body)
    assert status == 0
    assert made["start"].task.data.tried == 2
    assert made.successful and not made.failures
    logs = [made.datastore.log("Made", made.id, made["start"].task._task, n) for n in range(3)]
    assert [log.split()[-1] for log in logs if b"attempt" in log][-1] == b"2"


def test_retry_waits(home: Path, tmp_path: Path) -> None:
    """The wait between attempts is kept, and said."""
    body = "self.at = time.time()\n    if current.retry_count == 0: raise ValueError(str(self.at))"
    _, _, made = run(tmp_path, home, "@retry(times=1, minutes_between_retries=0.01)", body)
    failed = made.datastore.failure("Made", made.id, made["start"].task._task, 0)
    assert made.data.at - float(failed.reason.rpartition(" ")[2]) >= 0.6


def test_retry_gives_up(home: Path, tmp_path: Path) -> None:
    """After its last attempt a step fails the run."""
    status, error, made = run(
        tmp_path, home, "@retry(times=1, minutes_between_retries=0)", "raise ValueError('never')"
    )
    assert status == 1 and "task start/0: ValueError: never" in error
    assert [failure.attempt for failure in made.failures] == [0, 1]


def test_catch_goes_on(home: Path, tmp_path: Path) -> None:
    """A caught step keeps what it had set, leaves its exception, and the flow goes on."""
    status, _, made = run(tmp_path, home, '@catch(var="failed")', "self.before = 1; raise ValueError('no')")
    assert status == 0
    caught = made.data.failed
    assert isinstance(caught, CaughtException)
    assert (caught.type, caught.message, made.data.before) == ("ValueError", "no", 1)
    assert "ValueError: no" in made["start"].task.stderr


def test_catch_without_failure(home: Path, tmp_path: Path) -> None:
    """Where nothing failed, the variable is None."""
    assert run(tmp_path, home, '@catch(var="failed")', "self.x = 1")[2].data.failed is None


def test_catch_after_retries(home: Path, tmp_path: Path) -> None:
    """With both, the step is retried first and caught at last."""
    decorators = '@catch(var="failed", print_exception=False)\n@retry(times=2, minutes_between_retries=0)'
    _, _, made = run(tmp_path, home, decorators, "raise ValueError(str(current.retry_count))")
    assert made.data.failed.message == "2"


def test_catch_of_a_killed_process(home: Path, tmp_path: Path) -> None:
    """A process that is killed can't catch; what follows it does, with the reason."""
    status, _, made = run(tmp_path, home, '@catch(var="failed")', "os.kill(os.getpid(), 9)")
    assert status == 0
    assert str(made.data.failed).startswith("ProcessDied: the task's process was killed by SIGKILL")


def test_timeout_raises_in_the_step(home: Path, tmp_path: Path) -> None:
    """A step past its timeout gets an exception, with its own line in the traceback."""
    status, error, made = run(tmp_path, home, "@timeout(seconds=1)", "time.sleep(30)")
    assert status == 1
    assert "StepTimeout: step 'start' took longer than its @timeout of 1 s" in error
    assert "time.sleep(30)" in made.failures[0].traceback


def test_environment_is_set(home: Path, tmp_path: Path) -> None:
    """The step sees its variables; the step after it does not."""
    flow = one_step("@environment(vars={'LEVEL': 'debug'})", "self.level = os.environ['LEVEL']").replace(
        "def end(self): pass", "def end(self):\n    self.after = os.environ.get('LEVEL')"
    )
    file = write_flow(tmp_path, flow, head="from stepwell import environment")
    assert run_flow(file, home, "run").returncode == 0
    data = Flow("Made").latest_run.data
    assert (data.level, data.after) == ("debug", None)


@pytest.mark.parametrize(
    ("decorators", "message"),
    [
        ("@retry(times=10)", "@retry: received times=10; times must be a whole number from 0 to 9"),
        ("@retry(tims=1)", "@retry: received tims=1, which it does not know; allowed are times, minutes_"),
        ("@timeout()", "@timeout: received seconds=0, minutes=0, hours=0; their sum must be above 0"),
        ("@timeout(seconds=1.5)", "@timeout: received seconds=1.5; seconds must be a whole number, 0 or"),
        ("@environment(vars={'A': 1})", "@environment: received vars={'A': 1}; vars must be a dictionary of"),
        ("@catch(var='_x')", "@catch: received var='_x'; var must be None or the name of an artifact"),
    ],
)  # fmt: skip
def test_bad_attributes_are_one_line(decorators: str, message: str, home: Path, tmp_path: Path) -> None:
    """A wrong attribute of a decorator is one line, without a traceback."""
    head = "from stepwell import catch, environment, retry, timeout"
    ended = run_flow(write_flow(tmp_path, one_step(decorators, "pass"), head=head), home, "run")
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"Error: made.py:8: step 'start': {message}")
    assert ended.stderr.count("\n") == 1

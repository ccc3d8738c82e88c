"""Flows whose steps are Batch jobs, run as commands on the local cloud."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stepwell import Flow, aws
from stepwell.client.objects import Run
from tests.comparing import assert_same
from tests.runtime.cloud.support import is_alive
from tests.support import FLOWS, environment, flow_command, run_flow, write_flow

pytestmark = pytest.mark.xdist_group("quick")

BUCKET = "s3://stepwell-test-local"
HEAD = "import signal\nfrom stepwell import batch, catch, retry"

MIXED = """
count = Parameter("count", default=3)
@step
def start(self):
    self.xs = list(range(self.count))
    self.next(self.fetch, foreach="xs")
@batch(cpu=0.5, memory=1024)
@retry(times=1, minutes_between_retries=0)
@step
def fetch(self):
    if current.retry_count == 0 and self.input == 1:
        raise ValueError("the first time")
    print("working on", self.input)
    self.square = self.input ** 2
    self.next(self.join)
@step
def join(self, inputs):
    self.squares = [one.square for one in inputs]
    self.next(self.end)
@batch
@step
def end(self):
    self.total = sum(self.squares) + self.count
"""

TICKING = """
@step
def start(self):
    self.xs = list(range(4))
    self.next(self.fetch, foreach="xs")
@batch
@step
def fetch(self):
    print("process", os.getpid())
    time.sleep(300)
    self.next(self.join)
@step
def join(self, inputs):
    self.next(self.end)
@step
def end(self): pass
"""


def one_step(body: str, decorators: str = "@batch") -> str:
    """A flow's body: `start` on Batch, and `end`."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return (
        f"{decorators}\n@step\ndef start(self):\n{lines}    self.next(self.end)\n@step\ndef end(self): pass"
    )


def newest(flow: str) -> Run:
    return Flow(flow, datastore="s3").latest_run


@pytest.fixture
def cloud(stepwell_environment: dict[str, str]) -> dict[str, str]:
    """The variables of a flow's command that keeps its artifacts where jobs reach them."""
    return {**stepwell_environment, "STEPWELL_DATASTORE": "s3"}


@pytest.mark.parametrize(
    ("file", "flow", "parameters", "count"),
    [
        ("linear.py", "Linear", ["--alpha", "11"], 3),
        ("attempts.py", "Attempts", [], 7),
        ("switch.py", "Switch", ["--size", "30"], 8),
    ],
)
def test_artifacts_are_the_same(
    file: str, flow: str, parameters: list[str], count: int, cloud: dict[str, str], tmp_path: Path
) -> None:
    """`run --with batch` leaves the tasks and artifacts of a run of processes, retried, caught and chosen."""
    assert run_flow(FLOWS / file, tmp_path, "run", *parameters).returncode == 0
    ended = run_flow(FLOWS / file, tmp_path, "run", "--with", "batch", *parameters, **cloud)
    assert ended.returncode == 0, ended.stderr
    local = Flow(flow, namespace="user/tester", datastore=str(tmp_path)).latest_successful_run
    assert_same(local, newest(flow), count)
    assert all(task.metadata_dict["job"] for step in newest(flow) for task in step)


def test_some_steps_on_batch(cloud: dict[str, str], tmp_path: Path) -> None:
    """Steps with `@batch` are jobs, those without processes; each takes what the other left."""
    file = write_flow(tmp_path, MIXED, HEAD)
    ended = run_flow(file, tmp_path, "run", "--count", "4", **cloud)
    assert ended.returncode == 0, ended.stderr
    run = newest("Made")
    assert (run.data.squares, run.data.total) == ([0, 1, 4, 9], 18)
    jobs = {step.id: [task.metadata_dict["job"] is not None for task in step] for step in run}
    assert jobs == {"start": [False], "fetch": [True] * 4, "join": [False], "end": [True]}
    assert "runtime:local" in run.system_tags and run.code is not None
    retried = run["fetch"]["0-1"]
    assert retried.metadata_dict["attempt"] == 1
    job = retried.metadata_dict["job"]
    assert f"/fetch/0-1 (job {job[:8]})] working on 1\n" in ended.stdout
    assert f"It is Batch job {job}." in ended.stdout
    assert retried.stdout == "working on 1\n"


@contextmanager
def running(file: Path, home: Path, cloud: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A run that was started and is not waited for."""
    process = subprocess.Popen(
        flow_command(file, "run"), env=environment(home, **cloud),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            process.kill()


def until(look: Callable[[], Any], holds: Callable[[Any], bool], seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while not holds(seen := look()):
        assert time.monotonic() < deadline, seen
        time.sleep(0.05)
    return seen


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_jobs_end_with_the_scheduler(number: signal.Signals, cloud: dict[str, str], tmp_path: Path) -> None:
    """What a job prints is seen while it runs; Ctrl-C or death of the command ends all jobs and processes."""
    with running(write_flow(tmp_path, TICKING, HEAD), tmp_path, cloud) as process:
        assert process.stdout is not None
        jobs: set[str] = set()
        found = None
        for line in process.stdout:
            jobs |= set(re.findall(r"It is Batch job (\S+)\.", line))
            found = found or re.search(r"\] process (\d+)", line)
            if found and len(jobs) == 4:
                break
        assert found
        batch = aws.client("batch")
        states = {job["status"] for job in batch.describe_jobs(jobs=list(jobs))["jobs"]}
        assert "RUNNING" in states and is_alive(int(found[1]))
        assert found[0][2:] + "\n" in [task.stdout for task in newest("Made")["fetch"]]
        process.send_signal(number)
        status = process.wait(20)
    details = until(
        lambda: batch.describe_jobs(jobs=list(jobs))["jobs"],
        lambda all: {one["status"] for one in all} == {"FAILED"},
    )
    assert not is_alive(int(found[1]))
    reason = {one["statusReason"] for one in details}
    if number != signal.SIGKILL:
        assert status == 130
        assert reason == {"the run that it was part of has ended"}
    else:
        assert status == -number
        assert reason == {"the process that ran the flow was killed"}
    assert not newest("Made").successful


def test_a_killed_container_is_said(cloud: dict[str, str], tmp_path: Path) -> None:
    """A container that is killed leaves its log; its exit code is the reason in words."""
    body = "print('begun')\ntime.sleep(3)\nos.killpg(0, signal.SIGKILL)"
    ended = run_flow(write_flow(tmp_path, one_step(body), HEAD), tmp_path, "run", **cloud)
    assert ended.returncode == 1
    assert re.search(
        r"task start/0: its Batch job \S+ ended: the container was killed by SIGKILL \(exit code 137\), "
        r"maybe for want of memory; ask for more memory: @resources\(memory=...\)\n",
        ended.stderr,
    )
    task = newest("Made")["start"].task
    assert task.stdout == "begun\n"
    assert task.exception is not None and "exit code 137" in task.exception.reason


def test_a_killed_container_is_caught(cloud: dict[str, str], tmp_path: Path) -> None:
    """`@catch` attached from the command line acts in a job of its own where the container was killed."""
    flow = write_flow(tmp_path, one_step("os.killpg(0, signal.SIGKILL)"), HEAD)
    ended = run_flow(flow, tmp_path, "run", "--with", "catch:var=failed", **cloud)
    assert ended.returncode == 0, ended.stderr
    assert "killed by SIGKILL" in str(newest("Made")["start"].task.data.failed)


def test_a_job_past_its_timeout_is_retried_by_the_scheduler(cloud: dict[str, str], tmp_path: Path) -> None:
    """A step past its `@timeout` fails in its job, and the next attempt is another job."""
    body = "if current.retry_count == 0: time.sleep(60)\nself.tried = current.retry_count"
    decorators = "@batch\n@timeout(seconds=1)\n@retry(times=1, minutes_between_retries=0)"
    flow = write_flow(tmp_path, one_step(body, decorators), HEAD + ", timeout")
    ended = run_flow(flow, tmp_path, "run", **cloud)
    assert ended.returncode == 0, ended.stderr
    assert "Task failed: StepTimeout: step 'start' took longer than its @timeout of 1 s" in ended.stdout
    assert newest("Made").data.tried == 1


def test_a_run_is_resumed_on_batch(cloud: dict[str, str], tmp_path: Path) -> None:
    """`resume --with batch` takes over what jobs have done, and runs the rest with the code as it is now."""
    good = MIXED.replace("self.total =", "self.total = 100 +")
    bad = MIXED.replace("self.total =", "self.total = 1 / 0 +")
    assert run_flow(write_flow(tmp_path, bad, HEAD), tmp_path, "run", **cloud).returncode == 1
    ended = run_flow(write_flow(tmp_path, good, HEAD), tmp_path, "resume", "--with", "batch", **cloud)
    assert ended.returncode == 0, ended.stderr
    run = newest("Made")
    assert run.data.total == 108
    assert run["fetch"]["0-1"].stdout.startswith("Taken over from Made/")


def test_jobs_are_reused(cloud: dict[str, str], tmp_path: Path) -> None:
    """`run --reuse` takes over what jobs and processes have done, in jobs and processes alike."""
    file = write_flow(tmp_path, MIXED, HEAD)
    assert run_flow(file, tmp_path, "run", **cloud).returncode == 0
    file.write_text(file.read_text().replace("self.total =", "self.total = 1000 +"))
    ended = run_flow(file, tmp_path, "run", "--reuse", "--explain", "--with", "batch", **cloud)
    assert ended.returncode == 0, ended.stderr
    run = newest("Made")
    assert run.data.total == 1008
    assert [task.pathspec for step in run for task in step if not task.origin_pathspec] == [
        f"Made/{run.id}/end/0"
    ]
    assert re.search(r"/end/0 \(job \w+\)\] Run because the step changed since run ", ended.stdout)


def test_splits_are_limited_in_jobs(cloud: dict[str, str], tmp_path: Path) -> None:
    """`--max-num-splits` holds for a foreach whose split is a job."""
    ended = run_flow(
        write_flow(tmp_path, MIXED, HEAD),
        tmp_path,
        "run",
        "--with",
        "batch",
        "--max-num-splits",
        "2",
        **cloud,
    )
    assert ended.returncode == 1
    assert "foreach over 'xs' has 3 items, above the limit of 2" in ended.stderr


@pytest.mark.parametrize(
    ("decorator", "change", "message"),
    [
        ("@batch", {"STEPWELL_DATASTORE": "local"}, "step 'start' has @batch, but artifacts go to /"),
        ("@batch", {"STEPWELL_ENVIRONMENT": ""}, "step 'start' has @batch: no environment is named; set"),
        ("@batch", {"STEPWELL_USER": "nobody"}, "so 'user/nobody' has no namespace in environment"),
        ("@batch(queue='nowhere')", {}, "step 'start': received queue='nowhere'; allowed are the queues of"),
        ("@batch(gpu=1)", {}, "received cpu=1, memory=4096, gpu=1, and no queue of the environment"),
        (
            "@batch(iam_role='r')",
            {},
            "step 'start': @batch: received iam_role='r', which is not there: a job",
        ),
    ],
)
def test_what_can_not_run_starts_nothing(
    decorator: str, change: dict[str, str], message: str, cloud: dict[str, str], tmp_path: Path
) -> None:
    """Jobs that could not run are one line before anything starts, with the way out."""
    file = write_flow(tmp_path, one_step("pass", decorator), HEAD)
    given = {**cloud, "STEPWELL_DATASTORE": BUCKET, **change}
    ended = run_flow(file, tmp_path / "home", "run", **given)
    assert ended.returncode in (1, 2)
    assert ended.stderr.startswith("Error: ") and ended.stderr.count("\n") == 1
    assert message in ended.stderr
    assert "Workflow starting" not in ended.stdout and not (tmp_path / "home").exists()

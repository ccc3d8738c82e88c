"""Tasks as Batch jobs, against a Batch that does what the test says."""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from stepwell.compute.service import Service
from stepwell.datastore import Datastore, Failure, utc_now
from stepwell.errors import PlatformError
from stepwell.execution import batch as module
from stepwell.execution.batch import BatchJobs, interval
from stepwell.execution.growinglog import LogReader
from stepwell.execution.joboutcome import JobOutcomes
from stepwell.execution.outcome import Outcome
from stepwell.execution.queue import Attempt
from stepwell.flow.graph import Graph, Step, TaskId
from stepwell.logs import LogBook, Stream
from stepwell.store.opening import open_store
from tests.runtime.compute.support import FakeBatch, refusal

GRAPH = Graph(
    "Made",
    [
        Step("start", "foreach", ("work",), "xs"),
        Step("work", "linear", ("join",)),
        Step("join", "switch", ("a", "end"), takes_inputs=True, condition="x", cases=((1, "a"), (2, "end"))),
        Step("a", "linear", ("end",)),
        Step("end", "end"),
    ],
)
FIRST = Attempt(TaskId("work", "0-0"))


class Watched:
    """A guardian that only remembers."""

    def __init__(self) -> None:
        self.jobs: set[str] = set()
        self.closed = False

    def watch(self, job: str) -> None:
        self.jobs.add(job)

    def forget(self, job: str) -> None:
        self.jobs.discard(job)

    def close(self) -> None:
        self.closed = True


class Run:
    """A scheduler that starts what the test says and remembers what it is told."""

    def __init__(self) -> None:
        self.batch, self.guard = FakeBatch(), Watched()
        self.datastore = Datastore(open_store("memory://"), "user/ada")
        self.told: list[tuple[Any, ...]] = []
        self.selector = selectors.DefaultSelector()
        self.containers: dict[str, list[str]] = {}
        self.settled: dict[TaskId, Outcome] = {}
        self.workers = BatchJobs(
            Service(self.batch),
            lambda attempt: {"jobName": f"{attempt.task}-{attempt.number}"},
            partial(LogReader, self.datastore, "Made", "r1"),
            JobOutcomes(
                self.datastore,
                GRAPH,
                "r1",
                lambda task, attempt: self.settled.get(task),
                lambda stream: self.containers[stream],
            ),
            self.guard,
        )
        self.workers.open(self.selector, self)

    def started(self, task: TaskId, by: str) -> None:
        self.told.append(("started", task, by))

    def printed(self, task: TaskId, line: str, stream: Stream) -> None:
        self.told.append(("printed", task, line, stream))

    def ended(self, attempt: Attempt, outcome: Outcome) -> None:
        self.told.append(("ended", attempt, outcome))

    def gone(self, cause: str) -> None:
        raise AssertionError(cause)

    def start(self, *attempts: Attempt) -> list[str]:
        """Start attempts, and wait until they are submitted; their jobs."""
        before = len(self.batch.submitted)
        for attempt in attempts:
            self.workers.start(attempt)
        self.until(lambda: len([one for one in self.told if one[0] == "started"]) == before + len(attempts))
        return [f"job-{number}" for number in range(before, before + len(attempts))]

    def set(self, job: str, status: str, **detail: Any) -> None:
        self.batch.jobs[job] = {**self.batch.jobs[job], "status": status, **detail}

    def until(self, holds: Callable[[], Any]) -> None:
        deadline = time.monotonic() + 5
        while not holds():
            assert time.monotonic() < deadline, self.told
            for key, _ in self.selector.select(0.02):
                key.data()

    def lines(self) -> list[str]:
        return [one[2] for one in self.told if one[0] == "printed"]

    def outcomes(self) -> list[Outcome]:
        return [one[2] for one in self.told if one[0] == "ended"]

    def put_log(self, attempt: Attempt, number: int, *lines: str) -> None:
        log = LogBook(utc_now())
        for line in lines:
            log.add("e", f"{line}\n".encode(), utc_now())
        self.datastore.put_log("Made", "r1", attempt.task, number, log.to_bytes())


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.setattr(module, "_SHORTEST", 0.01)
    monkeypatch.setattr(module, "pause", lambda age, size: 0.02)
    made = Run()
    yield made
    if not made.guard.closed:
        made.workers.close()


def test_looks_are_fast_after_a_change_and_seldom_without() -> None:
    """Right after a change jobs are looked at some times a second, after minutes every 20 s, with jitter."""
    assert interval(0, 0.5) == 0.25
    assert interval(40, 0.5) == 5
    assert [interval(10_000, chance) for chance in (0, 0.5, 1)] == pytest.approx([16, 20, 24])


def test_a_job_is_followed_to_its_end(run: Run) -> None:
    """The scheduler hears the job's id, each of its states, what the task prints meanwhile, and its end."""
    (job,) = run.start(FIRST)
    assert run.told[0] == ("started", FIRST.task, "job job-0")
    run.until(lambda: "It is Batch job job-0." in run.lines())
    for status in ("RUNNABLE", "STARTING", "RUNNING"):
        run.set(job, status)
        run.until(lambda status=status: f"The job is {status}." in run.lines())
    run.put_log(FIRST, 0, "one")
    run.until(lambda: "one" in run.lines())
    run.put_log(FIRST, 0, "one", "two")
    run.set(job, "SUCCEEDED", attempts=[{}])
    run.until(run.outcomes)
    assert run.lines()[-2:] == ["one", "two"]
    assert run.told[-1] == ("ended", FIRST, Outcome())
    assert run.guard.jobs == set()


def test_what_tasks_decide_is_read(run: Run) -> None:
    """The number of splits of a foreach, and the step that a switch chose, come from the datastore."""
    split, switch = Attempt(TaskId("start", "0")), Attempt(TaskId("join", "0"))
    run.datastore.put_split("Made", "r1", split.task, 3)
    run.datastore.put_split("Made", "r1", switch.task, "a")
    for attempt, outcome in ((split, Outcome(splits=3)), (switch, Outcome(chosen="a"))):
        (job,) = run.start(attempt)
        run.set(job, "SUCCEEDED", attempts=[{}])
        run.until(lambda attempt=attempt, outcome=outcome: run.told[-1] == ("ended", attempt, outcome))


def test_a_failure_is_the_tasks_own(run: Run) -> None:
    """What the task says of its failure is what the scheduler hears, also of an attempt that Batch made."""
    failure = Failure("work", "0-0", 3, "ValueError: no", "Traceback", utc_now())
    run.datastore.put_failure("Made", "r1", failure)
    attempt = Attempt(FIRST.task, 2)
    run.put_log(attempt, 2, "first")
    run.put_log(attempt, 3, "second")
    (job,) = run.start(attempt)
    run.set(job, "FAILED", attempts=[{}, {}], statusReason="Essential container in task exited")
    run.until(run.outcomes)
    assert run.outcomes() == [Outcome(failure=failure)]
    assert run.lines()[-2:] == ["first", "second"]


def test_a_death_without_a_word_has_batchs_reason(run: Run) -> None:
    """Of a job that left nothing Batch's reason is kept as its failure, and its container's log is shown."""
    run.containers["stream"] = ["exec format error"]
    (job,) = run.start(FIRST)
    run.set(
        job,
        "FAILED",
        attempts=[{}],
        statusReason="Task failed to start",
        container={"reason": "CannotPullContainerError: no such image", "logStreamName": "stream"},
    )
    run.until(run.outcomes)
    (outcome,) = run.outcomes()
    assert outcome.failure is not None
    assert outcome.failure.reason.startswith(
        "its Batch job job-0 ended: Task failed to start; CannotPullContainerError: no such image; ask who"
    )
    assert run.datastore.failure("Made", "r1", FIRST.task, 0) == outcome.failure
    assert run.lines()[-1] == "exec format error"


def test_a_task_whose_job_failed_once_it_was_done_is_done(run: Run) -> None:
    """What is done stays done, though its job was killed before it could end well, and said that it died."""
    run.settled[FIRST.task] = Outcome(splits=2)
    run.datastore.put_failure("Made", "r1", Failure("work", "0-0", 0, "killed", "", utc_now()))
    (job,) = run.start(FIRST)
    run.set(job, "FAILED", attempts=[{}], statusReason="Host EC2 (instance i-1) terminated.")
    run.until(run.outcomes)
    assert run.outcomes() == [Outcome(splits=2)]


def test_jobs_are_described_together(run: Run) -> None:
    """However many jobs there are, a look at up to a hundred is one call."""
    run.start(*(Attempt(TaskId("work", f"0-{index}")) for index in range(40)))
    before = len(run.batch.described)
    run.until(lambda: len(run.batch.described) >= before + 3)
    assert {len(ids) for ids in run.batch.described[before + 1 :]} == {40}


def test_a_job_that_waits_long_says_why(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that stays RUNNABLE is said to, with the reason of the job, or of its queue."""
    monkeypatch.setattr(module, "WAITING", 0.05)
    run.batch.environment["state"] = "DISABLED"
    (job,) = run.start(FIRST)
    run.set(job, "RUNNABLE")
    run.until(lambda: any("compute environment fargate is DISABLED" in line for line in run.lines()))
    run.set(job, "RUNNABLE", statusReason="MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT")
    run.until(lambda: "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT" in run.lines()[-1])
    assert run.lines()[-1].startswith("The job has been RUNNABLE for 0.")


def test_a_job_that_batch_forgets_is_lost(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that Batch does not describe, new ones aside, has failed."""
    monkeypatch.setattr(module, "UNKNOWN", 0.2)
    (job,) = run.start(FIRST)
    del run.batch.jobs[job]
    run.until(run.outcomes)
    assert run.outcomes()[0].failure is not None
    assert "Batch knows the job no more" in run.outcomes()[0].failure.reason


def test_a_refused_submission_ends_the_run(run: Run) -> None:
    """What AWS refuses is raised in the scheduler's thread: no attempt after it would fare better."""
    run.batch.refusals.append(refusal("SubmitJob", "AccessDeniedException", "not you"))
    run.workers.start(FIRST)
    with pytest.raises(PlatformError, match="Batch job work/0-0-0: AWS answered AccessDeniedException"):
        run.until(lambda: False)


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://batch"),
        refusal("SubmitJob", "TooManyRequestsException", "slow down", 429),
        refusal("SubmitJob", "ServerException", "try later", 500),
    ],
)
def test_what_may_pass_is_asked_again(run: Run, error: Exception) -> None:
    """A submission that could not reach AWS, or found it with too much to do, is made again."""
    run.batch.refusals.append(error)
    assert run.start(FIRST) == ["job-0"]


def test_the_end_of_the_run_ends_its_jobs(run: Run) -> None:
    """On closing every job that has not ended is terminated, and it is said; one that resists is watched."""
    done, running, stubborn = run.start(*(Attempt(TaskId("work", f"0-{index}")) for index in range(3)))
    run.set(done, "SUCCEEDED", attempts=[{}])
    run.until(run.outcomes)
    run.batch.endless.add(stubborn)
    run.workers.close()
    assert run.batch.terminated.keys() == {running}
    assert "Its Batch job was ended." in run.lines()
    assert any(line.startswith("Its Batch job was not ended: Batch job") for line in run.lines())
    assert run.guard.jobs == {stubborn} and run.guard.closed


def test_a_job_that_is_submitted_meanwhile_is_ended_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A submission that is under way when the run ends is waited for, and its job terminated."""
    submit = run.batch.submit_job

    def slowly(**arguments: Any) -> Any:
        time.sleep(0.3)
        return submit(**arguments)

    monkeypatch.setattr(run.batch, "submit_job", slowly)
    for index in range(20):
        run.workers.start(Attempt(TaskId("work", f"0-{index}")))
    time.sleep(0.1)
    run.workers.close()
    assert run.batch.terminated.keys() == run.batch.jobs.keys()
    assert 1 <= len(run.batch.submitted) <= module.SUBMITTING

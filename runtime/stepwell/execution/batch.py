"""Tasks as Batch jobs: submitted a few at once, looked at all together, and ended with the run."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from selectors import EVENT_READ, BaseSelector
from typing import Any, Protocol, TypeVar

from stepwell.compute.service import OVER, Service
from stepwell.errors import PlatformError, StepwellError, StoreError
from stepwell.execution.growinglog import LogReader, pause
from stepwell.execution.joboutcome import JobOutcomes
from stepwell.execution.queue import Attempt
from stepwell.execution.tally import duration
from stepwell.execution.workers import Scheduler
from stepwell.flow.graph import TaskId

T = TypeVar("T")

SUBMITTING, LOOKING = 4, 8
"""How many threads submit jobs, of which Batch takes 50 a second of an account, and read what jobs left."""
PATIENCE = 300.0
"""Seconds for which a network that is away, or a store, is asked again."""
UNKNOWN = 120.0
"""Seconds after which a job that Batch does not describe is lost: a new one may not be seen at once."""
WAITING = 60.0
"""Seconds for which a job is RUNNABLE before it is said why; then twice as long, and so on."""
_SHORTEST, _LONGEST = 0.25, 20.0
_SHARE = 1 / 8


def interval(since: float, chance: float) -> float:
    """Seconds to the next look at jobs none of which has changed for `since` seconds.

    Args:
        chance: from 0 to 1: those who began at once are not to ask at once for ever.
    """
    return min(max(_SHARE * since, _SHORTEST), _LONGEST) * (0.8 + 0.4 * chance)


class Guard(Protocol):
    """Ends the jobs that it watches, should this process be killed: `stepwell.compute.guardian.Guardian`."""

    def watch(self, job: str) -> None: ...

    def forget(self, job: str) -> None: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class Job:
    """An attempt whose job is submitted; times are `time.monotonic`.

    Attributes:
        logs: of each of its tasks, what reads its log.
        since: when it got its status.
        runnable_for: seconds of being RUNNABLE after which it is said why.
        size: characters that were read of its logs.
    """

    attempt: Attempt
    id: str
    logs: Mapping[TaskId, LogReader]
    submitted: float
    runnable_for: float
    status: str = "SUBMITTED"
    since: float = 0.0
    next_reading: float = 0.0
    size: int = 0


class BatchJobs:
    """Runs attempts as Batch jobs.

    Args:
        submission: the arguments of ``SubmitJob`` for an attempt.
        log: the reader of what a task prints, from an attempt on.
        outcomes: what an attempt has come to, once its job is over.
    """

    def __init__(
        self,
        service: Service,
        submission: Callable[[Attempt], Mapping[str, Any]],
        log: Callable[[TaskId, int], LogReader],
        outcomes: JobOutcomes,
        guard: Guard,
    ) -> None:
        self._service, self._submission, self._log = service, submission, log
        self._outcomes, self._guard = outcomes, guard
        self._jobs: dict[str, Job] = {}
        self._changed = time.monotonic()
        self._over, self._new = threading.Event(), threading.Event()
        self._said: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._submitting = ThreadPoolExecutor(SUBMITTING, thread_name_prefix="stepwell-submit")
        self._looking = ThreadPoolExecutor(LOOKING, thread_name_prefix="stepwell-look")
        self._follower = threading.Thread(target=self._follow, name="stepwell-batch", daemon=True)

    # -- in the scheduler's thread

    def open(self, selector: BaseSelector, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._ear, self._voice = os.pipe()
        for descriptor in (self._ear, self._voice):
            os.set_blocking(descriptor, False)
        selector.register(self._ear, EVENT_READ, self._hear)
        self._follower.start()

    def start(self, attempt: Attempt) -> None:
        self._submitting.submit(self._submit, attempt)

    def look(self, now: float) -> float | None:
        """Nothing is due here: a thread looks at the jobs."""
        return None

    def close(self) -> None:
        self._over.set()
        self._new.set()
        self._submitting.shutdown(wait=True, cancel_futures=True)
        self._follower.join()
        self._looking.shutdown()
        self._end_all()
        self._guard.close()
        for descriptor in (self._ear, self._voice):
            os.close(descriptor)

    def _end_all(self) -> None:
        """End the jobs that still run."""
        left = self._service.terminate(list(self._jobs), "the run that it was part of has ended")
        for job in self._jobs.values():
            error = left.get(job.id)
            said = f"Its Batch job was not ended: {error}" if error else "Its Batch job was ended."
            self._scheduler.printed(job.attempt.task, said, "e" if error else "o")
            if not error:
                self._guard.forget(job.id)

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._ear, 1 << 16)
        with suppress(Empty):
            while True:
                self._said.get_nowait()()

    # -- in other threads

    def _say(self, call: Callable[[], None]) -> None:
        """Have something called in the scheduler's thread."""
        self._said.put(call)
        with suppress(BlockingIOError):  # full: it will hear anyway
            os.write(self._voice, b"\0")

    def _submit(self, attempt: Attempt) -> None:
        try:
            id = self._patiently(lambda: self._service.submit(self._submission(attempt)))
        except Exception as error:
            self._say(partial(_raise, error))
            return
        self._guard.watch(id)
        for task in attempt.tasks:
            self._say(partial(self._scheduler.started, task, f"job {id[:8]}"))
        self._say(partial(self._scheduler.printed, attempt.task, f"It is Batch job {id}.", "o"))
        self._changed = now = time.monotonic()
        logs = {task: self._log(task, attempt.number) for task in attempt.tasks}
        self._jobs[id] = Job(attempt, id, logs, now, WAITING, since=now)
        self._new.set()

    def _follow(self) -> None:
        try:
            while not self._over.is_set():
                self._new.clear()
                self._look_at_all()
                quiet = time.monotonic() - self._changed
                if self._new.wait(interval(quiet, random.random()) if self._jobs else None):
                    self._over.wait(_SHORTEST)  # the others of those that are submitted now
        except Exception as error:
            self._say(partial(_raise, error))

    def _look_at_all(self) -> None:
        jobs = list(self._jobs.values())
        if not jobs:
            return
        details = self._patiently(lambda: self._service.describe([job.id for job in jobs]))
        if any(list(self._looking.map(lambda job: self._see(job, details.get(job.id)), jobs))):
            self._changed = time.monotonic()

    def _see(self, job: Job, detail: dict[str, Any] | None) -> bool:
        """Take in what Batch says of a job; whether it has another status."""
        now = time.monotonic()
        if detail is None:
            if now - job.submitted < UNKNOWN:
                return False
            detail = {"jobId": job.id, "status": "FAILED", "statusReason": "Batch knows the job no more"}
        status = detail["status"]
        changed: bool = status != job.status
        if changed:
            job.status, job.since = status, now
        if status in OVER:
            self._ended(job, detail)
        elif changed:
            self._tell(job, f"The job is {status}.")
        if status == "RUNNING" and now >= job.next_reading:
            with suppress(StoreError):  # the next time, or at the end
                self._read(job, detail)
            job.next_reading = now + pause(now - job.since, job.size)
        if status == "RUNNABLE" and now - job.since > job.runnable_for:
            job.runnable_for *= 2
            self._tell(job, f"The job has been RUNNABLE for {duration(now - job.since)}: {self._why(detail)}")
        return changed

    def _why(self, detail: dict[str, Any]) -> str:
        """Why a job still waits."""
        with suppress(PlatformError):
            said = detail.get("statusReason") or self._service.ails(detail["jobQueue"])
            return said or "its queue is well; the machines are taken by other jobs, or still start"
        return "nothing is known of its queue"

    def _read(self, job: Job, detail: dict[str, Any]) -> None:
        """Pass on what is new in the logs of a job's tasks."""
        tried = len(detail.get("attempts", ()))
        last = job.attempt.number + (max(tried - 1, 0) if detail["status"] in OVER else tried)
        for task, log in job.logs.items():
            for stream, line in log.new(last):
                job.size += len(line)
                self._say(partial(self._scheduler.printed, task, line, stream))

    def _ended(self, job: Job, detail: dict[str, Any]) -> None:
        self._patiently(lambda: self._read(job, detail))
        outcome, last_words = self._patiently(lambda: self._outcomes.of(job.attempt, detail))
        del self._jobs[job.id]
        self._guard.forget(job.id)
        for line in last_words:
            self._tell(job, line)
        self._say(partial(self._scheduler.ended, job.attempt, outcome))

    def _tell(self, job: Job, text: str) -> None:
        self._say(partial(self._scheduler.printed, job.attempt.task, text, "o"))

    def _patiently(self, call: Callable[[], T]) -> T:
        """Call again what fails for want of a network or a store, as long as there is patience."""
        began, wait = time.monotonic(), 1.0
        while True:
            try:
                return call()
            except (PlatformError, StoreError) as error:
                if not _may_pass(error) or time.monotonic() - began > PATIENCE or self._over.wait(wait):
                    raise
                wait = min(2 * wait, _LONGEST)


def _may_pass(error: StepwellError) -> bool:
    """Whether it is no refusal: a network or store that is away, or a service that has too much to do."""
    from botocore.exceptions import BotoCoreError, ClientError

    cause = error.__cause__
    if isinstance(cause, ClientError):
        status = cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        return status == 429 or status >= 500
    return isinstance(error, StoreError) or isinstance(cause, BotoCoreError)


def _raise(error: Exception) -> None:
    raise error

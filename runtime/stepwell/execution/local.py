"""The local scheduler: runs a flow's tasks as processes of this machine."""

from __future__ import annotations

import os
import pickle
import select
import selectors
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from stepwell.datastore import Datastore, Failure, utc_now
from stepwell.errors import RunFailed
from stepwell.execution.forkserver import Ended, ForkServer, Started, Worker
from stepwell.execution.outcome import Outcome, death
from stepwell.execution.queue import Attempt, Queue
from stepwell.execution.reporter import Reporter
from stepwell.execution.taskserver import TaskRequest
from stepwell.flow.decorators.attempts import attempts
from stepwell.flow.decorators.timeout import limit
from stepwell.flow.frontier import Frontier
from stepwell.flow.graph import TaskId
from stepwell.flow.spec import FlowSpec
from stepwell.logs import LogBook, Stream

GRACE = 10.0
"""Seconds that a task has to end itself after its ``@timeout``, before it is killed."""


@dataclass(slots=True)
class Running:
    """An attempt of a task whose process runs; `deadline` is when it is killed as stuck."""

    attempt: Attempt
    worker: Worker
    deadline: float | None = None
    pid: int = 0
    log: LogBook = field(default_factory=LogBook)
    answer: bytearray = field(default_factory=bytearray)

    @property
    def task(self) -> TaskId:
        return self.attempt.task


class LocalRun:
    """One run on this machine.

    Args:
        server: forks a process for what `request` makes of an attempt, and sends back an `Outcome`.
        max_workers: how many tasks run at once.
    """

    def __init__(
        self,
        flow_class: type[FlowSpec],
        run: str,
        datastore: Datastore,
        server: ForkServer,
        request: Callable[[Attempt], TaskRequest],
        reporter: Reporter,
        max_workers: int,
    ) -> None:
        self._graph, self._run, self._datastore = flow_class.graph(), run, datastore
        self._functions = flow_class.step_functions()
        self._request = request
        self._server, self._report, self._max_workers = server, reporter, max_workers
        self._frontier = Frontier(self._graph)
        self._waiting = Queue()
        self._running: dict[int, Running] = {}
        self._selector = selectors.DefaultSelector()
        self._failures: list[Failure] = []
        # logs go to the datastore beside the loop, so that a slow store does not hold up tasks
        self._writers = ThreadPoolExecutor(4, thread_name_prefix="stepwell-log")
        self._writes: list[Future[None]] = []

    def execute(self) -> None:
        """Run to the end.

        Raises:
            RunFailed: a task failed; what was running was ended, what was done stays readable.
        """
        self._selector.register(self._server, selectors.EVENT_READ, self._hear_server)
        self._waiting.push(Attempt(self._frontier.first()))
        try:
            while self._waiting or self._running:
                self._start_what_fits()
                for key, _ in self._selector.select(self._patience()):
                    if key.fd in self._selector.get_map():
                        hear: Callable[[], None] = key.data
                        hear()
                self._kill_what_is_stuck()
                if self._failures:
                    break
        finally:
            self._end_all()
            self._writers.shutdown(wait=True)
            for write in self._writes:
                write.result()
        if self._failures:
            raise RunFailed(self._sum_up())

    def _start_what_fits(self) -> None:
        while len(self._running) < self._max_workers:
            attempt = self._waiting.pop(time.monotonic())
            if attempt is None:
                return
            worker = self._server.start(self._request(attempt))
            running = Running(attempt, worker)
            if seconds := limit(self._functions[attempt.task.step]):
                running.deadline = time.monotonic() + seconds + GRACE
            self._running[worker.ticket] = running
            for descriptor, take in self._pipes(running):
                os.set_blocking(descriptor, False)
                self._selector.register(
                    descriptor, selectors.EVENT_READ, partial(self._hear_pipe, descriptor, take)
                )

    def _patience(self) -> float | None:
        """Seconds for which nothing but a task can change anything; None for any time."""
        times = [running.deadline for running in self._running.values()] + [self._waiting.next_time]
        soonest = min((when for when in times if when is not None), default=None)
        return None if soonest is None else max(0.0, soonest - time.monotonic())

    def _kill_what_is_stuck(self) -> None:
        """End tasks that their ``@timeout`` could not end from inside."""
        for running in self._running.values():
            if running.deadline is not None and running.deadline <= time.monotonic():
                running.deadline = None
                with suppress(ProcessLookupError):
                    os.kill(running.pid, signal.SIGKILL)

    def _pipes(self, running: Running) -> list[tuple[int, Callable[[bytes], None]]]:
        """The pipes of a task, and what takes what is read from each."""
        return [
            (running.worker.out, partial(self._printed, running, "o")),
            (running.worker.err, partial(self._printed, running, "e")),
            (running.worker.result, running.answer.extend),
        ]

    def _printed(self, running: Running, stream: Stream, data: bytes) -> None:
        for line in running.log.add(stream, data, utc_now()):
            self._report.line(running.task, running.pid, line, stream)

    def _hear_pipe(self, descriptor: int, take: Callable[[bytes], None]) -> None:
        if not _read(descriptor, take):
            self._selector.unregister(descriptor)

    def _hear_server(self) -> None:
        event = self._server.event()
        if event is None:
            for running in list(self._running.values()):
                self._lost(running, "the process that starts tasks was killed")
            if not self._failures:
                raise RunFailed(
                    f"run {self._graph.flow}/{self._run}: the process that starts tasks was killed"
                )
        elif isinstance(event, Started):
            running = self._running[event.ticket]
            running.pid = event.pid
            self._report.started(running.task, event.pid)
        else:
            self._ended(self._running.pop(event.ticket), event)

    def _ended(self, running: Running, event: Ended) -> None:
        self._close(running)
        if event.status or not running.answer:
            self._lost(running, death(event.status) or "the task's process ended before its step was done")
            return
        outcome: Outcome = pickle.loads(running.answer)
        if outcome.failure:
            self._failed(running, outcome.failure)
            return
        self._report.finished(running.task, running.pid)
        for task in self._frontier.done(running.task, outcome.splits, outcome.chosen):
            self._waiting.push(Attempt(task))

    def _lost(self, running: Running, cause: str) -> None:
        """A task died without a word: say so on its behalf."""
        task, attempt = running.task, running.attempt.number
        failure = Failure(task.step, task.path, attempt, cause, "", utc_now())
        self._datastore.put_failure(self._graph.flow, self._run, failure)
        self._failed(running, failure)

    def _failed(self, running: Running, failure: Failure) -> None:
        """Try the task again, or let the run fail."""
        self._report.failed(running.task, running.pid, failure)
        wait = attempts(self._functions[running.task.step]).wait(failure.attempt)
        if wait is None:
            self._failures.append(failure)
            return
        following = Attempt(running.task, failure.attempt + 1)
        self._report.retrying(running.task, following.number, wait)
        self._waiting.push_later(following, time.monotonic() + wait)

    def _close(self, running: Running) -> None:
        """Take what the pipes of a task that is gone still hold, and keep its log."""
        for descriptor, take in self._pipes(running):
            if descriptor in self._selector.get_map():
                self._selector.unregister(descriptor)
                # a process that the task left behind may hold the pipe open: take what is there now
                while select.select([descriptor], [], [], 0)[0] and _read(descriptor, take):
                    pass
        running.worker.close()
        for line in running.log.close(utc_now()):
            self._report.line(running.task, running.pid, line, "o")
        log = running.log.to_bytes()
        if log:
            put = self._datastore.put_log
            self._writes.append(
                self._writers.submit(
                    put, self._graph.flow, self._run, running.task, running.attempt.number, log
                )
            )

    def _end_all(self) -> None:
        for running in self._running.values():
            if running.pid:
                with suppress(ProcessLookupError):
                    os.kill(running.pid, signal.SIGKILL)
            self._close(running)
        self._server.close()
        self._selector.close()

    def _sum_up(self) -> str:
        first = self._failures[0]
        more = len(self._failures) - 1
        others = f" (and {more} more)" if more else ""
        return (
            f"run {self._graph.flow}/{self._run} failed in step '{first.step}', "
            f"task {first.step}/{first.task}{others}: {first.reason}"
        )


def _read(descriptor: int, take: Callable[[bytes], None]) -> bool:
    """Pass on what can be read without waiting; False at the end of the stream."""
    try:
        data = os.read(descriptor, 1 << 16)
    except BlockingIOError:
        return True
    take(data)
    return bool(data)

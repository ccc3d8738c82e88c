"""Tasks as processes of this machine, forked by the flow's server."""

from __future__ import annotations

import os
import pickle
import select
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from selectors import EVENT_READ, BaseSelector
from typing import Any

from stepwell.datastore import Datastore, Failure, utc_now
from stepwell.execution.forkserver import Ended, ForkServer, Started, Worker
from stepwell.execution.growinglog import pause
from stepwell.execution.outcome import Outcome, death
from stepwell.execution.queue import Attempt
from stepwell.execution.workers import Scheduler, Settled
from stepwell.flow.decorators.timeout import limit
from stepwell.flow.graph import TaskId
from stepwell.logs import LogBook, Stream

GRACE = 10.0
"""Seconds that a task has to end itself after its ``@timeout``, before it is killed."""


@dataclass(slots=True)
class Running:
    """A task whose process runs, of an attempt; times are `time.monotonic`.

    Attributes:
        deadline: when it is killed as stuck.
        next_keeping: when its log is kept again, which grows.
        kept: how much of the log is kept by then.
        write: the last time that it was kept.
    """

    attempt: Attempt
    task: TaskId
    worker: Worker
    deadline: float | None = None
    pid: int = 0
    log: LogBook = field(default_factory=lambda: LogBook(utc_now()))
    answer: bytearray = field(default_factory=bytearray)
    began: float = field(default_factory=time.monotonic)
    next_keeping: float = 0.0
    kept: int = 0
    write: Future[None] | None = None


@dataclass(slots=True)
class Together:
    """The processes of an attempt that still run: more than one of a gang's.

    Attributes:
        outcome: what it has come to: that of the main node, or the failure of the first that failed.
    """

    running: list[Running] = field(default_factory=list)
    outcome: Outcome | None = None

    @property
    def is_lost(self) -> bool:
        return self.outcome is not None and self.outcome.failure is not None


class Processes:
    """Runs attempts as processes, and keeps what they print as the log of their task.

    Args:
        server: forks a process for what `request` makes of a task of an attempt, and sends back an `Outcome`.
        settled: looks whether a task is done whose process has not said so.
        functions: the flow's steps by name.
        flow, run: where in the datastore logs and failures go.
    """

    def __init__(
        self,
        server: ForkServer,
        request: Callable[[TaskId, Attempt], Any],
        settled: Settled,
        functions: dict[str, Callable[..., Any]],
        datastore: Datastore,
        flow: str,
        run: str,
    ) -> None:
        self._server, self._request, self._settled, self._functions = server, request, settled, functions
        self._datastore, self._flow, self._run = datastore, flow, run
        self._running: dict[int, Running] = {}
        self._attempts: dict[Attempt, Together] = {}
        # logs go to the datastore beside the loop, so that a slow store does not hold up tasks
        self._writers = ThreadPoolExecutor(4, thread_name_prefix="stepwell-log")
        self._writes: list[Future[None]] = []

    def open(self, selector: BaseSelector, scheduler: Scheduler) -> None:
        self._selector, self._scheduler = selector, scheduler
        selector.register(self._server, EVENT_READ, self._hear_server)

    def start(self, attempt: Attempt) -> None:
        self._attempts[attempt] = Together()
        for task in attempt.tasks:
            try:
                worker = self._server.start(self._request(task, attempt))
            except OSError:
                self._server_is_gone(attempt)
                return
            self._attempts[attempt].running.append(self._add(Running(attempt, task, worker)))

    def _add(self, running: Running) -> Running:
        running.next_keeping = running.began + pause(0, 0)
        if seconds := limit(self._functions[running.task.step]):
            running.deadline = time.monotonic() + seconds + GRACE
        self._running[running.worker.ticket] = running
        for descriptor, _ in self._pipes(running):
            os.set_blocking(descriptor, False)
        return running

    def look(self, now: float) -> float | None:
        """Kill what its ``@timeout`` could not end from inside, and keep logs that have grown."""
        soonest = None
        for running in self._running.values():
            if running.deadline is not None and running.deadline <= now:
                running.deadline = None
                with suppress(ProcessLookupError):
                    os.kill(running.pid, signal.SIGKILL)
            if running.next_keeping <= now:
                self._keep_growing(running, now)
            times = (soonest, running.deadline, running.next_keeping)
            soonest = min(when for when in times if when is not None)
        return soonest

    def close(self) -> None:
        while self._running:
            self._end(self._running.popitem()[1])
        self._server.close()
        self._writers.shutdown(wait=True)
        for write in self._writes:
            write.result()

    def _pipes(self, running: Running) -> list[tuple[int, Callable[[bytes], None]]]:
        """The pipes of a task, and what takes what is read from each."""
        return [
            (running.worker.out, partial(self._printed, running, "o")),
            (running.worker.err, partial(self._printed, running, "e")),
            (running.worker.result, running.answer.extend),
        ]

    def _printed(self, running: Running, stream: Stream, data: bytes) -> None:
        for line in running.log.add(stream, data, utc_now()):
            self._scheduler.printed(running.task, line, stream)

    def _hear_pipe(self, descriptor: int, take: Callable[[bytes], None]) -> None:
        if not _read(descriptor, take):
            self._selector.unregister(descriptor)

    def _hear_server(self) -> None:
        event = self._server.event()
        if event is None:
            self._selector.unregister(self._server)
            self._server_is_gone()
        elif isinstance(event, Started):
            running = self._running[event.ticket]
            running.pid = event.pid
            self._scheduler.started(running.task, f"pid {event.pid}")
            if self._attempts[running.attempt].is_lost:
                _kill(running)
            # only now, so that nothing a task prints is shown before it is said that it runs
            for descriptor, take in self._pipes(running):
                self._selector.register(descriptor, EVENT_READ, partial(self._hear_pipe, descriptor, take))
        else:
            self._ended(self._running.pop(event.ticket), event)

    def _ended(self, running: Running, event: Ended) -> None:
        self._close(running)
        cause = death(event.status) or "the task's process ended before its step was done"
        self._over(running, self._outcome(running, is_whole=not event.status), cause)

    def _over(self, running: Running, outcome: Outcome | None, cause: str) -> None:
        """A process is gone, which said `outcome` or died of `cause`; with its last one an attempt ends."""
        together = self._attempts[running.attempt]
        together.running.remove(running)
        if not together.is_lost:
            if outcome is None:
                outcome = self._died(running.attempt, running.task, cause)
            if outcome.failure or running.task == running.attempt.task:
                together.outcome = outcome
            if outcome.failure:
                for other in together.running:  # they succeed together
                    _kill(other)
        if not together.running:
            del self._attempts[running.attempt]
            assert together.outcome is not None
            self._scheduler.ended(running.attempt, together.outcome)

    def _server_is_gone(self, starting: Attempt | None = None) -> None:
        """End what it ran; an attempt that has said its outcome keeps it, and what follows can't start."""
        why, lost = self._server.why_gone(), starting is not None
        while self._running:
            running = self._running.popitem()[1]
            self._end(running)
            outcome = self._outcome(running)
            lost = lost or outcome is None
            self._over(running, outcome, why)
        if starting in self._attempts:
            del self._attempts[starting]
            self._scheduler.ended(starting, self._died(starting, starting.task, why))
        if lost:
            self._scheduler.gone(why)

    def _end(self, running: Running) -> None:
        _kill(running)
        self._close(running)

    def _outcome(self, running: Running, is_whole: bool = True) -> Outcome | None:
        """What a process has said of its task, or what can be seen of it; None where it was not done."""
        if running.answer and is_whole:
            said: Outcome = pickle.loads(running.answer)
            return said
        return self._settled(running.task, running.attempt)

    def _died(self, attempt: Attempt, task: TaskId, cause: str) -> Outcome:
        """The outcome of a task that died without a word, said on its behalf."""
        failure = Failure(task.step, task.path, attempt.number, cause, "", utc_now())
        self._datastore.put_failure(self._flow, self._run, failure)
        return Outcome(failure=failure)

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
            self._scheduler.printed(running.task, line, "o")
        if running.write or not running.log.is_empty:
            write = self._writers.submit(self._keep, running, running.log.to_bytes(), running.write)
            self._writes.append(write)

    def _keep_growing(self, running: Running, now: float) -> None:
        """Keep a log as it is, if there is more than was kept; a store that refuses is asked again."""
        log, write = running.log.so_far(), running.write
        running.next_keeping = now + pause(now - running.began, len(log))
        if write and not write.done():
            return
        if len(log) > running.kept or (write and write.exception()):
            running.kept = len(log)
            running.write = self._writers.submit(self._keep, running, log, None)

    def _keep(self, running: Running, log: bytes, earlier: Future[None] | None) -> None:
        if earlier:
            wait([earlier])  # it began before, in whatever thread: what is shorter must not come last
        self._datastore.put_log(self._flow, self._run, running.task, running.attempt.number, log)


def _kill(running: Running) -> None:
    if running.pid:
        with suppress(ProcessLookupError):
            os.kill(running.pid, signal.SIGKILL)


def _read(descriptor: int, take: Callable[[bytes], None]) -> bool:
    """Pass on what can be read without waiting; False at the end of the stream."""
    try:
        data = os.read(descriptor, 1 << 16)
    except BlockingIOError:
        return True
    take(data)
    return bool(data)

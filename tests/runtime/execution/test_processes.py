"""Tasks as processes, where the server that forks them is gone."""

from __future__ import annotations

import os
import pickle
import selectors
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stepwell.datastore import Datastore
from stepwell.execution.forkserver import Worker
from stepwell.execution.outcome import Outcome
from stepwell.execution.processes import Processes
from stepwell.execution.queue import Attempt
from stepwell.flow.graph import TaskId
from stepwell.store.opening import open_store


class DeadServer:
    """A fork server that was killed, or is once it has begun tasks that answer as `answers` says."""

    def __init__(self, *answers: Outcome | None) -> None:
        self._read, write = os.pipe()
        os.close(write)
        self._answers = list(enumerate(answers))

    def fileno(self) -> int:
        return self._read

    def why_gone(self) -> str:
        return "the process that starts tasks was killed"

    def start(self, request: Any) -> Worker:
        if not self._answers:
            raise BrokenPipeError
        ticket, answer = self._answers.pop(0)
        reads, writes = zip(*(os.pipe() for _ in range(3)), strict=True)
        if answer:
            os.write(writes[2], pickle.dumps(answer))
        for descriptor in writes:
            os.close(descriptor)
        return Worker(ticket, *reads)

    def event(self) -> None:
        return None

    def close(self) -> None:
        os.close(self._read)


class Told:
    """A scheduler that remembers."""

    def __init__(self) -> None:
        self.outcomes: dict[Attempt, Outcome] = {}
        self.causes: list[str] = []

    def started(self, task: TaskId, by: str) -> None: ...

    def printed(self, task: TaskId, line: str, stream: str) -> None: ...

    def ended(self, attempt: Attempt, outcome: Outcome) -> None:
        assert attempt not in self.outcomes
        self.outcomes[attempt] = outcome

    def gone(self, cause: str) -> None:
        self.causes.append(cause)


@pytest.fixture
def closing() -> Iterator[list[Callable[[], None]]]:
    calls: list[Callable[[], None]] = []
    yield calls
    for call in calls:
        call()


def opened(server: Any, datastore: Datastore, told: Told) -> tuple[Processes, selectors.BaseSelector]:
    processes = Processes(
        server,
        lambda task, attempt: attempt,
        lambda task, attempt: None,
        {"work": lambda: None},
        datastore,
        "Made",
        "r1",
    )
    selector = selectors.DefaultSelector()
    processes.open(selector, told)
    return processes, selector


def test_a_dead_server_fails_what_was_to_start(closing: list[Callable[[], None]]) -> None:
    """An attempt that can't be started any more is a failure with its cause, kept in the datastore."""
    datastore = Datastore(open_store("memory://"), "user/ada")
    told = Told()
    processes, _ = opened(DeadServer(), datastore, told)
    closing.append(processes.close)
    first, second = Attempt(TaskId("work", "0-0")), Attempt(TaskId("work", "0-1"), 2)
    processes.start(first)
    processes.start(second)
    assert set(told.causes) == {"the process that starts tasks was killed"}
    for attempt in (first, second):
        failure = datastore.failure("Made", "r1", attempt.task, attempt.number)
        assert told.outcomes[attempt] == Outcome(failure=failure)
        assert failure.reason == "the process that starts tasks was killed"


def test_what_was_done_before_the_server_died_is_done(closing: list[Callable[[], None]]) -> None:
    """A task that has said its outcome keeps it when the server dies; only the others are failures."""
    datastore, told = Datastore(open_store("memory://"), "user/ada"), Told()
    processes, selector = opened(DeadServer(Outcome(splits=3), None), datastore, told)
    closing.append(processes.close)
    done, cut_off = Attempt(TaskId("work", "0-0")), Attempt(TaskId("work", "0-1"))
    processes.start(done)
    processes.start(cut_off)
    for key, _ in selector.select(0):
        key.data()
    assert told.outcomes[done] == Outcome(splits=3)
    assert told.outcomes[cut_off].failure == datastore.failure("Made", "r1", cut_off.task, 0)
    assert told.causes == ["the process that starts tasks was killed"]
    assert not selector.select(0)


def test_a_server_that_died_in_between_fails_what_comes_next(closing: list[Callable[[], None]]) -> None:
    """Where all had said their outcome the run goes on, and fails with the task that can't start."""
    datastore, told = Datastore(open_store("memory://"), "user/ada"), Told()
    processes, selector = opened(DeadServer(Outcome()), datastore, told)
    closing.append(processes.close)
    processes.start(Attempt(TaskId("work", "0-0")))
    for key, _ in selector.select(0):
        key.data()
    assert not told.causes
    following = Attempt(TaskId("work", "0-1"))
    processes.start(following)
    assert told.outcomes[following].failure and told.causes

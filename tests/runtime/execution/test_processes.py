"""Tasks as processes, where the server that forks them is gone."""

from __future__ import annotations

import os
import selectors
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stepwell.datastore import Datastore
from stepwell.execution.outcome import Outcome
from stepwell.execution.processes import Processes
from stepwell.execution.queue import Attempt
from stepwell.flow.graph import TaskId
from stepwell.store.opening import open_store


class DeadServer:
    """A fork server that was killed."""

    def __init__(self) -> None:
        self._read, write = os.pipe()
        os.close(write)

    def fileno(self) -> int:
        return self._read

    def why_gone(self) -> str:
        return "the process that starts tasks was killed"

    def start(self, request: Any) -> Any:
        raise BrokenPipeError

    def event(self) -> None:
        return None

    def close(self) -> None:
        os.close(self._read)


class Told:
    """A scheduler that remembers."""

    def __init__(self) -> None:
        self.outcomes: dict[Attempt, Outcome] = {}
        self.causes: list[str] = []

    def started(self, attempt: Attempt, by: str) -> None: ...

    def printed(self, attempt: Attempt, line: str, stream: str) -> None: ...

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


def test_a_dead_server_fails_what_was_to_start(closing: list[Callable[[], None]]) -> None:
    """An attempt that can't be started any more is a failure with its cause, kept in the datastore."""
    datastore = Datastore(open_store("memory://"), "user/ada")
    server: Any = DeadServer()
    processes = Processes(server, lambda attempt: attempt, {"work": lambda: None}, datastore, "Made", "r1")
    told = Told()
    processes.open(selectors.DefaultSelector(), told)
    closing.append(processes.close)
    first, second = Attempt(TaskId("work", "0-0")), Attempt(TaskId("work", "0-1"), 2)
    processes.start(first)
    processes.start(second)
    assert set(told.causes) == {"the process that starts tasks was killed"}
    for attempt in (first, second):
        failure = datastore.failure("Made", "r1", attempt.task, attempt.number)
        assert told.outcomes[attempt] == Outcome(failure=failure)
        assert failure.reason == "the process that starts tasks was killed"

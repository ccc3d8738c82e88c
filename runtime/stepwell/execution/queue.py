"""The tasks that wait: for a free place, or for the time of their next attempt."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from stepwell.flow import paths
from stepwell.flow.graph import TaskId


class Attempt(NamedTuple):
    """A task and how many attempts of it came before.

    Attributes:
        nodes: of a gang, attempted as a whole, how many tasks it is; `task` is that of its main node.
    """

    task: TaskId
    number: int = 0
    nodes: int | None = None

    @property
    def tasks(self) -> list[TaskId]:
        """The tasks that run at once: this one, or all nodes of the gang."""
        if self.nodes is None:
            return [self.task]
        path = paths.outer(self.task.path)
        return [TaskId(self.task.step, paths.item(path, index)) for index in range(self.nodes)]


@dataclass(slots=True)
class Queue:
    """First come, first served; a retry comes when its time has. Pure: the caller says what time it is."""

    _ready: deque[Attempt] = field(default_factory=deque)
    _later: list[tuple[float, int, Attempt]] = field(default_factory=list)
    _pushed: int = 0

    def __bool__(self) -> bool:
        return bool(self._ready or self._later)

    def push(self, attempt: Attempt) -> None:
        """Add an attempt that may start at once."""
        self._ready.append(attempt)

    def push_later(self, attempt: Attempt, when: float) -> None:
        """Add an attempt that may start at `when`."""
        self._pushed += 1  # a tie-breaker: attempts themselves have no order
        heapq.heappush(self._later, (when, self._pushed, attempt))

    def pop(self, now: float) -> Attempt | None:
        """The attempt whose turn it is, if it is any's."""
        while self._later and self._later[0][0] <= now:
            self._ready.append(heapq.heappop(self._later)[2])
        return self._ready.popleft() if self._ready else None

    def drop(self, unwanted: Callable[[TaskId], bool]) -> None:
        """Forget the attempts of tasks that need not be run any more."""
        self._ready = deque(one for one in self._ready if not unwanted(one.task))
        self._later = [one for one in self._later if not unwanted(one[2].task)]
        heapq.heapify(self._later)

    @property
    def next_time(self) -> float | None:
        """When the next retry may start, if one waits."""
        return self._later[0][0] if self._later else None

"""One run, looked at again and again: how far it is and when its tasks ran, with bounded requests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from stepwell.client.progress import Files, Progress, progress
from stepwell.client.reader import LOG, RunReader, attempts_with, done_at, has_died, is_done
from stepwell.datastore import Failure, RunInfo
from stepwell.errors import NotFound
from stepwell.flow.graph import TaskId
from stepwell.logs import began

Status = Literal["running", "succeeded", "failed"]
"""Of a run. One that was interrupted has failed; one whose scheduler was killed outright runs for ever."""

MOST_DECISIONS = 256
"""So many foreaches and switches are read at a look, at most; of others the decisions come with the next."""
_HEAD = 64
"""Bytes of a log in which it is said when its attempt began."""
_CONCURRENT_READS = 32
_SHORTEST, _LONGEST = 1.0, 30.0
_SHARE_OF_COST, _SHARE_OF_QUIET = 10, 0.1


class Span(NamedTuple):
    """When a task ran, in UTC; `ended` is None while it runs."""

    began: datetime
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class Look:
    """A run as it was at one moment.

    Attributes:
        ended: when, in UTC; None while it runs, and where that is not known.
        reason: why it failed, where no task of it says so.
        cost: seconds that the look took.
    """

    status: Status
    ended: datetime | None
    reason: str | None
    files: Files
    progress: Progress
    cost: float


Elsewhere = Callable[[RunInfo], str | None]
"""Says why a run is over, where the datastore does not know; None if it is not."""


def nowhere_else(info: RunInfo) -> None:
    """Only the datastore is asked."""


class Follower:
    """Looks at a run, and keeps what can't change any more.

    A look costs one request for each thousand files that tasks have left, at most two more to know whether
    the run is over, and one manifest for each foreach and switch whose decision nothing else tells yet.

    Args:
        elsewhere: is asked whether the run is over, where the datastore does not say so.
    """

    def __init__(self, reader: RunReader, elsewhere: Elsewhere = nowhere_else) -> None:
        self.reader = reader
        self._elsewhere = elsewhere
        self._decisions: dict[TaskId, int | str] = {}
        self._spans: dict[TaskId, Span | None] = {}
        self._begun: dict[tuple[TaskId, int], datetime] = {}

    def look(self) -> Look:
        """The run as it is now. Raises `StoreError`."""
        start = time.monotonic()
        files = self.reader.files()
        status, ended, reason = self._end(files)
        end = None if status == "running" else status == "succeeded"
        found = progress(self.reader.graph, files, self._decisions, end)
        budget = MOST_DECISIONS
        while found.undecided and budget > 0:
            asked = found.undecided[:budget]
            budget -= len(asked)
            self._learn(asked)
            found = progress(self.reader.graph, files, self._decisions, end)
        return Look(status, ended, reason, files, found, time.monotonic() - start)

    def spans(self, look: Look, tasks: Iterable[TaskId]) -> dict[TaskId, Span]:
        """When tasks ran, of those that did and of which it is known.

        At most three requests a task, once.
        A task that was taken over from another run did not run in this one.
        """
        wanted = [task for task in tasks if task in look.files and task not in self._spans]
        done = [task for task in wanted if is_done(look.files[task])]
        for task, meta in zip(done, self._metas(done), strict=True):
            times = (datetime.fromisoformat(meta[name]) for name in ("started", "ended"))
            self._spans[task] = None if meta.get("taken_from") else Span(*times)
        others = [task for task in tasks if task in look.files and task not in self._spans]
        with ThreadPoolExecutor(_CONCURRENT_READS) as pool:
            found = zip(others, pool.map(lambda task: self._open_span(look, task), others), strict=True)
        unfinished = {task: span for task, span in found if span}
        known = {task: span for task in tasks if (span := self._spans.get(task))}
        return known | unfinished

    def is_taken_over(self, task: TaskId) -> bool:
        """Whether a task of `spans` was taken over from another run."""
        return task in self._spans and self._spans[task] is None

    def failures(self, look: Look, most: int) -> list[Failure]:
        """Why tasks failed that are not done, the last attempt of each, and why jobs died whose tasks were;
        the first to fail come first."""
        states = look.progress.tasks
        failed = [task for task in look.files if states[task] == "failed" or has_died(look.files[task])]
        failed = sorted(failed, key=lambda task: look.files[task][-1].modified)[:most]
        with ThreadPoolExecutor(_CONCURRENT_READS) as pool:
            found = pool.map(lambda task: self._failure(look, task), failed)
        return sorted(filter(None, found), key=lambda failure: failure.ended)

    # -- what it takes

    def _end(self, files: Files) -> tuple[Status, datetime | None, str | None]:
        end = self.reader.end
        if is_done(files.get(end, [])):
            return "succeeded", done_at(self.reader.manifest(end), files[end]), None
        if ended := self.reader.ended():
            return "failed", ended, None
        reason = self._elsewhere(self.reader.info)
        return ("failed", None, reason) if reason else ("running", None, None)

    def _learn(self, tasks: list[TaskId]) -> None:
        for task, meta in zip(tasks, self._metas(tasks), strict=True):
            self._decisions[task] = meta["foreach"]["splits"] if meta["foreach"] else meta["switch"]["chosen"]

    def _metas(self, tasks: list[TaskId]) -> list[dict[str, Any]]:
        """What the manifests of tasks say of them; the artifacts are not kept."""
        reader = self.reader
        return [one.meta for one in reader.datastore.load(reader.flow, reader.run, tasks)]

    def _open_span(self, look: Look, task: TaskId) -> Span | None:
        """When the last attempt of a task ran that is not done, as its log and its failure tell."""
        attempts = attempts_with(look.files[task], LOG)
        begun = self._began(task, attempts[-1]) if attempts else None
        if begun is None:
            return None
        failure = self._failure(look, task) if look.progress.tasks[task] == "failed" else None
        return Span(begun, failure.ended if failure else None)

    def _began(self, task: TaskId, attempt: int) -> datetime | None:
        if (task, attempt) not in self._begun:
            reader = self.reader
            try:
                head, _ = reader.datastore.log_part(reader.flow, reader.run, task, attempt, 0, _HEAD)
            except NotFound:
                return None
            if (begun := began(head)) is None:
                return None
            self._begun[task, attempt] = begun
        return self._begun[task, attempt]

    def _failure(self, look: Look, task: TaskId) -> Failure | None:
        return self.reader.failure(task, look.files[task])


def pause(cost: float, quiet: float) -> float:
    """Seconds until a run is looked at again: a small share of the time goes into looking.

    Args:
        cost: seconds that the last look took.
        quiet: seconds since anything has changed.
    """
    return min(max(_SHORTEST, _SHARE_OF_COST * cost, _SHARE_OF_QUIET * quiet), _LONGEST)

"""The log of a task that runs elsewhere, kept while it grows: what it has printed is seen meanwhile,
and is there though its machine be gone without a word."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Self

from stepwell.datastore import Datastore
from stepwell.errors import NotFound, StoreError
from stepwell.flow.graph import TaskId
from stepwell.logs import LogBook, Stream, lines

_SHORTEST, _LONGEST = 1.0, 10.0
_SHARE = 0.1
_MEGABYTE = 1_000_000


def pause(age: float, size: int) -> float:
    """Seconds until a log is looked at, or kept, again: the longer, the older it is and the larger.

    A log is an object that is written anew each time. So short tasks are followed closely, and long
    ones don't write more than some tens of times what they print.

    Args:
        age: seconds since the task began.
        size: bytes of the log.
    """
    return min(max(_SHARE * age, _SHORTEST), _LONGEST) * (1 + size / _MEGABYTE)


class GrowingLog:
    """Keeps a log with `put` from time to time, in a thread of its own, and whole at the end of its block."""

    def __init__(self, log: LogBook, put: Callable[[bytes], None]) -> None:
        self._log, self._put = log, put
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="stepwell-log", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._put(self._log.to_bytes())

    def _go_on(self) -> None:
        began, kept = time.monotonic(), b""
        while not self._over.wait(pause(time.monotonic() - began, len(kept))):
            log = self._log.so_far()
            if len(log) > len(kept):
                with suppress(StoreError):  # the next time, or the last
                    self._put(log)
                    kept = log


class LogReader:
    """Reads what jobs add to the logs of a task, each line once.

    Args:
        first: the attempt whose log is the first; Batch may try a job again by itself.
    """

    def __init__(self, datastore: Datastore, flow: str, run: str, task: TaskId, first: int) -> None:
        self._read = partial(datastore.log_from, flow, run, task)
        self._attempt, self._place = first, 0

    def new(self, last: int) -> list[tuple[Stream, str]]:
        """The lines that are new in the logs up to that of attempt `last`; raises `StoreError`."""
        found: list[tuple[Stream, str]] = []
        while self._attempt <= last:
            try:
                data = self._read(self._attempt, self._place)
            except NotFound:
                data = b""
            whole = data[: data.rfind(b"\n") + 1]
            self._place += len(whole)
            found += [(stream, text) for _, stream, text in lines(whole)]
            if self._attempt == last:
                break
            self._attempt, self._place = self._attempt + 1, 0
        return found

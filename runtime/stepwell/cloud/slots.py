"""How many jobs run at once on this machine; the others wait their turn."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Mapping

from stepwell.errors import UsageError


def slots_of(environ: Mapping[str, str]) -> int:
    """STEPWELL_LOCAL_SLOTS, or as many as there are cores, at least two.

    Raises:
        UsageError: STEPWELL_LOCAL_SLOTS is no positive whole number.
    """
    text = environ.get("STEPWELL_LOCAL_SLOTS")
    if text is None:
        return max(2, os.cpu_count() or 1)
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise UsageError(
            f"STEPWELL_LOCAL_SLOTS: received {text!r}; it must be a whole number from 1 on, "
            "the number of jobs that run at once; unset it to have one for each core"
        )
    return int(text)


class Slots:
    """A counting semaphore that serves in the order of asking."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()

    def acquire(self, cancelled: Callable[[], bool]) -> bool:
        """Wait for a slot; False, and none taken, once `cancelled()` holds (see `wake`)."""
        turn = object()
        with self._changed:
            self._queue.append(turn)
            self._changed.wait_for(lambda: cancelled() or (self._free > 0 and self._queue[0] is turn))
            self._queue.remove(turn)
            taken = not cancelled()
            if taken:
                self._free -= 1
            self._changed.notify_all()
            return taken

    def release(self) -> None:
        with self._changed:
            self._free += 1
            self._changed.notify_all()

    def wake(self) -> None:
        """Let those who wait look at their `cancelled()` again."""
        with self._changed:
            self._changed.notify_all()

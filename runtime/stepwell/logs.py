"""What a task prints: kept line by line with its time and stream, up to a limit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

Stream = Literal["o", "e"]
_STREAMS: tuple[Stream, ...] = ("o", "e")
MAX_LOG_BYTES = 10_000_000
"""Metaflow's ``--max-log-size``: 10 MB a task."""


class LogBook:
    """Collects the output of one attempt of a task.

    The kept form is text, a line each: ``<UTC time> <o|e> <what was printed>``, where o is stdout. Before
    them stands, as ``<UTC time> b``, when the attempt began.
    """

    def __init__(self, began: datetime, max_bytes: int = MAX_LOG_BYTES) -> None:
        self._max_bytes = max_bytes
        self._kept = [f"{began.isoformat(timespec='milliseconds')} b\n".encode()]
        self._size = 0
        self._dropped = 0
        self._rest: dict[Stream, bytes] = {"o": b"", "e": b""}

    def add(self, stream: Stream, data: bytes, now: datetime) -> list[str]:
        """Take what was read from a stream; returns the lines it completes, for showing."""
        *lines, self._rest[stream] = (self._rest[stream] + data).split(b"\n")
        for line in lines:
            self._keep(stream, line, now)
        return [_text(line) for line in lines]

    def close(self, now: datetime) -> list[str]:
        """Take what is left without a line end; returns it, for showing."""
        shown = []
        for stream, line in self._rest.items():
            if line:
                self._keep(stream, line, now)
                shown.append(_text(line))
        self._rest = {"o": b"", "e": b""}
        return shown

    @property
    def is_empty(self) -> bool:
        """Whether nothing was printed yet."""
        return not (self._size or self._dropped)

    def so_far(self) -> bytes:
        """The lines that are kept so far: what `to_bytes` will begin with. Any thread may ask."""
        return b"".join(list(self._kept))

    def to_bytes(self) -> bytes:
        """The log as it is kept; where the limit was reached, the last line says what was dropped."""
        end = f"... {self._dropped} more bytes were printed, above the limit of {self._max_bytes}\n"
        return self.so_far() + (end.encode() if self._dropped else b"")

    def _keep(self, stream: Stream, line: bytes, now: datetime) -> None:
        entry = f"{now.isoformat(timespec='milliseconds')} {stream} ".encode() + line + b"\n"
        if self._size + len(entry) > self._max_bytes:
            self._dropped += len(line) + 1
            return
        self._kept.append(entry)
        self._size += len(entry)


def began(log: bytes) -> datetime | None:
    """When the attempt began whose kept log, or the beginning of it, this is."""
    time, _, rest = log.partition(b"\n")[0].partition(b" ")
    return datetime.fromisoformat(time.decode()) if rest == b"b" else None


def lines(log: bytes) -> Iterator[tuple[datetime, Stream, str]]:
    """The lines of a kept log: when each was printed, to which stream, and what."""
    for line in log.split(b"\n"):
        time, _, rest = line.partition(b" ")
        for stream in _STREAMS:
            if rest[:2] == stream.encode() + b" ":
                yield datetime.fromisoformat(time.decode()), stream, _text(rest[2:])


def printed_lines(log: bytes, stream: Stream) -> Iterator[tuple[datetime, str]]:
    """The lines printed to one stream with their times, from a kept log."""
    return ((time, text) for time, to, text in lines(log) if to == stream)


def printed(log: bytes, stream: Stream) -> str:
    """What was printed to one stream, from a kept log."""
    return "".join(line + "\n" for _, line in printed_lines(log, stream))


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r")

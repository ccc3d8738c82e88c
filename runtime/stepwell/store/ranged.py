"""A remote object as a file of which only the ranges asked for are fetched."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

# One stream from S3 gives tens of MB/s, several side by side give what the network has
# (S3 performance guidelines: byte-range fetches of 8 to 16 MB).
_PART = 8 << 20
_CONCURRENT_PARTS = 8


class RangedFile(io.RawIOBase):
    """A read-only seekable file over ``fetch(start, end)``.

    Args:
        fetch: gives the bytes from `start` up to, not including, `end`.
        size: of the whole object, in bytes.
        tail: its last bytes, already there: a Parquet file's footer is read without a request.
    """

    def __init__(self, fetch: Callable[[int, int], bytes], size: int, tail: bytes) -> None:
        self._fetch = fetch
        self._size = size
        self._tail = tail
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        start = min(self._position, self._size)
        end = self._size if size is None or size < 0 else min(start + size, self._size)
        self._position = end
        if start == end:
            return b""
        in_tail = start - (self._size - len(self._tail))
        if in_tail >= 0:
            return self._tail[in_tail : in_tail + end - start]
        return self._parallel(start, end)

    def _parallel(self, start: int, end: int) -> bytes:
        if end - start <= _PART:
            return self._fetch(start, end)
        starts = range(start, end, _PART)
        with ThreadPoolExecutor(min(_CONCURRENT_PARTS, len(starts))) as pool:
            return b"".join(pool.map(lambda at: self._fetch(at, min(at + _PART, end)), starts))

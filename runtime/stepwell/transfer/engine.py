"""Many requests at once, in bounded memory: a few parts of large objects, or many small objects."""

from __future__ import annotations

import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import obstore
from obstore.exceptions import BaseError, GenericError

from stepwell.errors import AlreadyExists, NotFound, StoreError
from stepwell.store.objects import ours
from stepwell.transfer.root import Place

if TYPE_CHECKING:
    from stepwell.transfer.found import S3Object

PART = 8 << 20
"""Bytes of an object above which it is moved in several requests, and fetched to a file."""
WORKERS = 32
"""Requests at once for small objects: with `PART` the memory that is in use at most, 256 MiB."""
_RANGE, _RANGES, _CHUNK = 64 << 20, 4, 256 << 10
"""Of large objects: bytes of a request, requests at once, and bytes that are written as they come. More of
these are fresh memory each time, whose first touch takes longer than the rest."""
_UPLOADS, _SENT, _PARTS = 2, 16 << 20, 5
"""Large files that are sent at once, bytes of their parts, and parts at once; S3 takes 10,000 of a file."""
_IN_MEMORY = 128 << 20
"""Bytes of small objects that are held in memory; those after that are in files."""
_TRIES, _WAIT = 5, 0.2
_FINAL = (FileNotFoundError, FileExistsError, PermissionError, NotImplementedError)

T = TypeVar("T")
R = TypeVar("R")
Progress = Callable[[int, int], None]
"""Is told how many objects are done by now, and how many bytes."""


class Engine:
    """Moves objects, up to `WORKERS` requests at a time; counts what is done."""

    def __init__(self, progress: Progress | None) -> None:
        self._pool = ThreadPoolExecutor(WORKERS)
        self._lock = threading.Lock()
        self._ranges, self._uploads = threading.Semaphore(_RANGES), threading.Semaphore(_UPLOADS)
        self._progress, self._objects, self._bytes, self._held = progress, 0, 0, 0
        self._folder: Path | None = None
        self._stack = ExitStack()

    @property
    def folder(self) -> Path:
        """Where files are until `close`."""
        with self._lock:
            if self._folder is None:
                made = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="stepwell-s3-"))
                self._folder = Path(made)
            return self._folder

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._stack.close()

    def each(self, do: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """What `do` gives for each item, in their order; of what is not yet asked for, a few are done."""
        waiting: list[Future[R]] = []
        try:
            for item in items:
                if len(waiting) >= 2 * WORKERS:
                    yield waiting.pop(0).result()
                waiting.append(self._pool.submit(do, item))
            while waiting:
                yield waiting.pop(0).result()
        finally:
            for future in waiting:
                future.cancel()

    def fetch(self, wanted: list[tuple[S3Object, Place]], missing: bool) -> None:
        """Fetch objects, of each first as much as one request gives, then the rest of the large ones.

        Args:
            missing: whether an object may be missing.
        """

        def first(one: tuple[S3Object, Place]) -> None:
            try:
                self._first(*one)
            except NotFound:
                if not missing:
                    raise

        for _ in self.each(first, wanted):
            pass
        parts = (
            (found, place, start)
            for found, place in wanted
            if found.size is not None and found.size > PART
            for start in range(PART, found.size, _RANGE)
        )
        for _ in self.each(self._part, parts):
            pass

    def _first(self, found: S3Object, place: Place) -> None:
        def get() -> Any:
            try:
                result = obstore.get(place.backend, place.key, options={"range": (0, PART)})
            except (OSError, BaseError):
                # of an empty object there is no range (RFC 9110, 14.1.2)
                if obstore.head(place.backend, place.key)["size"]:
                    raise
                result = obstore.get(place.backend, place.key)
            return result, result.bytes()

        result, data = attempt(place, "get", found.url, get)
        learn(found, result.meta, result.attributes)
        found.downloaded, found._folder = True, self.folder
        assert found.size is not None
        if found.size > PART:
            found._path = self.folder / f"{id(found):x}"
            found._path.write_bytes(data)
            os.truncate(found._path, found.size)
            self.count(len(data), whole=False)
            return
        with self._lock:
            self._held += found.size
            spill = self._held > _IN_MEMORY
        found._data = memoryview(data)
        if spill:
            assert found.path
        self.count(found.size)

    def _part(self, part: tuple[S3Object, Place, int]) -> None:
        found, place, start = part
        assert found.size is not None and found._path is not None
        end, at = min(start + _RANGE, found.size), start
        with self._ranges, found._path.open("r+b") as file:

            def get() -> None:
                nonlocal at  # what has come before it broke off stays
                options: Any = {"range": (at, end), "if_match": found.etag}
                for chunk in obstore.get(place.backend, place.key, options=options).stream(_CHUNK):
                    at += os.pwrite(file.fileno(), chunk, at)

            attempt(place, "get", found.url, get)
        self.count(end - start, end == found.size)

    def upload(self, things: Iterable[tuple[str, Place, Any, dict[str, Any]]], keep: bool = False) -> None:
        """Put objects, each a URL, a place, its content, and options of `obstore.put`.

        Args:
            keep: whether an object that is there already is no error.
        """

        def put(thing: tuple[str, Place, Any, dict[str, Any]]) -> None:
            url, place, data, options = thing
            size = data.stat().st_size if isinstance(data, Path) else len(data)
            part = max(PART, -(-size // 9_000))

            def send() -> None:
                obstore.put(
                    place.backend, place.key, data, chunk_size=part, max_concurrency=_PARTS, **options
                )

            try:
                attempt(place, "put", url, send)
            except AlreadyExists:
                if not keep:
                    raise
            self.count(size)

        for _ in self.each(put, things):
            pass

    def count(self, size: int, whole: bool = True) -> None:
        with self._lock:
            self._objects += whole
            self._bytes += size
            if self._progress:
                self._progress(self._objects, self._bytes)


def learn(found: S3Object, meta: Any, attributes: Any = None) -> None:
    """Note what an answer tells of an object."""
    found.size, found.etag, found.last_modified = meta["size"], meta["e_tag"], meta["last_modified"]
    if attributes:
        found.content_type = attributes.get("Content-Type")
        found.metadata = {key: value for key, value in attributes.items() if key not in _KNOWN}


_KNOWN = {"Content-Type", "Content-Encoding", "Content-Language", "Content-Disposition", "Cache-Control"}


def attempt(place: Place, doing: str, url: str, act: Callable[[], T]) -> T:
    """Do what may fail on its way; obstore tries a request again, and this a body that broke off."""
    for tries in range(_TRIES):
        try:
            return act()
        except _FINAL as error:
            raise _told(error, doing, url) from error
        except (OSError, BaseError) as error:
            if tries == _TRIES - 1 or not isinstance(error, GenericError | OSError):
                raise _told(error, doing, url) from error
            time.sleep(random.uniform(0, _WAIT * 2**tries))
    raise AssertionError("an attempt returns, or raises")


def _told(error: Exception, doing: str, url: str) -> Exception:
    if isinstance(error, NotImplementedError):
        return StoreError(f"S3: {doing} {url!r}: a folder has no such thing; use a bucket")
    return ours(error, doing, f"S3: {doing} {url!r}")

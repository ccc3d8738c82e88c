"""`S3`: objects below a root; its names are Metaflow's."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import obstore

from stepwell.errors import NotFound, UsageError
from stepwell.transfer.engine import Engine, Progress, attempt, learn
from stepwell.transfer.found import S3Object
from stepwell.transfer.root import Place, root_of

_PAGE = 1000


class S3:
    """Objects in S3, or files in a folder, in parallel and in bounded memory.

    Endpoint, region and credentials are found as the AWS SDKs find them. What breaks off is tried again,
    with random waits. Use it in a ``with`` block: the local files of its objects are gone afterwards.

    Args:
        run: keys are relative to this run: ``self`` in a step, or a `stepwell.Run`.
        s3root: keys are relative to ``s3://BUCKET/PREFIX``, or to a folder.
        bucket, prefix: the same, apart. With none of these, keys are whole URLs or absolute paths.
        progress: True says on stderr how far it is; a function is told objects and bytes done by now.

    Raises:
        UsageError: the arguments contradict each other.
    """

    def __init__(
        self,
        *,
        run: Any = None,
        s3root: str | None = None,
        bucket: str | None = None,
        prefix: str | None = None,
        progress: bool | Progress = False,
    ) -> None:
        self._root = root_of(run, s3root, bucket, prefix)
        self._engine = Engine(_Said() if progress is True else progress or None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the local files of what was fetched."""
        self._engine.close()

    # -- reading

    def get(
        self, key: str = "", return_missing: bool = False, *, range: tuple[int, int] | None = None
    ) -> S3Object:
        """Fetch an object.

        Args:
            return_missing: give an object that does not `exists` where there is none.
            range: only the bytes from the first up to, not including, the second.

        Raises:
            NotFound: there is no such object.
            StoreError: it can't be fetched.
        """
        if range is None:
            return self.get_many([key], return_missing)[0]
        found, place = self._asked(key)
        if not 0 <= range[0] < range[1]:
            raise UsageError(f"S3: received range={range!r}; it is a first byte, and one after the last")
        try:
            options: Any = {"range": range}
            result = attempt(
                place, "get", found.url, lambda: obstore.get(place.backend, place.key, options=options)
            )
        except NotFound:
            if return_missing:
                return found
            raise
        learn(found, result.meta, result.attributes)
        found._data, found.downloaded = memoryview(result.bytes()), True
        found._folder = self._engine.folder
        return found

    def get_many(self, keys: Iterable[str], return_missing: bool = False) -> list[S3Object]:
        """Fetch objects, in the order of `keys`; raises as `get`."""
        asked = [self._asked(key) for key in keys]
        self._engine.fetch(asked, return_missing)
        return [found for found, _ in asked]

    def get_recursive(self, keys: Iterable[str]) -> list[S3Object]:
        """Fetch all objects below the prefixes `keys`."""
        return self._fetched(self._listed(keys))

    def get_all(self) -> list[S3Object]:
        """Fetch all objects below the root."""
        return self.get_recursive([""])

    def info(self, key: str = "", return_missing: bool = False) -> S3Object:
        """What is known of an object, without fetching it; raises as `get`."""
        return self.info_many([key], return_missing)[0]

    def info_many(self, keys: Iterable[str], return_missing: bool = False) -> list[S3Object]:
        """What is known of objects, in the order of `keys`; raises as `get`."""

        def ask(asked: tuple[S3Object, Place]) -> S3Object:
            found, place = asked
            try:
                learn(found, attempt(place, "get", found.url, lambda: obstore.head(place.backend, place.key)))
            except NotFound:
                if not return_missing:
                    raise
            return found

        return list(self._engine.each(ask, [self._asked(key) for key in keys]))

    def list_paths(self, keys: Iterable[str] | None = None) -> list[S3Object]:
        """Objects and prefixes directly below `keys`, by default the root; prefixes have no size."""
        listed = []
        for key in [""] if keys is None else keys:
            place = self._root.place(key, of_many=True)

            def ask(place: Place = place) -> Any:
                return obstore.list_with_delimiter(place.backend, place.key or None)

            found = attempt(place, "list", self._root.url_of(key), ask)
            for folder in found["common_prefixes"]:
                listed.append(self._named(self._root.key_of(place, folder) + "/"))
            for meta in found["objects"]:
                if meta["path"] != place.key:
                    listed.append(self._named(self._root.key_of(place, meta["path"]), meta))
        return sorted(listed, key=lambda one: one.url)

    def list_recursive(self, keys: Iterable[str] | None = None) -> list[S3Object]:
        """All objects below the prefixes `keys`, by default the root."""
        return [found for found, _ in self._listed([""] if keys is None else keys)]

    # -- writing

    def put(
        self,
        key: str,
        obj: str | bytes | bytearray | memoryview,
        overwrite: bool = True,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
        *,
        if_absent: bool = False,
        if_match: str | None = None,
    ) -> str:
        """Write an object whole; returns its URL.

        Args:
            overwrite: False leaves an object that is there as it is.
            if_absent: raise where there is an object.
            if_match: write only over the object that has this `etag`; a folder can't.

        Raises:
            AlreadyExists: there is an object, under `if_absent`.
            StoreError: it can't be written, or the object is another, under `if_match`.
        """
        url, place = self._root.url_of(key), self._root.place(key)
        options = _options(overwrite and not if_absent, content_type, metadata)
        if if_match is not None:
            options["mode"] = {"e_tag": if_match}
        self._engine.upload([(url, place, _bytes(key, obj), options)], keep=not overwrite and not if_absent)
        return url

    def put_many(
        self, key_objs: Iterable[tuple[str, str | bytes]], overwrite: bool = True
    ) -> list[tuple[str, str]]:
        """Write objects, each a key and its content; returns pairs of key and URL."""
        return self._put(((key, _bytes(key, obj)) for key, obj in key_objs), overwrite)

    def put_files(
        self, key_paths: Iterable[tuple[str, str | Path]], overwrite: bool = True
    ) -> list[tuple[str, str]]:
        """Write the content of local files, each a key and a path; returns pairs of key and URL.

        Large files are read and sent in parts, never whole.
        """
        return self._put(((key, _file(key, path)) for key, path in key_paths), overwrite)

    # -- between keys and places

    def _put(
        self, things: Iterable[tuple[str, bytes | memoryview | Path]], overwrite: bool
    ) -> list[tuple[str, str]]:
        urls = []

        def sent() -> Iterator[tuple[str, Place, Any, dict[str, Any]]]:
            for key, data in things:
                urls.append((key, self._root.url_of(key)))
                yield urls[-1][1], self._root.place(key), data, _options(overwrite, None, None)

        self._engine.upload(sent(), keep=not overwrite)
        return urls

    def _asked(self, key: str) -> tuple[S3Object, Place]:
        return self._named(key), self._root.place(key)

    def _named(self, key: str, meta: Any = None) -> S3Object:
        found = S3Object(self._root.url, key, self._root.url_of(key))
        if meta:
            learn(found, meta)
        return found

    def _listed(self, keys: Iterable[str]) -> list[tuple[S3Object, Place]]:
        listed = []
        for key in keys:
            place = self._root.place(key, of_many=True)

            def pages(place: Place = place) -> list[Any]:
                listing = obstore.list(place.backend, place.key or None, chunk_size=_PAGE)
                return [meta for page in listing for meta in page]

            for meta in sorted(
                attempt(place, "list", self._root.url_of(key), pages), key=lambda one: one["path"]
            ):
                here = Place(place.backend, meta["path"])
                listed.append((self._named(self._root.key_of(place, meta["path"]), meta), here))
        return listed

    def _fetched(self, asked: list[tuple[S3Object, Place]]) -> list[S3Object]:
        self._engine.fetch(asked, missing=False)
        return [found for found, _ in asked]


def _options(overwrite: bool, content_type: str | None, metadata: Mapping[str, str] | None) -> dict[str, Any]:
    attributes = {**({"Content-Type": content_type} if content_type else {}), **(metadata or {})}
    # conditional from the start: to look first would be a race
    mode = {} if overwrite else {"mode": "create"}
    return {**mode, **({"attributes": attributes} if attributes else {})}


def _bytes(key: str, obj: Any) -> bytes | memoryview:
    if isinstance(obj, str):
        return obj.encode()
    if isinstance(obj, bytes | bytearray | memoryview):
        return memoryview(obj).cast("B")
    raise UsageError(f"S3: received {type(obj).__qualname__} for {key!r}; an object is text or bytes")


def _file(key: str, path: str | Path) -> Path:
    found = Path(path)
    if not found.is_file():
        raise UsageError(f"S3: received {str(path)!r} for {key!r}, which is no file")
    return found


class _Said:
    """Says on stderr how far it is, about once a second."""

    def __init__(self) -> None:
        self._last = self._began = time.monotonic()

    def __call__(self, objects: int, size: int) -> None:
        now = time.monotonic()
        if now - self._last >= 1:
            self._last = now
            rate = size / 1e6 / (now - self._began)
            print(f"S3: {objects:,} objects, {size / 1e6:,.0f} MB, {rate:,.0f} MB/s", file=sys.stderr)

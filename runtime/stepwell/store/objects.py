"""The stores there are, all over obstore: memory, a local folder (`folder.py`), S3 (`s3.py`).

Importing this module starts no thread (obstore starts its own with its first request), so a
fork server may import it.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import GenericError
from obstore.store import LocalStore, MemoryStore, S3Store

from stepwell.errors import NotFound, StoreError, UsageError
from stepwell.store.base import ObjectInfo, Store
from stepwell.store.failures import translated
from stepwell.store.ranged import RangedFile

if TYPE_CHECKING:
    import pyarrow as pa

CONCURRENT_GETS = 32
# S3 lists 1,000 keys a request.
_PAGE = 1000
# What pyarrow reads of a Parquet file first, to find its footer.
_TAIL = 64 << 10
# S3 takes at most 10,000 parts: 16 MiB each is room for 156 GiB.
_PART = 16 << 20
_CONCURRENT_PARTS = 4

_BAD_KEY = re.compile(r"(^|/)\.{0,2}(/|$)|[\x00-\x1f\x7f\ud800-\udfff]|#\d+$")


class ObjectStore:
    """A `Store` over one of obstore's clients."""

    def __init__(self, url: str, backend: LocalStore | MemoryStore | S3Store) -> None:
        self.url = url
        self._backend = backend

    def get(self, key: str) -> bytes:
        with self._at(key, "get"):
            return obstore.get(self._backend, key).bytes().to_bytes()

    def get_many(self, keys: list[str]) -> list[bytes]:
        if len(keys) < 2:
            return [self.get(key) for key in keys]
        with ThreadPoolExecutor(min(CONCURRENT_GETS, len(keys))) as pool:
            return list(pool.map(self.get, keys))

    def put(self, key: str, data: bytes | memoryview, *, if_absent: bool = False) -> None:
        self._put(key, data, "create" if if_absent else "overwrite")

    def put_file(self, key: str, path: Path) -> None:
        self._put(key, path, "overwrite")

    def _put(self, key: str, data: bytes | memoryview | Path, mode: obstore.PutMode) -> None:
        with self._at(key, "put"):
            obstore.put(
                self._backend, key, data, mode=mode, chunk_size=_PART, max_concurrency=_CONCURRENT_PARTS
            )

    @contextmanager
    def staging(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="stepwell-") as folder:
            yield Path(folder) / "staged"

    def exists(self, key: str) -> bool:
        try:
            with self._at(key, "head"):
                obstore.head(self._backend, key)
        except NotFound:
            return False
        return True

    def open(self, key: str) -> pa.NativeFile:
        import pyarrow as pa

        with self._at(key, "open"):
            size, tail = self._tail(key)

        def fetch(start: int, end: int) -> bytes:
            with self._at(key, "read"):
                return obstore.get_range(self._backend, key, start=start, end=end).to_bytes()

        return pa.PythonFile(RangedFile(fetch, size, tail), mode="r")

    def _tail(self, key: str) -> tuple[int, bytes]:
        """The object's size and its last bytes, in one request: of a Parquet file, the footer."""
        try:
            found = obstore.get(self._backend, key, options={"range": {"suffix": _TAIL}})
        except GenericError:
            # S3 gives no range of an empty object (RFC 9110, 14.1.2: it can't be satisfied).
            if obstore.head(self._backend, key)["size"]:
                raise
            return 0, b""
        return found.meta["size"], found.bytes().to_bytes()

    def list_folders(self, prefix: str) -> list[str]:
        with self._at(prefix + "*", "list"):
            found = obstore.list_with_delimiter(self._backend, prefix)
        return sorted(folder.rpartition("/")[2] for folder in found["common_prefixes"])

    def delete(self, key: str) -> None:
        with suppress(NotFound), self._at(key, "delete"):
            obstore.delete(self._backend, key)

    def _at(self, key: str, doing: str) -> AbstractContextManager[None]:
        if _BAD_KEY.search(key):
            raise StoreError(
                f"{self.url}: {doing}: received the key {key!r}; a key is text without empty, '.' or '..' "
                "segments, control characters, or '#' and digits at its end; use another name"
            )
        return translated(self.url, key, doing)

    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectInfo]:
        with self._at(prefix + "*", "list"):
            for page in obstore.list(self._backend, prefix, offset=start_after, chunk_size=_PAGE):
                for meta in page:
                    yield ObjectInfo(meta["path"], meta["size"], meta["last_modified"])


def open_store(url: str) -> Store:
    """The store at `url`: ``memory://``, ``s3://BUCKET[/PREFIX]``, a folder's path or ``file://`` URL.

    A folder is made where there is none. S3 is first asked when it is first used.

    Raises:
        UsageError: `url` has another scheme, or no bucket.
        StoreError: the folder can't be made or written, or an AWS profile yields no credentials.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return _folder(Path(url))
    if url == "memory://":
        return ObjectStore(url, MemoryStore())
    if scheme == "file":
        from urllib.parse import unquote, urlsplit

        return _folder(Path(unquote(urlsplit(url).path)))
    bucket, _, prefix = rest.rstrip("/").partition("/")
    if scheme != "s3" or not bucket:
        raise UsageError(
            f"datastore: received {url!r}; it must be a folder's path, s3://BUCKET, s3://BUCKET/PREFIX "
            "or memory://"
        )
    from stepwell.store.s3 import connect

    return ObjectStore(f"s3://{bucket}/{prefix}".rstrip("/"), connect(bucket, prefix or None))


def _folder(path: Path) -> Store:
    from stepwell.store.folder import open_folder

    return open_folder(path)

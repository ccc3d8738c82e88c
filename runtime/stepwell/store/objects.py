"""Object stores over obstore: S3 and memory.

Importing this module starts no thread (obstore starts its own with its first request), so a
fork server may import it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    GenericError,
    NotFoundError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import MemoryStore, S3Store

from stepwell.errors import NotFound, StoreError
from stepwell.store import failures
from stepwell.store.base import ObjectInfo, check_key
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


class ObjectStore:
    """A `Store` over one of obstore's clients."""

    def __init__(self, url: str, backend: MemoryStore | S3Store) -> None:
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

    @contextmanager
    def _at(self, key: str, doing: str) -> Iterator[None]:
        """Turn what obstore raises in the block into our errors."""
        check_key(key, f"{self.url}: {doing}")
        try:
            yield
        except (OSError, BaseError) as error:
            raise ours(error, doing, f"{self.url}: {doing} {key!r}") from error

    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectInfo]:
        with self._at(prefix + "*", "list"):
            for page in obstore.list(self._backend, prefix, offset=start_after, chunk_size=_PAGE):
                for meta in page:
                    yield ObjectInfo(meta["path"], meta["size"], meta["last_modified"])


def ours(error: Exception, doing: str, what: str) -> StoreError:
    """Our error for one of obstore's, which came while `doing` ``get``, ``put`` or ``list``."""
    # obstore's messages carry a debug dump after the first line
    received = str(error).strip().partition("\n")[0] or type(error).__name__
    if "/latest/api/token" in received:
        # The last place that is looked for credentials in is an instance's role (Amazon EC2, IMDSv2).
        return StoreError(
            f"{what}: there are no AWS credentials; log in (aws sso login), set AWS_PROFILE, or set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    is_missing = isinstance(error, FileNotFoundError | NotFoundError)
    if "NoSuchBucket" in str(error) or (is_missing and doing in ("put", "list")):
        return StoreError(
            f"{what}: there is no such bucket; check the datastore's name and AWS_ENDPOINT_URL, "
            "or deploy the environment: cdktf deploy TEAM-ENV"
        )
    if is_missing:
        return failures.missing(what)
    if isinstance(error, AlreadyExistsError):
        return failures.taken(what)
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        return failures.forbidden(what, received)
    return failures.refused(
        what,
        received,
        "check the network, AWS_ENDPOINT_URL, the region and the credentials, then try again",
    )

"""The one seam between Stepwell and whatever holds its bytes.

Memory, a local folder and S3 are held to the same promises by one contract test suite
(``tests/runtime/store/test_contract.py``):

* a reader sees a whole object or none, whenever a writer is killed;
* of many writers that put one key with ``if_absent``, exactly one wins;
* what was put is read and listed at once; listings are sorted by key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from stepwell.errors import StoreError

if TYPE_CHECKING:
    import pyarrow as pa

_BAD_KEY = re.compile(r"(^|/)\.{0,2}(/|$)|[\x00-\x1f\x7f\ud800-\udfff]")


class ObjectInfo(NamedTuple):
    """One object of a listing; `size` in bytes, `modified` in UTC."""

    key: str
    size: int
    modified: datetime


class Store(Protocol):
    """An object store: keys are ``/``-separated text, values are bytes.

    A key has no empty segment, no ``.`` or ``..`` and no control character. Every method raises
    `StoreError` where the store refuses or can't be reached.
    """

    url: str
    """Where it is, for people: ``s3://bucket``, an absolute path, ``memory://``."""

    def get(self, key: str) -> bytes:
        """The object's bytes. Raises `NotFound`."""

    def get_many(self, keys: list[str]) -> list[bytes]:
        """Many objects at once, in the order of `keys`. Raises `NotFound`, naming the key."""

    def put(self, key: str, data: bytes | memoryview, *, if_absent: bool = False) -> None:
        """Write the object whole; with `if_absent`, raise `AlreadyExists` where it exists."""

    def put_file(self, key: str, path: Path) -> None:
        """Upload the file at `path` in bounded memory, or move it in: `path` may be gone afterwards."""

    def staging(self) -> AbstractContextManager[Path]:
        """A path for a new file that `put_file` takes fastest; whatever is there at the end is removed."""

    def exists(self, key: str) -> bool:
        """Whether an object has that key."""

    def open(self, key: str) -> pa.NativeFile:
        """A seekable file for pyarrow: reads only the ranges asked for. Raises `NotFound`."""

    def list_folders(self, prefix: str) -> list[str]:
        """Names of the folders directly below `prefix`, sorted."""

    def delete(self, key: str) -> None:
        """Remove the object; no error where there is none."""

    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectInfo]:
        """Objects below the folder `prefix`, sorted by key, fetched page by page as they are consumed.

        Args:
            prefix: ends with ``/``, or is empty for everything.
            start_after: leave out keys up to and including this one.
        """


def check_key(key: str, what: str) -> None:
    """Raise `StoreError`, which begins with `what`, for a key that not every store could hold."""
    if _BAD_KEY.search(key):
        raise StoreError(
            f"{what}: received the key {key!r}; a key is text without empty, '.' or '..' segments and "
            "control characters; use another name"
        )

"""A store in a local folder, with what the file system itself offers: no client, nothing to import.

A whole object appears by rename or hard link, never by writing in place.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from stepwell.errors import StoreError
from stepwell.store import failures
from stepwell.store.base import ObjectInfo, check_key
from stepwell.store.keys import STAGING

if TYPE_CHECKING:
    import pyarrow as pa

_STALE = 24 * 3600.0


class FolderStore:
    """A `Store` of the files below `root`."""

    def __init__(self, root: Path) -> None:
        self.url = str(root)
        self._root = root
        self._staging = root / STAGING

    def get(self, key: str) -> bytes:
        with self._at(key, "get"), open(self._path(key), "rb") as file:
            return file.read()

    def get_many(self, keys: list[str]) -> list[bytes]:
        # threads cost more than local reads
        return [self.get(key) for key in keys]

    def put(self, key: str, data: bytes | memoryview, *, if_absent: bool = False) -> None:
        with self._at(key, "put"), self.staging() as staged:
            staged.write_bytes(data)
            self._place(staged, key, if_absent)

    def put_file(self, key: str, path: Path) -> None:
        with self._at(key, "put"):
            try:
                self._place(path, key)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                import shutil

                with self.staging() as staged:
                    shutil.copyfile(path, staged)
                    self._place(staged, key)

    def _place(self, path: Path, key: str, if_absent: bool = False) -> None:
        """Make a whole file the object, at one instant."""
        target = self._path(key)
        place = os.link if if_absent else os.replace
        try:
            place(path, target)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            place(path, target)

    def exists(self, key: str) -> bool:
        with self._at(key, "head"):
            return os.path.isfile(self._path(key))

    def delete(self, key: str) -> None:
        with self._at(key, "delete"):
            Path(self._path(key)).unlink(missing_ok=True)

    def _path(self, key: str) -> str:
        return f"{self.url}/{key}"

    @contextmanager
    def _at(self, key: str, doing: str) -> Iterator[None]:
        """Turn what the file system raises in the block into our errors."""
        check_key(key, f"{self.url}: {doing}")
        try:
            yield
        except OSError as error:
            raise _ours(error, f"{self.url}: {doing} {key!r}") from error

    @contextmanager
    def staging(self) -> Iterator[Path]:
        path = self._staging / os.urandom(16).hex()
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def open(self, key: str) -> pa.NativeFile:
        import pyarrow as pa

        with self._at(key, "open"):
            # not a memory map, whose pages would be in memory beside what is made of them
            return pa.OSFile(self._path(key), "r")

    def list_folders(self, prefix: str) -> list[str]:
        with self._at(prefix + "*", "list"):
            return sorted(name[:-1] for name, _ in self._entries(prefix) if name.endswith("/"))

    def _entries(self, folder: str) -> list[tuple[str, os.DirEntry[str]]]:
        """What is in `folder`, sorted as keys are: a folder's name ends with ``/``."""
        try:
            with os.scandir(self._path(folder)) as found:
                entries = [(entry.name + "/" * entry.is_dir(), entry) for entry in found]
        except FileNotFoundError:
            return []
        return sorted((name, entry) for name, entry in entries if folder or name != STAGING + "/")

    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectInfo]:
        with self._at(prefix + "*", "list"):
            yield from self._walk(prefix, start_after or "")

    def _walk(self, folder: str, start_after: str) -> Iterator[ObjectInfo]:
        for name, entry in self._entries(folder):
            key = folder + name
            if name.endswith("/"):
                if key > start_after or start_after.startswith(key):
                    yield from self._walk(key, start_after)
            elif key > start_after:
                about = entry.stat()
                yield ObjectInfo(key, about.st_size, datetime.fromtimestamp(about.st_mtime, UTC))


def _ours(error: OSError, what: str) -> StoreError:
    if isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError):
        return failures.missing(what)
    if isinstance(error, FileExistsError):
        return failures.taken(what)
    if isinstance(error, PermissionError):
        return failures.forbidden(what, str(error))
    return failures.refused(what, str(error), "check that the folder can be written and its disk has room")


def open_folder(path: Path) -> FolderStore:
    """The store in the folder `path`, made where there is none.

    Raises:
        StoreError: it can't be made, is no folder, or can't be written.
    """
    root = path.expanduser().absolute()
    try:
        (root / STAGING).mkdir(parents=True, exist_ok=True)
        _remove_stale(root / STAGING)
        if not os.access(root, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise StoreError(
            f"datastore {root}: can't be written: received {error.strerror}; it must be a folder that "
            "this user may write; set STEPWELL_HOME or --datastore to another one"
        ) from error
    return FolderStore(root)


def _remove_stale(staging: Path) -> None:
    """Remove what writers killed long ago left behind."""
    for path in staging.iterdir():
        try:
            if time.time() - path.stat().st_mtime > _STALE:
                path.unlink()
        except FileNotFoundError:
            continue

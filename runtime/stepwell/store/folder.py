"""A store in a local folder: what the file system does better than an object store's API."""

from __future__ import annotations

import errno
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from obstore.store import LocalStore

from stepwell.errors import StoreError
from stepwell.store.base import ObjectInfo
from stepwell.store.objects import ObjectStore

if TYPE_CHECKING:
    import pyarrow as pa

_STAGING = ".staging"
_STALE = 24 * 3600.0


class FolderStore(ObjectStore):
    """Files below `root`; a whole object appears by rename or hard link, never by writing in place."""

    def __init__(self, root: Path) -> None:
        super().__init__(str(root), LocalStore(root))
        self._root = root
        self._staging = root / _STAGING

    def get_many(self, keys: list[str]) -> list[bytes]:
        return [self.get(key) for key in keys]

    def put_file(self, key: str, path: Path) -> None:
        target = self._root / key
        with self._at(key, "put"):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                path.replace(target)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                with self.staging() as staged:
                    shutil.copyfile(path, staged)
                    staged.replace(target)

    @contextmanager
    def staging(self) -> Iterator[Path]:
        path = self._staging / uuid.uuid4().hex
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def open(self, key: str) -> pa.NativeFile:
        import pyarrow as pa

        with self._at(key, "open"):
            return pa.memory_map(str(self._root / key), "r")

    def list_folders(self, prefix: str) -> list[str]:
        with self._at(prefix + "*", "list"):
            return sorted(name[:-1] for name, _ in self._entries(prefix) if name.endswith("/"))

    def _entries(self, folder: str) -> list[tuple[str, os.DirEntry[str]]]:
        """What is in `folder`, sorted as keys are: a folder's name ends with ``/``."""
        try:
            with os.scandir(self._root / folder) as found:
                entries = [(entry.name + "/" * entry.is_dir(), entry) for entry in found]
        except FileNotFoundError:
            return []
        return sorted((name, entry) for name, entry in entries if not _hidden(folder, name))

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


def _hidden(folder: str, name: str) -> bool:
    """Files not yet whole: ours, and obstore's, which writes ``NAME#1`` before it renames."""
    stem, mark, number = name.rpartition("#")
    return bool(stem and mark and number.isdecimal()) or (not folder and name == _STAGING + "/")


def open_folder(path: Path) -> FolderStore:
    """The store in the folder `path`, made where there is none.

    Raises:
        StoreError: it can't be made, is no folder, or can't be written.
    """
    root = path.expanduser().absolute()
    try:
        (root / _STAGING).mkdir(parents=True, exist_ok=True)
        _remove_stale(root / _STAGING)
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

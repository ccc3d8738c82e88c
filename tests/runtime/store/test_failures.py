"""What obstore and the file system raise becomes our errors, in one line each."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from obstore.exceptions import AlreadyExistsError, GenericError, NotFoundError, PermissionDeniedError
from obstore.store import MemoryStore

from stepwell.errors import AlreadyExists, NotAllowed, NotFound, StoreError
from stepwell.store.folder import FolderStore
from stepwell.store.objects import ObjectStore


@pytest.mark.parametrize(
    ("raised", "error", "words"),
    [
        (PermissionDeniedError("403 Forbidden\n\nDebug source"), NotAllowed, "which role or user"),
        (GenericError("500 Internal\n\nDebug source"), StoreError, "received 500 Internal; check"),
        (NotFoundError("404"), NotFound, "there is no such object"),
        (AlreadyExistsError("412"), AlreadyExists, "the key is taken"),
        (PermissionError(errno.EACCES, "Permission denied"), NotAllowed, "which role or user"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), StoreError, "disk has room"),
        (FileNotFoundError(errno.ENOENT, "No such file"), NotFound, "there is no such object"),
        (IsADirectoryError(errno.EISDIR, "Is a directory"), NotFound, "there is no such object"),
        (FileExistsError(errno.EEXIST, "File exists"), AlreadyExists, "the key is taken"),
    ],
)
def test_translation(raised: Exception, error: type[StoreError], words: str) -> None:
    """Each failure has its class, and one line with the store, the key, the cause and the way out."""
    is_obstore = type(raised).__module__.startswith("obstore")
    store = ObjectStore("there", MemoryStore()) if is_obstore else FolderStore(Path("there"))
    with pytest.raises(StoreError, match=words) as caught, store._at("some/key", "get"):
        raise raised
    assert type(caught.value) is error
    assert str(caught.value).startswith("there: get 'some/key': ")
    assert "\n" not in str(caught.value)

"""What obstore and the file system raise becomes our errors, in one line each."""

from __future__ import annotations

import errno
import os

import pytest
from obstore.exceptions import GenericError, NotFoundError, PermissionDeniedError

from stepwell.errors import AlreadyExists, NotFound, StoreError
from stepwell.store.failures import translated


@pytest.mark.parametrize(
    ("raised", "error", "words"),
    [
        (PermissionDeniedError("403 Forbidden\n\nDebug source"), StoreError, "which role or user"),
        (PermissionError(errno.EACCES, "Permission denied"), StoreError, "which role or user"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), StoreError, "disk has room"),
        (
            GenericError("500 Internal\n\nDebug source"),
            StoreError,
            "received 500 Internal; check",
        ),
        (NotFoundError("404"), NotFound, "there is no such object"),
        (FileNotFoundError(errno.ENOENT, "No such file"), NotFound, "there is no such object"),
        (FileExistsError(errno.EEXIST, "File exists"), AlreadyExists, "the key is taken"),
    ],
)
def test_translation(raised: Exception, error: type[StoreError], words: str) -> None:
    """Each failure has its class, and one line with the store, the key, the cause and the way out."""
    with pytest.raises(StoreError, match=words) as caught, translated("s3://bucket", "some/key", "get"):
        raise raised
    assert type(caught.value) is error
    assert str(caught.value).startswith("s3://bucket: get 'some/key': ")
    assert "\n" not in str(caught.value)

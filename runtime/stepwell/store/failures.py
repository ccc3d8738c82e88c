"""The one place where obstore's exceptions become ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    NotFoundError,
    PermissionDeniedError,
    UnauthenticatedError,
)

from stepwell.errors import AlreadyExists, NotFound, StoreError


@contextmanager
def translated(url: str, key: str, doing: str) -> Iterator[None]:
    """Turn what obstore or the file system raises into `StoreError`, `NotFound` or `AlreadyExists`.

    obstore's messages carry a debug dump after the first line.
    """
    try:
        yield
    except (OSError, BaseError) as error:
        raise _ours(error, doing, f"{url}: {doing} {key!r}") from error


def _ours(error: Exception, doing: str, what: str) -> StoreError:
    received = str(error).strip().partition("\n")[0] or type(error).__name__
    if "/latest/api/token" in received:
        # The last place that is looked for credentials in is an instance's role (Amazon EC2, IMDSv2).
        return StoreError(
            f"{what}: there are no AWS credentials; log in (aws sso login), set AWS_PROFILE, or set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    is_missing = isinstance(error, (FileNotFoundError, NotFoundError))
    if "NoSuchBucket" in str(error) or (is_missing and doing in ("put", "list")):
        return StoreError(
            f"{what}: there is no such bucket; check the datastore's name and AWS_ENDPOINT_URL, "
            "or deploy the environment: cdktf deploy TEAM-ENV"
        )
    if is_missing:
        return NotFound(f"{what}: there is no such object; list the datastore to see what is there")
    if isinstance(error, (FileExistsError, AlreadyExistsError)):
        return AlreadyExists(f"{what}: the key is taken, and is written once only; use another key")
    if isinstance(error, (PermissionError, PermissionDeniedError, UnauthenticatedError)):
        way_out = "check which role or user this is, and that its namespace is the one of the key"
    elif isinstance(error, OSError):
        way_out = "check that the folder can be written and its disk has room"
    else:
        way_out = "check the network, AWS_ENDPOINT_URL, the region and the credentials, then try again"
    return StoreError(f"{what}: received {received}; {way_out}")

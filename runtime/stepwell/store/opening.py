"""Which store a datastore's URL names."""

from __future__ import annotations

from pathlib import Path

from stepwell.errors import UsageError
from stepwell.store.base import Store


def open_store(url: str) -> Store:
    """The store at `url`: ``memory://``, ``s3://BUCKET[/PREFIX]``, a folder's path or ``file://`` URL.

    A folder is made where there is none. S3 is first asked when it is first used, and only then are there
    threads: a store may be opened before a process is forked that uses it.

    Raises:
        UsageError: `url` has another scheme, or no bucket.
        StoreError: the folder can't be made or written, or an AWS profile yields no credentials.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return _folder(Path(url))
    if scheme == "file":
        from urllib.parse import unquote, urlsplit

        return _folder(Path(unquote(urlsplit(url).path)))
    if url == "memory://":
        from obstore.store import MemoryStore

        from stepwell.store.objects import ObjectStore

        return ObjectStore(url, MemoryStore())
    bucket, _, prefix = rest.rstrip("/").partition("/")
    if scheme != "s3" or not bucket:
        raise UsageError(
            f"datastore: received {url!r}; it must be a folder's path, s3://BUCKET, s3://BUCKET/PREFIX "
            "or memory://"
        )
    from stepwell.store.objects import ObjectStore
    from stepwell.store.s3 import connect

    return ObjectStore(f"s3://{bucket}/{prefix}".rstrip("/"), connect(bucket, prefix or None))


def _folder(path: Path) -> Store:
    from stepwell.store.folder import open_folder

    return open_folder(path)

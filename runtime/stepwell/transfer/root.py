"""Where objects are: a root in a bucket or in a folder, and clients for what lies below."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stepwell import config
from stepwell.errors import UsageError
from stepwell.flow.current import current
from stepwell.location import datastore_url
from stepwell.store import keys
from stepwell.store.base import check_key

if TYPE_CHECKING:
    from obstore.store import LocalStore, S3Store

    Backend = LocalStore | S3Store

_S3 = re.compile(r"s3[an]?://([^/]+)/?(.*)", re.DOTALL)


class Place(NamedTuple):
    """A client, and the key of an object, or the prefix of some, in it."""

    backend: Backend
    key: str


class Root:
    """What keys are relative to; with no root they are whole URLs, or absolute paths."""

    def __init__(self, url: str | None) -> None:
        self.url = url.rstrip("/") if url else ""
        self._backends: dict[str, Backend] = {}
        if self.url:
            self._split(self.url)

    def url_of(self, key: str) -> str:
        """The whole name of an object."""
        if not isinstance(key, str):
            raise UsageError(f"S3: received the key {key!r}; a key is text")
        if not self.url:
            return key
        if key.startswith(("s3://", "/")):
            raise UsageError(f"S3: received the key {key!r}; keys are relative to the root {self.url}")
        return f"{self.url}/{key}" if key else self.url

    def place(self, key: str, *, of_many: bool = False) -> Place:
        """Where an object is, or, for `of_many`, those below a prefix.

        Raises:
            UsageError: the key is no URL or path where there is no root, or is relative to it otherwise.
            StoreError: the key has empty segments, or control characters.
        """
        where, key = self._split(self.url_of(key))
        key = key.rstrip("/") if of_many else key
        if key or not of_many:
            check_key(key, "S3")
        if where not in self._backends:
            self._backends[where] = _connect(where)
        return Place(self._backends[where], key)

    def key_of(self, place: Place, path: str) -> str:
        """The key, relative to the root, of an object that was listed below a place."""
        where = next(one for one, backend in self._backends.items() if backend is place.backend)
        url = f"s3://{where}/{path}" if where else f"/{path}"
        return url.removeprefix(f"{self.url}/") if self.url else url

    def _split(self, url: str) -> tuple[str, str]:
        found = _S3.fullmatch(url)
        if found:
            return found[1], found[2]
        path = url.removeprefix("file://")
        if not path.startswith("/"):
            raise UsageError(
                f"S3: received {url!r}; it must be s3://BUCKET/KEY or an absolute path, or relative to "
                "s3root= or run="
            )
        return "", path[1:]


def _connect(bucket: str) -> Backend:
    if bucket:
        from stepwell.store.s3 import connect

        return connect(bucket, None)
    from obstore.store import LocalStore

    return LocalStore("/")


def root_of(run: Any, s3root: str | None, bucket: str | None, prefix: str | None) -> Root:
    """The root that arguments of `S3` say; `run` is a flow that runs, or a `stepwell.Run`.

    Raises:
        UsageError: they contradict each other, or no run is there.
    """
    given = {"run": run, "s3root": s3root, "bucket": bucket}
    said = [name for name, value in given.items() if value is not None]
    if len(said) > 1 or (prefix is not None and bucket is None):
        raise UsageError(
            f"S3: received {' and '.join([*said, 'prefix'] if prefix else said)}; give one of run=, s3root= "
            "and bucket=, the last with prefix= or without"
        )
    if bucket is not None:
        return Root(f"s3://{bucket}/{prefix or ''}")
    if run is not None:
        return Root(_of_run(run))
    if s3root is not None and "://" not in s3root:
        s3root = str(Path(s3root).expanduser().absolute())
    return Root(s3root)


def _of_run(run: Any) -> str:
    task = current.task_context
    if hasattr(run, "datastore") and hasattr(run, "info"):
        store, info = run.datastore.store, run.info
        return f"{store.url}/{keys.run_data(info.namespace, info.flow, info.run)}"
    if task is not None:
        return f"{task.datastore.store.url}/{keys.run_data(task.namespace, task.flow, task.run)}"
    raise UsageError(
        f"S3: received run={run!r:.60} outside a task; give a run, stepwell.Run('Flow/run'), or s3root=, "
        f"such as '{datastore_url()}/{keys.namespace_root(config.namespace())}some/place'"
    )

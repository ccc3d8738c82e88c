"""What is known of environments, here and in the datastore: locks, builds, and packs.

A lock is found by what was asked for; which pack was built of it, by the lock and the platform. All three are
first looked for on this machine, then in the datastore; what is in one alone is put into the other, so
that a laptop, its Batch jobs and production have the same environment, and need no index for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from stepwell import config
from stepwell.datastore import Datastore
from stepwell.environments.pack import Pack
from stepwell.errors import NotFound
from stepwell.store import keys
from stepwell.store.base import Store
from stepwell.store.folder import open_folder


class Shelf:
    """The environments of a namespace in a datastore, and of this machine; without one, of this alone."""

    def __init__(self, datastore: Datastore | None) -> None:
        self._near: Store = open_folder(config.cache())
        self._far = datastore.store if datastore else self._near
        self._root = keys.environments(datastore.namespace) if datastore else ""

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """A lock or a build, by what it is for."""
        key = f"{kind}/{name}.json"
        for store, other, at, there in self._places(key):
            try:
                data = store.get(at)
            except NotFound:
                continue
            if not other.exists(there):
                other.put(there, data)
            found: dict[str, Any] = json.loads(data)
            return found
        return None

    def put(self, kind: str, name: str, document: dict[str, Any]) -> None:
        """Keep a lock or a build."""
        data = json.dumps(document, sort_keys=True).encode()
        for store, _, at, _ in self._places(f"{kind}/{name}.json"):
            store.put(at, data)

    def has_pack(self, name: str) -> bool:
        """Whether a pack is on this machine; one that is in the datastore alone is fetched."""
        key = keys.pack(name)
        if not self._near.exists(key):
            if not self._far.exists(self._root + key):
                return False
            with self._near.staging() as path:
                path.write_bytes(self._far.get(self._root + key))
                self._near.put_file(key, path)
        elif not self._far.exists(self._root + key):
            with self._far.staging() as path:
                path.write_bytes(self._near.get(key))
                self._far.put_file(self._root + key, path)
        return True

    def put_pack(self, name: str, path: Any) -> None:
        """Keep a pack, a file that may be gone afterwards."""
        self._near.put_file(keys.pack(name), path)
        self.has_pack(name)

    @contextmanager
    def pack(self, name: str) -> Iterator[Pack]:
        """A pack that is on this machine."""
        with self._near.open(keys.pack(name)) as file:
            yield Pack(file, name)

    def _places(self, key: str) -> list[tuple[Store, Store, str, str]]:
        return [
            (self._near, self._far, key, self._root + key),
            (self._far, self._near, self._root + key, key),
        ]

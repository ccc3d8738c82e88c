"""What all views share: the datastore, and the runs in it that are looked at."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping

from stepwell import config
from stepwell.client.following import Elsewhere, Follower, Look, nowhere_else, pause
from stepwell.client.namespaces import all_namespaces
from stepwell.client.reader import RunReader
from stepwell.client.runs import RunList
from stepwell.datastore import Datastore
from stepwell.errors import StoreError
from stepwell.store.base import Store
from stepwell.ui.query import name

_MOST_RUNS = 16
"""So many runs are remembered; browsers look at few at a time."""
_SETTLED = 10.0
"""Seconds after which a run that has failed is looked at again: its last logs may come late."""
_SHARE = 4


class Followed:
    """A run that is looked at by as many requests as there may be, with one look for all of a moment."""

    def __init__(self, reader: RunReader, elsewhere: Elsewhere) -> None:
        self.reader, self.follower = reader, Follower(reader, elsewhere)
        self._lock = threading.Lock()
        self._look: Look | None = None
        self._looked = self._changed = 0.0

    def look(self) -> Look:
        """The run as it is now, or was a moment ago; how long that is depends on what a look costs."""
        with self._lock:
            now, before = time.monotonic(), self._look
            if before:
                holds = pause(before.cost, 0) / _SHARE if before.status == "running" else _SETTLED
                if now - self._looked < holds:
                    return before
            found = self.follower.look()
            if before is None or found.progress.tasks != before.progress.tasks:
                self._changed = now
            self._look, self._looked = found, time.monotonic()
            return found

    def again(self, look: Look) -> float | None:
        """Seconds until a browser asks again; None where nothing will change."""
        if look.status != "running":
            return None
        return round(pause(look.cost, time.monotonic() - self._changed), 1)


class Place:
    """A datastore, and what of it was looked at.

    Args:
        namespace: which is shown first.
        elsewhere: is asked about runs that the datastore believes to run.
    """

    def __init__(self, store: Store, namespace: str, elsewhere: Elsewhere = nowhere_else) -> None:
        self.store, self.namespace, self.elsewhere = store, namespace, elsewhere
        self._lock = threading.Lock()
        self._lists: dict[str, RunList] = {}
        self._followed: OrderedDict[tuple[str, str, str], Followed] = OrderedDict()

    def namespaces(self) -> list[str]:
        """Those that there are, as far as one may know."""
        try:
            found = set(all_namespaces(self.store))
        except StoreError:
            found = set()
        return sorted(found | {self.namespace})

    def datastore(self, query: Mapping[str, str]) -> Datastore:
        """The namespace that a query names. Raises `UsageError`."""
        return Datastore(self.store, config.checked_namespace(query.get("namespace") or self.namespace))

    def runs(self, query: Mapping[str, str]) -> RunList:
        """The runs of the namespace that a query names."""
        datastore = self.datastore(query)
        with self._lock:
            return self._lists.setdefault(datastore.namespace, RunList(datastore, self.elsewhere))

    def followed(self, query: Mapping[str, str]) -> Followed:
        """The run that a query names. Raises `NoSuchObject`, `UsageError`."""
        datastore = self.datastore(query)
        flow, run = name(query, "flow"), name(query, "run")
        key = datastore.namespace, flow, run
        with self._lock:
            found = self._followed.get(key)
            if found:
                self._followed.move_to_end(key)
                return found
        reader = RunReader(datastore, flow, run, allow_pickle=False)
        assert reader.info
        with self._lock:
            found = self._followed.setdefault(key, Followed(reader, self.elsewhere))
            while len(self._followed) > _MOST_RUNS:
                self._followed.popitem(last=False)
            return found

"""What is known of the deployments of one flow in one namespace, and whose turn it is to deploy.

Each deployment is an object ``<number>.json`` that its deployer puts only where no other has it: of two who
begin at once one wins, and nobody changes what another wrote. A second object, ``<number>.done``, says that
it is complete. Who has a turn has it for `LEASE` seconds and does nothing after them; others wait a while
longer, so that what was killed on the way holds nobody up for ever.

The objects lie outside of all namespaces, where only those who deploy may read (`stepwell.store.keys`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from stepwell.datastore import utc_now
from stepwell.errors import AlreadyExists, PlatformError
from stepwell.store import keys
from stepwell.store.base import Store

LEASE, MARGIN = 120.0, 60.0


class Entry(NamedTuple):
    """A deployment, or that there is none any more.

    Attributes:
        user: who deployed.
        began: when, by the deployer's clock, in UTC.
        token: what else one needs to deploy, where something is.
        done: whether it is complete.
    """

    number: int
    user: str
    began: datetime
    token: str | None
    deleted: bool
    done: bool

    @property
    def place(self) -> str:
        """For people: by whom and when."""
        return f"by {self.user} at {self.began:%Y-%m-%d %H:%M:%S} UTC"


class Turn:
    """The right to change a deployment, for a while."""

    def __init__(self, record: Record, number: int, clock: Callable[[], float]) -> None:
        self._record, self._number, self._clock = record, number, clock
        self._began = clock()

    def check(self) -> None:
        """Called before each change; raises `PlatformError` where the turn is over."""
        if self._clock() - self._began > LEASE:
            raise PlatformError(
                f"{self._record.what}: deploying took longer than {LEASE:.0f} s, so that another may have "
                "begun; deploy again"
            )
        last = self._record.last()
        if last is None or last.number != self._number:
            raise PlatformError(
                f"{self._record.what}: another deployment began meanwhile"
                f"{f' {last.place}' if last else ''}; this one ends here, so that they don't mix"
            )

    def finish(self) -> None:
        """All is changed."""
        self._record.store.put(f"{self._record.root}{self._number:08d}.done", b"")


class Record:
    """The deployments of a flow in a namespace, in the store of an environment."""

    def __init__(
        self, store: Store, namespace: str, flow: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.store, self.root = store, keys.deployments_root(namespace, flow)
        self.what = f"flow {flow} in '{namespace}'"
        self._clock = clock

    def last(self) -> Entry | None:
        """The newest deployment; None before the first. Raises `NotAllowed` for who may not deploy."""
        names = {info.key.removeprefix(self.root) for info in self.store.list(self.root)}
        numbers = sorted(int(name.removesuffix(".json")) for name in names if name.endswith(".json"))
        if not numbers:
            return None
        name = f"{numbers[-1]:08d}"
        found = json.loads(self.store.get(f"{self.root}{name}.json"))
        began = datetime.fromisoformat(found.pop("began"))
        return Entry(numbers[-1], began=began, done=f"{name}.done" in names, **found)

    def begin(self, last: Entry | None, user: str, token: str | None, *, deleted: bool = False) -> Turn:
        """Take the turn after `last`.

        Raises:
            PlatformError: another has it.
        """
        now = utc_now()
        if last and not last.done and (now - last.began).total_seconds() < LEASE + MARGIN:
            raise self._taken(last)
        number = last.number + 1 if last else 1
        said = {"user": user, "began": now.isoformat(), "token": token, "deleted": deleted}
        turn = Turn(self, number, self._clock)
        try:
            self.store.put(f"{self.root}{number:08d}.json", json.dumps(said).encode(), if_absent=True)
        except AlreadyExists:
            raise self._taken(self.last()) from None
        return turn

    def _taken(self, other: Entry | None) -> PlatformError:
        return PlatformError(
            f"{self.what}: another deployment began {other.place if other else 'just now'} and is not "
            f"complete; wait for it, or {LEASE + MARGIN:.0f} s if it was killed, and deploy again"
        )

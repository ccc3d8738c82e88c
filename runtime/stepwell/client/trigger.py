"""What started a run: ``run.trigger``, and ``current.trigger`` in its tasks; the names are Metaflow's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from stepwell.datastore import Datastore
from stepwell.store import keys

if TYPE_CHECKING:
    from stepwell.client.objects import Run


class TriggerEvent(NamedTuple):
    """An event that started a run.

    Attributes:
        id: EventBridge's id of it.
        name: of the event, of the flow whose run ended, or of the table.
        type: ``event``, ``run`` or ``table``.
        timestamp: when it happened, in UTC.
        payload: its fields.
    """

    id: str
    name: str
    type: str
    timestamp: datetime
    payload: dict[str, Any]


class Trigger:
    """The event that started a run."""

    def __init__(self, datastore: Datastore, kept: Mapping[str, Any]) -> None:
        self._datastore, self._about, event = datastore, kept["trigger"], kept["event"]
        self.event = TriggerEvent(
            event["id"], self._about["name"], self._about["kind"], datetime.fromisoformat(event["time"]),
            event["detail"],
        )  # fmt: skip

    @property
    def events(self) -> list[TriggerEvent]:
        """The event, in a list, as Metaflow's triggers may wait for several."""
        return [self.event]

    @property
    def run(self) -> Run | None:
        """The run that has ended, where the flow has ``@trigger_on_finish``; its pickles are not loaded."""
        from stepwell.client.objects import Run
        from stepwell.client.reader import RunReader

        if self.event.type != "run":
            return None
        where = Datastore(self._datastore.store, self._about["namespace"])
        own = where.namespace == self._datastore.namespace
        run = keys.PRODUCTION_RUN + self.event.payload["name"]
        return Run._of(RunReader(where, self.event.name, run, own))

    @property
    def runs(self) -> list[Run]:
        """The run, in a list; empty where there is none."""
        return [self.run] if self.run else []

    def __repr__(self) -> str:
        return f"<Trigger: {self.event.type} {self.event.name}>"


def trigger_of(datastore: Datastore, flow: str, run: str) -> Trigger | None:
    """What started a run; None where a person or a schedule did."""
    kept = datastore.event(flow, run)
    return Trigger(datastore, kept) if kept else None

"""Events of the local cloud's services, on the default bus of EventBridge: what AWS's services tell it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from stepwell.cloud.delivery import new_id

logger = logging.getLogger(__name__)


def tell(
    source: str,
    kind: str,
    detail: Mapping[str, Any],
    *,
    account: str,
    region: str,
    resources: Sequence[str] = (),
) -> None:
    """Give an event to every rule of the default bus that wants it; raises nothing."""
    from moto.events.models import events_backends

    now = datetime.now(UTC)
    event: Any = {
        "version": "0",
        "id": new_id(),
        "detail-type": kind,
        "source": source,
        "account": account,
        "time": now.timestamp(),
        "region": region,
        "resources": list(resources),
        "detail": dict(detail),
        "ingestion-time": now.timestamp(),
    }
    for rule in list(events_backends[account][region].event_buses["default"].rules.values()):
        try:
            rule.send_to_targets(event)
        except Exception:
            logger.exception("rule %s", rule.name)


def clock_time(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event with its time as AWS writes it, and without what only moto keeps."""
    shown = {key: value for key, value in event.items() if key != "ingestion-time"}
    if isinstance(event["time"], int | float):
        shown["time"] = datetime.fromtimestamp(event["time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return shown

"""Events of one's own, on the event bus of the environment's account: what ``@trigger(event=)`` waits for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from stepwell import aws
from stepwell.errors import PlatformError, UsageError

MAX_BYTES = 256_000
"""Of an event, with some room for what EventBridge adds (Amazon EventBridge quotas: 256 KB)."""


def publish_event(name: str, payload: Mapping[str, Any] | None = None) -> str:
    """Publish an event in the environment that STEPWELL_ENVIRONMENT names; returns its id.

    Flows that are deployed there with ``@trigger(event=name)`` start. Whatever else can call ``PutEvents``
    of Amazon EventBridge may publish it too: with the name as the detail type, the payload as the detail
    and ``stepwell.TEAM-ENV`` as the source.

    Args:
        payload: JSON: its fields may be parameters of the flows.

    Raises:
        UsageError: no environment is named, or the payload is no JSON or too large.
        PlatformError: AWS refused, or can't be reached.
    """
    environment = aws.required_environment("publish_event")
    try:
        detail = json.dumps(dict(payload or {}))
    except (TypeError, ValueError) as error:
        raise UsageError(f"event '{name}': the payload is no JSON: {error}") from None
    if len(detail.encode()) > MAX_BYTES:
        raise UsageError(
            f"event '{name}': the payload has {len(detail.encode()):,} bytes, above the {MAX_BYTES:,} that "
            "EventBridge takes; publish where the data is, not the data"
        )
    entry = {"Source": environment.event_source, "DetailType": name, "Detail": detail}
    with aws.translated(f"event '{name}'"):
        answer = aws.client("events", aws.contract(environment).region).put_events(Entries=[entry])
    (said,) = answer["Entries"]
    if "EventId" not in said:
        raise PlatformError(
            f"event '{name}': EventBridge took it not: {said.get('ErrorCode')}: {said.get('ErrorMessage')}"
        )
    found: str = said["EventId"]
    return found

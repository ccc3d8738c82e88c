"""The clock of the local cloud: starts what schedules of EventBridge Scheduler name, when they come due."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from stepwell.cloud.delivery import COURIER, Delivery, new_id
from stepwell.flow.cron import next_time

logger = logging.getLogger(__name__)
LOOK = 0.5
"""Seconds between two looks at the schedules."""


@dataclass(slots=True)
class Watched:
    """A schedule as it was last seen, and when it comes due; None if never again."""

    seen: tuple[Any, ...]
    due: datetime | None


class Clock:
    """Looks at all schedules of all accounts, in a thread of its own.

    A schedule comes due at most once a look: like Scheduler, it makes up for nothing that it missed.
    """

    def __init__(self) -> None:
        self._watched: dict[str, Watched] = {}
        self._over = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._go_on, name="stepwell-clock", daemon=True).start()

    def _go_on(self) -> None:
        while not self._over.wait(LOOK):
            try:
                self.look(datetime.now(UTC))
            except Exception:
                logger.exception("the clock")

    def look(self, now: datetime) -> None:
        """Start what has come due."""
        there = {schedule.arn: schedule for schedule in _schedules()}
        for arn in self._watched.keys() - there.keys():
            del self._watched[arn]
        for arn, schedule in there.items():
            seen = _of(schedule)
            watched = self._watched.get(arn)
            if watched is None or watched.seen != seen:
                watched = self._watched[arn] = Watched(seen, _next(schedule, now))
            if watched.due is not None and watched.due <= now:
                _invoke(schedule, watched.due)
                watched.due = _next(schedule, now)


def _schedules() -> Iterator[Any]:
    from moto.scheduler.models import scheduler_backends

    for account in list(scheduler_backends.values()):
        for backend in list(account.values()):
            for group in list(backend.schedule_groups.values()):
                yield from list(group.schedules.values())


def _of(schedule: Any) -> tuple[Any, ...]:
    """What says when it comes due."""
    return (
        schedule.creation_date, schedule.state, schedule.schedule_expression,
        schedule.schedule_expression_timezone, schedule.start_date, schedule.end_date,
    )  # fmt: skip


def _next(schedule: Any, now: datetime) -> datetime | None:
    if schedule.state != "ENABLED":
        return None
    made = datetime.fromtimestamp(float(schedule.start_date or schedule.creation_date), UTC)
    zone = ZoneInfo(schedule.schedule_expression_timezone)
    due = next_time(schedule.schedule_expression, zone, max(now, made), made)
    if due and schedule.end_date and due.timestamp() > float(schedule.end_date):
        return None
    return due


def _invoke(schedule: Any, due: datetime) -> None:
    """Give its target its input, in which Scheduler fills in what it calls context attributes."""
    invocation = new_id()
    text = schedule.target.get("Input") or "{}"
    for name, value in (
        ("schedule-arn", schedule.arn),
        ("scheduled-time", due.strftime("%Y-%m-%dT%H:%M:%SZ")),
        ("execution-id", invocation),
        ("attempt-number", "1"),
    ):
        text = text.replace(f"<aws.scheduler.{name}>", json.dumps(value)[1:-1])
    said = {"SCHEDULE_ARN": schedule.arn, "SCHEDULED_TIME": due.isoformat()}
    COURIER.send(Delivery.of(schedule.target, text, said, invocation))

"""Schedule expressions: when they come due."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from stepwell.flow.cron import Cron, next_time

START = datetime(2026, 11, 20, 10, 30, 15, tzinfo=UTC)  # a Friday


def following(expression: str, zone: str = "UTC", count: int = 3) -> list[str]:
    """The times an expression comes due after START, in its own zone."""
    found, after = [], START
    while len(found) < count:
        due = next_time(expression, ZoneInfo(zone), after, START)
        if due is None:
            break
        found.append(due.astimezone(ZoneInfo(zone)).strftime("%a %Y-%m-%d %H:%M"))
        after = due
    return found


@pytest.mark.parametrize(
    ("expression", "times"),
    [
        ("cron(* * * * ? *)", ["Fri 2026-11-20 10:31", "Fri 2026-11-20 10:32", "Fri 2026-11-20 10:33"]),
        ("cron(0 * * * ? *)", ["Fri 2026-11-20 11:00", "Fri 2026-11-20 12:00", "Fri 2026-11-20 13:00"]),
        ("cron(0 0 ? * SUN *)", ["Sun 2026-11-22 00:00", "Sun 2026-11-29 00:00", "Sun 2026-12-06 00:00"]),
        ("cron(15/30 6 ? * 2-6 *)", ["Mon 2026-11-23 06:15", "Mon 2026-11-23 06:45", "Tue 2026-11-24 06:15"]),
        ("cron(0 8 L * ? *)", ["Mon 2026-11-30 08:00", "Thu 2026-12-31 08:00", "Sun 2027-01-31 08:00"]),
        ("cron(0 8 LW * ? *)", ["Mon 2026-11-30 08:00", "Thu 2026-12-31 08:00", "Fri 2027-01-29 08:00"]),
        ("cron(0 8 1W * ? *)", ["Tue 2026-12-01 08:00", "Fri 2027-01-01 08:00", "Mon 2027-02-01 08:00"]),
        ("cron(0 8 ? * 6L *)", ["Fri 2026-11-27 08:00", "Fri 2026-12-25 08:00", "Fri 2027-01-29 08:00"]),
        ("cron(0 8 ? * TUE#2 *)", ["Tue 2026-12-08 08:00", "Tue 2027-01-12 08:00", "Tue 2027-02-09 08:00"]),
        ("cron(0 8 ? * FRI-MON *)", ["Sat 2026-11-21 08:00", "Sun 2026-11-22 08:00", "Mon 2026-11-23 08:00"]),
        ("cron(30 10 29 2 ? *)", ["Tue 2028-02-29 10:30", "Sun 2032-02-29 10:30", "Fri 2036-02-29 10:30"]),
        ("cron(0 0 1,15 JAN ? 2027)", ["Fri 2027-01-01 00:00", "Fri 2027-01-15 00:00"]),
        ("cron(0 0 1 1 ? 2025)", []),
        ("rate(5 minutes)", ["Fri 2026-11-20 10:35", "Fri 2026-11-20 10:40", "Fri 2026-11-20 10:45"]),
        ("at(2026-11-21T00:00:00)", ["Sat 2026-11-21 00:00"]),
        ("at(2026-11-19T00:00:00)", []),
    ],
)  # fmt: skip
def test_times(expression: str, times: list[str]) -> None:
    """Each form comes due when the guide of EventBridge Scheduler says."""
    assert following(expression) == times


def test_a_time_zone_counts() -> None:
    """An expression means the local time of its zone, in summer and winter."""
    berlin = ZoneInfo("Europe/Berlin")
    daily = Cron.parse("0 6 * * ? *")
    winter = daily.next(datetime(2026, 1, 10, tzinfo=UTC), berlin)
    summer = daily.next(datetime(2026, 7, 10, tzinfo=UTC), berlin)
    assert (winter and winter.hour, summer and summer.hour) == (5, 4)


def test_changes_of_clocks() -> None:
    """A local time that does not exist is left out; one that comes twice comes due once."""
    berlin = ZoneInfo("Europe/Berlin")
    daily = Cron.parse("30 2 * * ? *")
    assert daily.next(datetime(2026, 3, 28, 12, tzinfo=UTC), berlin) == datetime(
        2026, 3, 30, 0, 30, tzinfo=UTC
    )
    once = daily.next(datetime(2026, 10, 24, 12, tzinfo=UTC), berlin)
    assert once == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert daily.next(once, berlin) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 6 * * *", "it has 5 fields, not six"),
        ("0 6 * * * *", "one of day of month and day of week is"),
        ("0 6 ? * ? *", "one of day of month and day of week is"),
        ("60 6 * * ? *", "minute is 60; it goes from 0 to 59"),
        ("0 6 ? * FOO *", "day of week is FOO; it goes from 1 to 7 or SUN to SAT"),
        ("0/0 6 * * ? *", "minute is 0/0; behind / stands a whole number above 0"),
        ("0 6 ? * MON#6 *", "day of week is 6; it goes from 1 to 5"),
        ("0 -1 * * ? *", "hour is -1; it goes from 0 to 23"),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    """What is no cron expression is refused, with the reason."""
    with pytest.raises(ValueError, match=message):
        Cron.parse(text)


@pytest.mark.parametrize("expression", ["every day", "rate(0 minutes)", "rate(5 weeks)", "cron()"])
def test_no_expression(expression: str) -> None:
    """Anything but the three forms is refused."""
    with pytest.raises(ValueError):
        following(expression)

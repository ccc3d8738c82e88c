"""Schedule expressions of Amazon EventBridge Scheduler: when they come due. Pure.

``cron(minute hour day-of-month month day-of-week year)``, ``rate(5 minutes)`` and ``at(2026-11-23T20:00:00)``
as its User Guide has them ("Schedule types"): fields hold numbers, names, ``,``, ``-``, ``*`` and ``/``; the
days also ``?``, ``L``, ``W`` and ``#``. Local times that a change of clocks leaves out are left out, and
those it brings twice count once.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_UNITS = {"minute": 60, "hour": 3600, "day": 86400}
_HORIZON = 366 * 8 + 2
"""Days that are looked through: 29 February comes within eight years."""


@dataclass(frozen=True, slots=True)
class Cron:
    """The fields of a cron expression.

    Attributes:
        is_day: whether it comes due on a date.
        years: the years it comes due in.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    months: frozenset[int]
    years: frozenset[int]
    is_day: Callable[[date], bool]

    @classmethod
    def parse(cls, text: str) -> Cron:
        """Parse six fields; raises `ValueError`, which says what is wrong."""
        fields = text.upper().split()
        if len(fields) != 6:
            raise ValueError(
                f"it has {len(fields)} fields, not six: minute, hour, day of month, month, day of week, year"
            )
        minute, hour, day, month, weekday, year = fields
        if (day == "?") == (weekday == "?"):
            raise ValueError("one of day of month and day of week is ?, and the other is not")
        return cls(
            _numbers("minute", minute, 0, 59),
            _numbers("hour", hour, 0, 23),
            _numbers("month", month, 1, 12, _MONTHS),
            _numbers("year", year, 1970, 2199),
            _on_days_of_month(day) if weekday == "?" else _on_days_of_week(weekday),
        )

    def next(self, after: datetime, zone: tzinfo) -> datetime | None:
        """The first time in UTC after `after`, an aware one; None where it never comes due again."""
        local = after.astimezone(zone)
        for offset in range(_HORIZON):
            day = local.date() + timedelta(days=offset)
            if day.month not in self.months or day.year not in self.years or not self.is_day(day):
                continue
            for hour in sorted(self.hours):
                if offset == 0 and hour < local.hour - 1:
                    continue
                for minute in sorted(self.minutes):
                    found = _in_utc(datetime(day.year, day.month, day.day, hour, minute), zone)
                    if found is not None and found > after:
                        return found
        return None


def next_time(expression: str, zone: tzinfo, after: datetime, start: datetime) -> datetime | None:
    """When a schedule comes due first after `after`, in UTC; None where it never does again.

    Args:
        expression: of a schedule.
        start: when the schedule was made, from which a rate counts.

    Raises:
        ValueError: it is no schedule expression.
    """
    kind, text = _parsed(expression)
    if kind == "cron":
        return Cron.parse(text).next(after, zone)
    if kind == "at":
        due = _in_utc(datetime.fromisoformat(text), zone)
        return due if due and due > after else None
    number, unit = text.split()
    seconds = int(number) * _UNITS[unit.rstrip("s")]
    return start + timedelta(seconds=seconds * ((after - start).total_seconds() // seconds + 1))


def _parsed(expression: str) -> tuple[str, str]:
    for kind, form in (
        ("cron", r".+"),
        ("rate", r"[1-9]\d* (?:minute|hour|day)s?"),
        ("at", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"),
    ):
        found = re.fullmatch(rf"{kind}\(({form})\)", expression)
        if found:
            return kind, found[1]
    raise ValueError(f"{expression!r} is none of cron(...), rate(...) and at(...)")


def _numbers(field: str, text: str, least: int, most: int, names: list[str] | None = None) -> frozenset[int]:
    """The numbers that a field names."""

    def number(word: str) -> int:
        value = names.index(word) + least if names and word in names else int(word) if word.isdigit() else -1
        if not least <= value <= most:
            also = f" or {names[0]} to {names[-1]}" if names else ""
            raise ValueError(f"{field} is {text}; it goes from {least} to {most}{also}")
        return value

    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        if slash and not (step.isdigit() and int(step)):
            raise ValueError(f"{field} is {text}; behind / stands a whole number above 0")
        first, dash, last = span.partition("-")
        low = least if span == "*" else number(first)
        high = number(last) if dash else most if slash or span == "*" else low
        # FRI-MON goes over the end of the week
        whole = range(low, high + 1) if low <= high else [*range(low, most + 1), *range(least, high + 1)]
        found.update(list(whole)[:: int(step) if slash else 1])
    return frozenset(found)


def _on_days_of_month(text: str) -> Callable[[date], bool]:
    if text == "L":
        return lambda day: day.day == _length(day)
    if text == "LW":
        return lambda day: day == _workday(day, _length(day))
    if re.fullmatch(r"\d+W", text):
        (wanted,) = _numbers("day of month", text[:-1], 1, 31)
        return lambda day: wanted <= _length(day) and day == _workday(day, wanted)
    days = _numbers("day of month", text, 1, 31)
    return lambda day: day.day in days


def _on_days_of_week(text: str) -> Callable[[date], bool]:
    def weekday(day: date) -> int:
        return day.isoweekday() % 7 + 1  # Sunday is 1

    if text == "L":
        text = "7"
    last = re.fullmatch(r"(\w+)L", text)
    if last:
        (wanted,) = _numbers("day of week", last[1], 1, 7, _DAYS)
        return lambda day: weekday(day) == wanted and day.day > _length(day) - 7
    word, sharp, count = text.partition("#")
    if sharp:
        (wanted,) = _numbers("day of week", word, 1, 7, _DAYS)
        (which,) = _numbers("day of week", count, 1, 5)
        return lambda day: weekday(day) == wanted and (day.day - 1) // 7 + 1 == which
    days = _numbers("day of week", text, 1, 7, _DAYS)
    return lambda day: weekday(day) in days


def _length(day: date) -> int:
    """The number of days of a date's month."""
    return monthrange(day.year, day.month)[1]


def _workday(day: date, wanted: int) -> date:
    """The day from Monday to Friday in the month of `day` that is nearest to its day `wanted`."""
    near = day.replace(day=wanted)
    if near.isoweekday() == 6:
        return near - timedelta(days=1) if wanted > 1 else near + timedelta(days=2)
    if near.isoweekday() == 7:
        return near + timedelta(days=1) if wanted < _length(day) else near - timedelta(days=2)
    return near


def _in_utc(local: datetime, zone: tzinfo) -> datetime | None:
    """A local time in UTC; None where the clocks leave it out."""
    found = local.replace(tzinfo=zone).astimezone(UTC)
    return found if found.astimezone(zone).replace(tzinfo=None) == local else None

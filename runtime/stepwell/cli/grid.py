"""Rows of text in columns, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from stepwell.terminal import tame


def grid(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns as wide as they must be; the last is as long as it is."""
    cells = [list(head), *([tame(_text(cell)) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head) - 1)]
    return "\n".join(
        "  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in cells
    )


def _text(cell: object) -> str:
    if cell is None:
        return "-"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def size(count: int | None) -> str:
    """A number of bytes in the largest unit of which there is one."""
    if count is None:
        return "-"
    number, units = float(count), iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while number >= 1000 and unit != "TB":
        number, unit = number / 1000, next(units)
    return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"


def ago(time: datetime) -> str:
    """How long a time is past, in one unit."""
    seconds = max((datetime.now(UTC) - time).total_seconds(), 0)
    for length, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"

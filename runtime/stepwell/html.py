"""Small HTML tables for notebooks: everything escaped, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from textwrap import shorten

_WIDEST = 80


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table with a caption and a line of headings; long values are shortened."""
    lines = [_row("th", head), *(_row("td", row) for row in rows)]
    return f"<table><caption>{escape(caption)}</caption>{''.join(lines)}</table>"


def _row(cell: str, values: Iterable[object]) -> str:
    shown = (escape(shorten(str(value), _WIDEST, placeholder=" ...")) for value in values)
    return "<tr>" + "".join(f"<{cell}>{value}</{cell}>" for value in shown) + "</tr>"

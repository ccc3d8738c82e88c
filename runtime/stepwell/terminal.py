"""What is written to a terminal: a picture drawn again in its place, and text that can't move the cursor."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence

# control sequences but colors, and control characters but tabs (ECMA-48): they would move the cursor
_CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-ln-~]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)?|\x1b(?!\[)|[\x00-\x08\n-\x1a\x1c-\x1f\x7f]"
)
_COLOR = re.compile(r"\x1b\[[0-9;]*m")

Picture = Callable[[int, int], Sequence[str]]
"""Makes the lines of a picture, given how many columns and rows there are for it."""


def is_live() -> bool:
    """Whether stdout is a terminal that can draw again what it has drawn."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def paints() -> bool:
    """Whether what is written to stdout may be colored."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def paint(text: str, color: str) -> str:
    """Text in a color, a number of ECMA-48's "select graphic rendition"; as it is where there is none."""
    return f"\x1b[{color}m{text}\x1b[0m" if color else text


def tame(text: str) -> str:
    """A line without what would move the cursor; of what a return let be overwritten, the last is left."""
    plain = _CONTROL.sub("", text.rstrip("\r").rpartition("\r")[2])
    return f"{plain}\x1b[0m" if "\x1b" in plain else plain


def fitted(line: str, columns: int) -> str:
    """As much of a line as goes into so many columns; without its colors where it is cut."""
    plain = _COLOR.sub("", line)
    return line if len(plain) <= columns else plain[:columns]


class Screen:
    """Draws a picture at the bottom of what was written, and again in its place."""

    def __init__(self) -> None:
        self._widths: list[int] = []

    def draw(self, lines: Sequence[str], picture: Picture) -> None:
        """Write lines that stay, and below them the picture as it is now."""
        # not shutil's, which prefers the variable COLUMNS: it does not follow the terminal's size
        size = os.get_terminal_size(sys.stdout.fileno())
        columns, rows = size.columns or 80, size.lines or 24
        # a terminal that was made narrower has broken the last picture's lines into several
        height = sum(max(1, -(-width // columns)) for width in self._widths)
        erase = f"\x1b[{height}A\r\x1b[J" if height else ""
        drawn = [fitted(line, columns - 1) for line in picture(columns - 1, rows - 1)]
        sys.stdout.write(erase + "".join(f"{line}\n" for line in [*lines, *drawn]))
        sys.stdout.flush()
        self._widths = [len(_COLOR.sub("", line)) for line in drawn]

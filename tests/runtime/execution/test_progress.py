"""The live display, at a pseudo-terminal and as pieces."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from stepwell.execution.tally import duration
from stepwell.terminal import tame
from tests.support import environment, flow_command, write_flow

BODY = """
@step
def start(self):
    self.xs = [0, 1, 2, 3]
    self.next(self.work, foreach="xs")
@step
def work(self):
    for number in range(20):
        print("\\x1b[2J" + f"task {self.input} line {number}" + "\\x1b[1A")
        time.sleep(0.03)
    self.next(self.join)
@step
def join(self, inputs):
    self.next(self.end)
@step
def end(self): pass
"""
COLOR = re.compile(r"\x1b\[[0-9;]*m")


def run_at_terminal(file: Path, home: Path, columns: int, *arguments: str, **more: str) -> str:
    """What ``run`` writes to a terminal of so many columns."""
    settings = {"TERM": "xterm", **more}
    command = flow_command(file, "run", "--max-workers", "2", *arguments)
    return at_terminal(command, environment(home, **settings), file.parent, columns)


def at_terminal(command: list[str], environ: dict[str, str], folder: Path, columns: int) -> str:
    """What a command writes to a terminal of so many columns and 12 rows; it has to succeed."""
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 12, columns, 0, 0))
    process = subprocess.Popen(command, env=environ, cwd=folder, stdin=side, stdout=side, stderr=side)
    os.close(side)
    written = b""
    while True:
        try:
            part = os.read(main, 1 << 16)
        except OSError:  # Linux's end of a pseudo-terminal
            break
        if not part:
            break
        written += part
    os.close(main)
    assert process.wait() == 0, written
    return written.decode()


def screen(written: str) -> list[str]:
    """The lines that are left, as a terminal has them that knows colors, up, and clearing to the end."""
    lines: list[str] = [""]
    row = 0
    for piece in re.findall(r"\x1b\[\d*[A-Za-z]|\r|\n|[^\x1b\r\n]+", COLOR.sub("", written)):
        if piece == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif piece.endswith("A") and piece[0] == "\x1b":
            row -= int(piece[2:-1])
            assert row >= 0
        elif piece == "\x1b[J":
            del lines[row + 1 :]
            lines[row] = ""
        elif piece != "\r":
            assert "\x1b" not in piece
            lines[row] = piece
    return lines


def test_the_display_stands_below_what_tasks_print(tmp_path: Path) -> None:
    """At a terminal each printed line is there once and whole, and one picture is left below."""
    written = run_at_terminal(write_flow(tmp_path, BODY), tmp_path / "home", 120)
    pictures = written.count("\x1b[J")
    assert pictures > 3
    assert "2 running" in written
    lines = screen(written)
    printed = sorted(line.partition("] ")[2] for line in lines if "(pid " in line)
    assert printed == sorted(f"task {task} line {number}" for task in range(4) for number in range(20))
    table = [re.sub(r" +", " ", line) for line in lines if line.startswith("  ")]
    assert [re.sub(r"\d+\.\d s", "T", line) for line in table] == [
        " start T 1 done", " work T 4 done", " join T 1 done", " end T 1 done",
    ]  # fmt: skip
    assert [lines.count(line) for line in table] and "The run took" in lines[-2]


def test_reused_tasks_are_counted(tmp_path: Path) -> None:
    """The display and the last line say how many of the tasks that are done were reused."""
    file = write_flow(tmp_path, BODY.replace("time.sleep(0.03)", "pass"))
    run_at_terminal(file, tmp_path / "home", 120)
    file.write_text(
        file.read_text().replace("def join(self, inputs):", "def join(self, inputs):\n        pass")
    )
    lines = screen(run_at_terminal(file, tmp_path / "home", 120, "--reuse"))
    table = [re.sub(r" +", " ", line) for line in lines if line.startswith("  ")]
    assert [re.sub(r"\d+\.\d s", "T", line) for line in table] == [
        " start T 1 done (1 reused)",
        " work T 4 done (4 reused)",
        " join T 1 done",
        " end T 1 done (1 reused)",
    ]
    assert lines[-2].endswith(": 7 tasks, 6 reused. Done!")


def test_the_display_fits_a_narrow_terminal(tmp_path: Path) -> None:
    """No line of the picture is as wide as the terminal really is: one that wraps could not be cleared."""
    written = run_at_terminal(write_flow(tmp_path, BODY), tmp_path / "home", 20, COLUMNS="120")
    pictured = [line for line in written.split("\r\n") if COLOR.sub("", line).startswith(("Made/", "  "))]
    assert pictured
    assert [line for line in pictured if len(line) >= 20] == []


def test_no_color(tmp_path: Path) -> None:
    """With NO_COLOR the display stays, without a color."""
    written = run_at_terminal(write_flow(tmp_path, BODY), tmp_path / "home", 120, NO_COLOR="1")
    assert "\x1b[J" in written and not COLOR.search(written)


def test_a_dumb_terminal_gets_lines(tmp_path: Path) -> None:
    """A terminal that can't move its cursor gets a line for each event."""
    written = run_at_terminal(write_flow(tmp_path, BODY), tmp_path / "home", 120, TERM="dumb")
    assert "\x1b[J" not in written and "Task is starting." in written


@pytest.mark.parametrize(
    ("text", "tamed"),
    [
        ("10%\r50%\r100%\r", "100%"),
        ("\x1b[31mred", "\x1b[31mred\x1b[0m"),
        ("\x1b[2K\x1b[1Aup \x1b]0;title\x07down\x1bM\a", "up downM"),
        ("tab\tstays", "tab\tstays"),
    ],
)
def test_lines_are_tamed(text: str, tamed: str) -> None:
    """What would move the cursor is taken out of a line; colors stay and end with it."""
    assert tame(text) == tamed


@pytest.mark.parametrize(("seconds", "text"), [(3.21, "3.2 s"), (65, "1:05"), (7384, "2:03:04")])
def test_durations(seconds: float, text: str) -> None:
    """Seconds, minutes and hours are told as people do."""
    assert duration(seconds) == text

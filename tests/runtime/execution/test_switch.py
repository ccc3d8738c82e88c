"""Flows with switches and repetitions, run by processes of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepwell import Flow
from stepwell.artifacts.manifest import Manifest
from tests.support import FLOWS, run_flow, write_flow


@pytest.mark.parametrize(
    ("size", "trail"),
    [
        ("3", ["start", "finish"]),
        ("7", ["start", "large", "digit", "finish"]),
        ("30", ["start", "large", "number", "figure", "whole", "finish"]),
    ],
)
def test_the_way_follows_the_condition(size: str, trail: list[str], home: Path) -> None:
    """Only the chosen steps run, and the step where ways meet goes on with the artifacts of the one taken."""
    ended = run_flow(FLOWS / "switch.py", home, "run", "--size", size)
    assert ended.returncode == 0, ended.stderr
    run = Flow("Switch").latest_run
    assert run.data.trail == trail
    assert [step.id for step in run] == [*trail, "end"]


def test_repetitions(home: Path) -> None:
    """A step repeats itself until its condition says otherwise, also in a foreach; each time is a task."""
    ended = run_flow(FLOWS / "recursion.py", home, "run", "--max-workers", "3")
    assert ended.returncode == 0, ended.stderr
    run = Flow("Recursion").latest_run
    assert run.data.tasks == [f"0-r{number}" for number in range(12)]
    assert [task.id for task in run["climb"]] == run.data.tasks
    assert run.data.found == [(("0-0-r0", 0), "even"), (("0-1-r2", 1), "odd")]
    assert run["fan"].task.manifest.meta["parents"] == ["climb/0-r11"]


def test_resume_in_the_middle_of_repetitions(home: Path, tmp_path: Path) -> None:
    """A repetition that failed is resumed there: those before it are taken over."""
    body = """
    @step
    def start(self):
        self.count = 0
        self.next(self.climb)
    @step
    def climb(self):
        self.count += 1
        if self.count == 3 and not os.path.exists("mended"):
            raise ValueError("broken")
        self.low = self.count < 5
        self.next({True: self.climb, False: self.end}, condition="low")
    @step
    def end(self): pass
    """
    file = write_flow(tmp_path, body)
    failed = run_flow(file, home, "run")
    assert "task climb/0-r2: ValueError: broken" in failed.stderr
    (tmp_path / "mended").touch()
    resumed = run_flow(file, home, "resume")
    assert resumed.returncode == 0, resumed.stderr
    run = Flow("Made").latest_run
    assert run.data.count == 5
    taken = [task.id for task in run["climb"] if "taken_from" in task.manifest.meta]
    assert taken == ["0-r0", "0-r1"]


def test_spin_behind_repetitions(home: Path) -> None:
    """A step behind one that repeated itself is run again with what the last repetition left."""
    assert run_flow(FLOWS / "recursion.py", home, "run").returncode == 0
    spun = run_flow(FLOWS / "recursion.py", home, "spin", "fan")
    assert spun.returncode == 0, spun.stderr
    (fan,) = home.rglob("spin-*/tasks/fan/*/manifest.parquet")
    assert Manifest.from_bytes(fan.read_bytes(), "fan").meta["parents"] == ["climb/0-r11"]


BAD_VALUES = {
    "a value that is no key": (
        "self.x = 'hihg'",
        "made.py:7: step 'start': the condition 'x' is 'hihg' of type str, which is no key of its switch; "
        "allowed are 'high', 2; set self.x to one of them",
    ),
    "a value that no dictionary has": (
        "self.x = ['high']",
        "made.py:7: step 'start': the condition 'x' is ['high'] of type list, which is no key of its switch; "
        "allowed are 'high', 2; set self.x to one of them",
    ),
    "no value": (
        "pass",
        "made.py:7: step 'start': the condition is 'x', but no artifact has that name; "
        "set self.x before self.next",
    ),
}


@pytest.mark.parametrize("case", BAD_VALUES)
def test_bad_conditions_fail_with_one_line(case: str, home: Path, tmp_path: Path) -> None:
    """A condition that is missing or no key fails the task with one line: step, value, allowed keys."""
    statement, message = BAD_VALUES[case]
    body = (
        f"@step\ndef start(self):\n    {statement}\n"
        "    self.next({'high': self.a, 2: self.end}, condition='x')\n"
        "@step\ndef a(self):\n    self.next(self.end)\n@step\ndef end(self): pass"
    )
    ended = run_flow(write_flow(tmp_path, body), home, "run")
    assert ended.returncode == 1
    assert message in ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
    assert not list(home.rglob("manifest.parquet"))

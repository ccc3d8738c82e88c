"""Stepwell beside Metaflow, in one run on one machine: import, linear steps, a wide foreach.

The same flow is run under both by changing its import line; the two take turns, and what counts
is the median and the ratio. ``make bench`` runs it where both are installed from wheels::

    python benchmarks/flows.py [--rounds 5] [--case "4 linear steps"]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from report import Comparison, show
from sources import FOREACH, LINEAR

IMPORT = "import time; t = time.perf_counter(); import {framework}; print(time.perf_counter() - t)"


def seconds_to_import(framework: str, folder: Path) -> float:
    """Seconds that the import statement takes in a fresh interpreter."""
    code = IMPORT.format(framework=framework)
    return float(
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    )


def seconds_of_help(framework: str, folder: Path) -> float:
    """Seconds of processor time that ``python flow.py --help`` takes."""
    file = folder / f"help_{framework}.py"
    file.write_text(LINEAR.format(framework=framework))
    before = os.times()
    subprocess.run([sys.executable, str(file), "--help"], check=True, capture_output=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def seconds_to_run(source: str, items: int = 1) -> Callable[[str, Path], float]:
    """Wall seconds of ``python flow.py run``."""

    def measure(framework: str, folder: Path) -> float:
        file = folder / f"flow_{framework}.py"
        file.write_text(source.format(framework=framework, items=items))
        environ = {**os.environ, "STEPWELL_HOME": str(folder / "home"), "USER": "bench"}
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, str(file), "run", "--max-num-splits", str(items)],
            check=True,
            capture_output=True,
            cwd=folder,
            env=environ,
        )
        return time.perf_counter() - began

    return measure


@dataclass(frozen=True)
class Case:
    """What is measured, how, by how many times Stepwell is to be faster, and in how many rounds at most."""

    name: str
    measure: Callable[[str, Path], float]
    target: float | None = None
    limit: float | None = None
    most_rounds: int = 100


CASES = [
    Case("import", seconds_to_import, 8),
    Case("--help, processor time", seconds_of_help, limit=0.25),
    Case("4 linear steps", seconds_to_run(LINEAR), 10),
    Case("100-way foreach", seconds_to_run(FOREACH, 100), 30),
    Case("1000-way foreach", seconds_to_run(FOREACH, 1000), 30, most_rounds=1),  # minutes for Metaflow
]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--case", choices=[case.name for case in CASES], help="measure this one only")
    given = arguments.parse_args()
    comparisons = []
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES:
            if given.case in (None, case.name):
                comparisons.append(compare(case, min(given.rounds, case.most_rounds), Path(folder)))
    show("Stepwell beside Metaflow", "stepwell", "metaflow", comparisons)


def compare(case: Case, rounds: int, folder: Path) -> Comparison:
    """Measure both in turn; before more rounds than one, a first one that fills caches."""
    measured: dict[str, list[float]] = {"stepwell": [], "metaflow": []}
    for number in range(rounds + (rounds > 1)):
        for framework, times in measured.items():
            seconds = case.measure(framework, folder)
            if number or rounds == 1:
                times.append(seconds)
    ours, theirs = (statistics.median(times) for times in measured.values())
    return Comparison(case.name, "s", ours, theirs, case.target, case.limit)


if __name__ == "__main__":
    main()

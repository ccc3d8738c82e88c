"""Stepwell beside Metaflow, in one run on one machine: import, linear steps, a wide foreach.

The same flow is run under both by changing its import line; the two take turns, and what counts
is the median and the ratio. ``make bench`` runs it where both are installed from wheels::

    python benchmarks/flows.py [--rounds 3]
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
from pathlib import Path

from report import Comparison, show

LINEAR = """
from {framework} import FlowSpec, step

class Linear(FlowSpec):
    @step
    def start(self):
        self.x = 1
        self.next(self.a)

    @step
    def a(self):
        self.x += 1
        self.next(self.b)

    @step
    def b(self):
        self.x += 1
        self.next(self.end)

    @step
    def end(self):
        assert self.x == 3

if __name__ == "__main__":
    Linear()
"""

FOREACH = """
from {framework} import FlowSpec, step

class Wide(FlowSpec):
    @step
    def start(self):
        self.items = list(range(100))
        self.next(self.work, foreach="items")

    @step
    def work(self):
        self.square = self.input ** 2
        self.next(self.join)

    @step
    def join(self, inputs):
        self.total = sum(one.square for one in inputs)
        self.next(self.end)

    @step
    def end(self):
        assert self.total == 328350

if __name__ == "__main__":
    Wide()
"""

IMPORT = "import time; t = time.perf_counter(); import {framework}; print(time.perf_counter() - t)"


def seconds_to_import(framework: str, folder: Path) -> float:
    """Seconds that the import statement takes in a fresh interpreter."""
    code = IMPORT.format(framework=framework)
    return float(
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    )


def seconds_to_run(template: str) -> Callable[[str, Path], float]:
    """Wall seconds of ``python flow.py run``."""

    def measure(framework: str, folder: Path) -> float:
        file = folder / f"flow_{framework}.py"
        file.write_text(template.format(framework=framework))
        environ = {**os.environ, "STEPWELL_HOME": str(folder / "home"), "USER": "bench"}
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, str(file), "run"], check=True, capture_output=True, cwd=folder, env=environ
        )
        return time.perf_counter() - began

    return measure


CASES: list[tuple[str, Callable[[str, Path], float], float]] = [
    ("import", seconds_to_import, 8),
    ("4 linear steps", seconds_to_run(LINEAR), 6),
    ("100-way foreach", seconds_to_run(FOREACH), 15),
]
"""What is measured, how, and by how many times Stepwell is to be faster."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--rounds", type=int, default=3)
    rounds: int = arguments.parse_args().rounds
    comparisons = []
    with tempfile.TemporaryDirectory() as folder:
        for name, measure, target in CASES:
            measured: dict[str, list[float]] = {"stepwell": [], "metaflow": []}
            for number in range(rounds + 1):
                for framework, times in measured.items():
                    seconds = measure(framework, Path(folder))
                    if number:  # the first round fills caches
                        times.append(seconds)
            ours, theirs = (statistics.median(times) for times in measured.values())
            comparisons.append(Comparison(name, "s", ours, theirs, target))
    show("Stepwell beside Metaflow", "stepwell", "metaflow", comparisons)


if __name__ == "__main__":
    main()

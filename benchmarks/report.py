"""How a comparison is shown: a table for a person, a line of JSON for a program."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two medians of one measure, and by how many times `ours` is to be smaller."""

    name: str
    unit: str
    ours: float
    theirs: float
    target: float

    @property
    def times(self) -> float:
        """How many times smaller ours is."""
        return self.theirs / self.ours


def show(title: str, ours: str, theirs: str, comparisons: list[Comparison]) -> None:
    """Print the comparisons."""
    machine = f"{os.cpu_count()} CPUs, {platform.system()}, Python {platform.python_version()}"
    print(f"\n{title} ({machine}; medians)\n")
    print(f"{'':<28}{ours:>12}{theirs:>12}{'ratio':>10}{'target':>10}")
    for one in comparisons:
        print(
            f"{one.name:<28}{one.ours:>10.3f} {one.unit}{one.theirs:>10.3f} {one.unit}"
            f"{f'1/{one.times:.1f}':>10}{f'1/{one.target:g}':>10}"
            f"{'' if one.times >= one.target else '   missed'}"
        )
    print(
        json.dumps({"title": title, "results": [{**asdict(one), "times": one.times} for one in comparisons]})
    )

"""How a comparison is shown: a table for a person, a line of JSON for a program."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two medians of one measure; `ours` is to be `target` times smaller, and not above `limit`."""

    name: str
    unit: str
    ours: float
    theirs: float
    target: float | None = None
    limit: float | None = None

    @property
    def times(self) -> float:
        """How many times smaller ours is."""
        return self.theirs / self.ours

    @property
    def reached(self) -> bool:
        """Whether it is as it is to be."""
        return (self.target is None or self.times >= self.target) and (
            self.limit is None or self.ours <= self.limit
        )

    @property
    def goal(self) -> str:
        """How it is to be, for people."""
        goals = [f"1/{self.target:g}"] if self.target else []
        return ", ".join([*goals, f"<= {self.limit:g} {self.unit}".rstrip()] if self.limit else goals)


def show(title: str, ours: str, theirs: str, comparisons: list[Comparison]) -> None:
    """Print the comparisons."""
    machine = f"{os.cpu_count()} CPUs, {platform.system()}, Python {platform.python_version()}"
    print(f"\n{title} ({machine}; medians)\n")
    print(f"{'':<28}{ours:>12}{theirs:>12}{'ratio':>10}{'target':>12}")
    for one in comparisons:
        print(
            f"{one.name:<28}{one.ours:>10.3f} {one.unit}{one.theirs:>10.3f} {one.unit}"
            f"{f'1/{one.times:.1f}':>10}{one.goal:>12}{'' if one.reached else '   missed'}"
        )
    print(
        json.dumps({"title": title, "results": [{**asdict(one), "times": one.times} for one in comparisons]})
    )

"""The table of list prices, ``prices.toml``: dated, by region, each with its unit and source."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from stepwell.errors import UsageError

FILE = Path(__file__).with_name("prices.toml")
_WORDS = frozenset({"unit", "source"})
OPTIMAL = "m5.large"
"""What stands for the machines that Batch chooses from by itself (``optimal``)."""


@dataclass(frozen=True, slots=True)
class Price:
    """A list price in a region: `amount` for one `unit`; `source` is the name of AWS's page."""

    amount: float
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of EC2 that stands for its family: `memory` in GiB."""

    type: str
    vcpus: float
    memory: float
    gpus: int


class Prices:
    """The prices of one region.

    Attributes:
        date: when they were written down.
        checked: whether those of this region were compared with AWS's pages.
        currency: of all of them.
        month: hours of a month.
        spot: the share of the price on demand that Spot is assumed to cost, of ``fargate`` and ``ec2``.

    Raises:
        UsageError: the table has no prices of the region.
    """

    def __init__(self, document: dict[str, Any], region: str) -> None:
        self.date: date = document["date"]
        self.currency: str = document["currency"]
        self.month: float = document["month"]
        self.spot: dict[str, float] = document["spot"]
        self.region = region
        self.checked = region in document["checked"]
        self._prices: dict[str, dict[str, Any]] = document["price"]
        self._machines: dict[str, dict[str, Any]] = document["machine"]
        known = regions(document)
        if region not in known:
            raise UsageError(
                f"region: received {region!r}, of which the price table of {self.date} has no prices; it has "
                f"{', '.join(known)}: estimate with one of them (--prices-of REGION)"
            )

    def __getitem__(self, name: str) -> Price:
        entry = self._prices[name]
        if self.region not in entry:
            raise UsageError(
                f"region: received {self.region!r}, of which the price table of {self.date} has no price of "
                f"{name!r}; it has that of {', '.join(sorted(entry.keys() - _WORDS))}: estimate with one of "
                "them (--prices-of REGION)"
            )
        return Price(entry[self.region], entry["unit"], entry["source"])

    def machine(self, types: Sequence[str]) -> Machine:
        """What stands for the first of these instance types, or families, whose family has a price.

        Raises:
            UsageError: none has.
        """
        for wanted in types:
            family = (OPTIMAL if wanted == "optimal" else wanted).partition(".")[0]
            for name, entry in self._machines.items():
                if name.partition(".")[0] == family:
                    return Machine(name, **entry)
        raise UsageError(
            f"instance types: received {', '.join(types)}, of which the price table of {self.date} has no "
            f"price; it has those of the families of {', '.join(self._machines)}"
        )


def regions(document: dict[str, Any]) -> list[str]:
    """The regions that some price of the table is of, sorted."""
    return sorted({name for entry in document["price"].values() for name in entry if name not in _WORDS})


@cache
def table() -> dict[str, Any]:
    """The table as it stands in the file."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))

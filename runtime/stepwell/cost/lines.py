"""What an estimate is made of: lines of a resource, a quantity, a unit price and their product."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from stepwell.cost.prices import Prices


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a bill: `price` is in the table's currency, of one `unit`."""

    resource: str
    quantity: float
    unit: str
    price: float
    source: str

    @property
    def sum(self) -> float:
        return self.quantity * self.price

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "sum": self.sum}


def line(prices: Prices, resource: str, name: str, quantity: float, share: float = 1.0) -> Line:
    """A line of something that the table has under `name`, at a `share` of its price."""
    price = prices[name]
    return Line(resource, quantity, price.unit, price.amount * share, price.source)


def total(lines: Iterable[Line]) -> float:
    return sum(one.sum for one in lines)

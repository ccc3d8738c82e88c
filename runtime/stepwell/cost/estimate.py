"""An estimate as a whole: a month without a run, a run on each kind of compute, as text and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stepwell.cost.idle import Idle, idle
from stepwell.cost.lines import Line, total
from stepwell.cost.prices import Prices
from stepwell.cost.run import Bill, bill, computes
from stepwell.cost.workload import Workload

LEFT_OUT = "free tiers, discounts, taxes and data transfer"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a stack costs.

    Attributes:
        bills: of a run, for each kind of compute that can run it.
        runs: in a month.
    """

    stack: str
    prices: Prices
    idle: Idle
    workload: Workload
    bills: tuple[Bill, ...]
    runs: int

    def month(self, bill: Bill) -> float:
        """What a month with its runs costs, all on one kind of compute."""
        return total(self.idle.lines) + self.runs * total(bill.lines)

    def to_json(self) -> dict[str, Any]:
        """Everything there is to know, in plain values; money in ``prices.currency``."""
        prices = self.prices
        return {
            "stack": self.stack,
            "prices": {
                "region": prices.region,
                "date": str(prices.date),
                "currency": prices.currency,
                "checked": prices.checked,
            },
            "left_out": LEFT_OUT,
            "idle": {
                "lines": [one.to_json() for one in self.idle.lines],
                "total": total(self.idle.lines),
                "free": dict(self.idle.free),
                "unknown": dict(self.idle.unknown),
            },
            "runs": self.runs,
            "run": [
                {
                    "compute": one.compute.kind,
                    "machines": list(one.compute.types),
                    "lines": [line.to_json() for line in one.lines],
                    "total": total(one.lines),
                    "month": self.month(one),
                    "assumed": list(one.assumed),
                }
                for one in self.bills
            ],
        }

    def to_text(self) -> str:
        """For people: tables, and below each what was assumed."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        prices = self.prices
        yield f"{self.stack}: list prices of {prices.region} of {prices.date}, in {prices.currency}"
        yield f"without {LEFT_OUT}"
        if not prices.checked:
            yield f"not checked: those of {prices.region} were not compared with AWS's pages"
        yield ""
        yield from _table("A month without a run", self.idle.lines)
        free = self.idle.free.total()
        yield f"  {free} more, which {'costs' if free == 1 else 'cost'} nothing while nothing runs"
        if self.idle.unknown:
            kinds = ", ".join(f"{count} {kind}" for kind, count in self.idle.unknown.items())
            yield f"  not counted, for nothing is known of their prices: {kinds}"
        tasks = " and ".join(
            f"{one.count} x {one.vcpus:g} vCPU, {one.memory} MiB" + (f", {one.gpus} GPU" if one.gpus else "")
            for one in self.workload.tasks
        )
        of = f"of {tasks}, {self.workload.minutes:g} minutes each"
        for one in self.bills:
            yield ""
            yield from _table(f"A run on {one.compute} {of}", one.lines)
            yield _sum(f"a month with {self.runs} runs", self.month(one))
            yield from (f"  assumed: {sentence}" for sentence in one.assumed)
        if not self.bills:
            yield f"\nIt has no compute for a run {of}."


def estimate(
    stack: str,
    document: Mapping[str, Any],
    prices: Prices,
    workload: Workload,
    *,
    runs: int = 0,
    stored: float = 0.0,
) -> Estimate:
    """Estimate what a stack costs, from its Terraform JSON.

    Args:
        runs: in a month.
        stored: gigabytes that are kept in the datastore.

    Raises:
        UsageError: the table lacks a price.
    """
    bills = (bill(workload, compute, prices) for compute in computes(document))
    return Estimate(
        stack, prices, idle(document, prices, stored), workload, tuple(one for one in bills if one), runs
    )


def _table(title: str, lines: Sequence[Line]) -> Iterator[str]:
    yield title
    if lines:
        yield f"  {'':<30}{'quantity':>14} {'unit':<18}{'unit price':>12}{'sum':>12}"
    for one in lines:
        quantity = f"{one.quantity:,.4f}".rstrip("0").rstrip(".")
        yield f"  {one.resource:<30}{quantity:>14} {one.unit:<18}{one.price:>12.6g}{one.sum:>12.4f}"
    yield _sum("total", total(lines))


def _sum(what: str, amount: float) -> str:
    return f"  {what:<75}{amount:>12.4f}"

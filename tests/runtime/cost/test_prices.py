"""The price table."""

from __future__ import annotations

import datetime

import pytest

from stepwell.cost.prices import Prices, regions, table
from stepwell.errors import UsageError

OURS = {"us-east-1", "eu-west-1", "eu-central-1"}
FOR_COMPARISON = {"rds.db.t2.small", "rds.gp2", "nlb", "ebs.gp2"}


@pytest.mark.parametrize("name", table()["price"])
def test_a_price_says_of_what_and_where_it_is_from(name: str) -> None:
    """Each price has a unit, the name of the page it stands on, and an amount in all of the regions."""
    entry = dict(table()["price"][name])
    assert entry.pop("unit") and entry.pop("source")
    assert entry.keys() == ({"us-east-1"} if name in FOR_COMPARISON else OURS)
    assert all(0 < amount < 10 for amount in entry.values())


def test_the_table_is_dated() -> None:
    """The date is one, and no later than today."""
    assert datetime.date(2025, 1, 1) < table()["date"] <= datetime.date.today()
    assert set(regions(table())) == OURS


def test_each_machine_has_a_price() -> None:
    """What stands for a family has a size and a price."""
    prices = Prices(table(), "us-east-1")
    for name in table()["machine"]:
        assert prices[f"ec2.{name}"].unit == "machine-hour"
        assert prices.machine([name]).vcpus > 0


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (["optimal"], "m5.large"),
        (["c5.4xlarge"], "c5.large"),
        (["p9", "g5"], "g5.xlarge"),
        (["m5d.large", "m5"], "m5.large"),
    ],
)
def test_a_family_has_one_price(types: list[str], expected: str) -> None:
    """A size stands for its family, and the first family that is known counts."""
    assert Prices(table(), "us-east-1").machine(types).type == expected


def test_machines_that_are_not_there() -> None:
    """Instance types of which no family has a price are told, with those that have."""
    with pytest.raises(
        UsageError, match=r"received p9\.metal, of which .* it has those of the families of m5"
    ):
        Prices(table(), "us-east-1").machine(["p9.metal"])


def test_a_region_without_prices() -> None:
    """A region is told with those there are, of the whole table and of one price."""
    with pytest.raises(UsageError, match=r"received 'mars-1', .* it has eu-central-1, eu-west-1, us-east-1"):
        Prices(table(), "mars-1")
    with pytest.raises(
        UsageError, match=r"received 'eu-west-1', .* no price of 'nlb'; it has that of us-east-1: "
    ):
        _ = Prices(table(), "eu-west-1")["nlb"]

"""The numbers in docs/comparison.md are those of the estimate."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stepwell.cost.idle import idle
from stepwell.cost.lines import total
from stepwell.cost.prices import Prices, table
from tests.synthesis import Synthesized

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "comparison.md").read_text()
PRICES = Prices(table(), "us-east-1")


def rows(document: Mapping[str, Any]) -> list[str]:
    """A stack's bill of a month without a run, as rows of Markdown."""
    found = idle(document, PRICES)
    assert not found.unknown
    made = []
    for one in found.lines:
        unit = one.unit + "s" * (one.quantity != 1)
        kind = one.resource.partition(" ")[2]
        made.append(f"| `{kind}` | {one.quantity:,.4g} {unit} | {one.price:g} | {one.sum:.2f} |")
    return [*made, f"| **total** | | | **{total(found.lines):.2f}** |"]


def section(heading: str) -> list[str]:
    """The rows of the table whose first column is called so."""
    lines = PAGE.partition(f"| {heading} | quantity | unit price | sum |\n")[2].splitlines()
    return lines[1 : lines.index("")]


def peer() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DOCS / "comparison/terraform-aws-metaflow.tf.json").read_text())
    return document


def test_what_the_peer_costs() -> None:
    """The page has the bill of what terraform-aws-metaflow keeps running, with and without its machines."""
    document = peer()
    *bill, without = section("terraform-aws-metaflow")
    assert bill == rows(document)
    resources = document["resource"]
    del resources["aws_batch_compute_environment"], resources["aws_ebs_volume"]
    del resources["aws_eip"]["batch_machine"]
    amount = total(idle(document, PRICES).lines)
    assert without == f"| total with a least number of 0 vCPUs | | | {amount:.2f} |"


def test_what_ours_costs(demo: Synthesized, base: Synthesized) -> None:
    """The page has the bills of the repository's environment and its foundation."""
    assert section("Stepwell, `environments.toml` as it comes") == rows(demo.document)
    assert section("Stepwell, what all environments of a region share") == rows(base.document)


def test_how_much_there_is(demo: Synthesized, base: Synthesized) -> None:
    """The page counts the resources of the repository's environment and of its foundation."""
    counted = f"| {len(demo.addresses)} with the VPC, two people and a project, "
    assert counted in PAGE and f"; {len(base.addresses)} that all environments of a region share |" in PAGE


def test_the_page_has_every_role(full: Synthesized) -> None:
    """Each role that an environment can have is in the page, with a user's or a project's name left open."""
    names = {body["name"].removeprefix("stepwell-growth-dev") for body in full.all("aws_iam_role").values()}
    opened = {re.sub(r"-(user|project|branch)-[a-z]+", r"-\1-NAME", name) for name in names}
    assert {name for name in opened if f"`...{name}`" not in PAGE} == set()


def test_the_page_says_of_when_the_prices_are() -> None:
    """The date in the page is that of the price table."""
    assert f"list prices of {PRICES.date}, in {PRICES.currency}" in PAGE

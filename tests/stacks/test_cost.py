"""The stacks as `stepwell cost estimate` sees them."""

from __future__ import annotations

import pytest

from stepwell.cost.estimate import estimate
from stepwell.cost.prices import Prices, table
from stepwell.cost.stack import region
from stepwell.cost.workload import Tasks, given
from tests.stacks.matrix import ROWS
from tests.synthesis import Synthesized, settings, stacks


@pytest.mark.parametrize("row", ROWS)
def test_every_resource_has_a_price_or_is_known_to_be_free(row: str) -> None:
    """The estimate of each row of the matrix leaves no resource out, and can bill a run on its compute."""
    for name, one in stacks(settings(**ROWS[row])).items():
        document = one.document
        found = estimate(name, document, Prices(table(), region(document)), given(Tasks(1, 1, 4096), 1))
        assert not found.idle.unknown
        assert bool(found.bills) == ("aws_batch_compute_environment" in document["resource"])


def test_the_demos_environment_has_nothing_that_runs_when_idle(demo: Synthesized) -> None:
    """Without runs and data nothing is paid for a month but the dashboard and the alarms."""
    found = estimate("growth-dev", demo.document, Prices(table(), "us-east-1"), given(Tasks(1, 1, 4096), 1))
    assert {one.resource.partition(" ")[2] for one in found.idle.lines} == {
        "aws_cloudwatch_dashboard",
        "aws_cloudwatch_metric_alarm",
    }
    (bill,) = found.bills
    assert (bill.compute.kind, bill.compute.addresses) == ("FARGATE", True)

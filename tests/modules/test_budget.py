"""The budget of an environment: whose costs, how much, and when they are told."""

from __future__ import annotations

import pytest

from tests.synthesis import ACCOUNT, Synthesized, settings, synthesized

TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:stepwell-growth-dev"


@pytest.mark.parametrize(
    ("chosen", "limit", "alarms"),
    [({}, "500", [80, 100]), ({"monthly_usd": 2000, "alarms": [50, 90, 100]}, "2000", [50, 90, 100])],
)
def test_costs_are_told_at_percentages(chosen: dict[str, object], limit: str, alarms: list[int]) -> None:
    """The month's limit is that of the settings; above each percentage of it, and when AWS foresees more
    than all of it, the environment's topic is told."""
    made = synthesized(settings(budget=chosen))
    budget = made.one("aws_budgets_budget")
    assert (budget["limit_amount"], budget["limit_unit"], budget["time_unit"]) == (limit, "USD", "MONTHLY")
    told = [(one["notification_type"], one["threshold"]) for one in budget["notification"]]
    assert told == [*(("ACTUAL", percent) for percent in alarms), ("FORECASTED", 100)]
    for one in budget["notification"]:
        assert (one["comparison_operator"], one["threshold_type"]) == ("GREATER_THAN", "PERCENTAGE")
        assert [made.resolved(topic) for topic in one["subscriber_sns_topic_arns"]] == [TOPIC]


def test_it_is_about_this_environment_only(demo: Synthesized) -> None:
    """Costs are those of what carries the tag that the provider gives to all of the environment."""
    (costs,) = demo.one("aws_budgets_budget")["cost_filter"]
    (provider,) = demo.document["provider"]["aws"]
    (tags,) = provider["default_tags"]
    assert costs == {
        "name": "TagKeyValue",
        "values": [f"user:stepwell:environment${tags['tags']['stepwell:environment']}"],
    }


def test_there_need_be_none() -> None:
    """A budget of nothing is no budget."""
    assert synthesized(settings(budget={"monthly_usd": 0})).all("aws_budgets_budget") == {}

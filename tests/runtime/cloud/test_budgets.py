"""AWS Budgets, as Terraform asks for them."""

from __future__ import annotations

from tests.runtime.cloud.proofs import proves
from tests.runtime.cloud.support import Aws

ACCOUNT = "123456789012"


@proves("budgets_are_told_whole")
def test_a_budget_tells_its_tags_and_who_hears_of_it(aws: Aws) -> None:
    """A budget has the tags it was made with, the subscribers of its notifications, and takes a new limit."""
    budgets, name = aws.client("budgets"), aws.name("budget")
    tags = [{"Key": "team", "Value": "growth"}]
    notice = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}
    heard = [{"SubscriptionType": "SNS", "Address": f"arn:aws:sns:us-east-1:{ACCOUNT}:topic"}]
    budget = {
        "BudgetName": name,
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": "500", "Unit": "USD"},
    }
    budgets.create_budget(
        AccountId=ACCOUNT,
        Budget=budget,
        NotificationsWithSubscribers=[{"Notification": notice, "Subscribers": heard}],
        ResourceTags=tags,
    )
    arn = f"arn:aws:budgets::{ACCOUNT}:budget/{name}"
    assert budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == tags
    found = budgets.describe_subscribers_for_notification(
        AccountId=ACCOUNT, BudgetName=name, Notification=notice
    )
    assert found["Subscribers"] == heard
    budgets.update_budget(
        AccountId=ACCOUNT, NewBudget={**budget, "BudgetLimit": {"Amount": "600", "Unit": "USD"}}
    )
    limit = budgets.describe_budget(AccountId=ACCOUNT, BudgetName=name)["Budget"]["BudgetLimit"]
    assert float(limit["Amount"]) == 600

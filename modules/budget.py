"""A budget: who hears when an environment costs more than it should."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modules import aws
from modules.cdk import Construct
from modules.notifications import Notifications
from modules.site import Site
from stepwell.contract import ENVIRONMENT_TAG

FORECAST = 100


@dataclass(frozen=True, slots=True)
class BudgetProps:
    """What a budget is.

    Attributes:
        site: whose costs.
        notifications: who hears of them.
        monthly_usd: how much a month may cost.
        alarms: at which percentages of it costs are told. Default: 80 and 100.
    """

    site: Site
    notifications: Notifications
    monthly_usd: int
    alarms: Sequence[int] = (80, 100)


class Budget(Construct):
    """The month's costs of everything with the environment's tag, which AWS Billing has to know once.

    That the month will cost more is told too, as soon as AWS foresees it. Budgets cost nothing.
    """

    def __init__(self, scope: Construct, id: str, props: BudgetProps) -> None:
        super().__init__(scope, id)
        site = props.site
        budgets = aws.budgets_budget
        budgets.BudgetsBudget(
            self,
            "budget",
            name=site.names.prefix,
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(props.monthly_usd),
            limit_unit="USD",
            cost_filter=[
                budgets.BudgetsBudgetCostFilter(
                    name="TagKeyValue", values=[f"user:{ENVIRONMENT_TAG}${site.names.environment}"]
                )
            ],
            notification=[
                budgets.BudgetsBudgetNotification(
                    comparison_operator="GREATER_THAN",
                    notification_type=kind,
                    threshold=threshold,
                    threshold_type="PERCENTAGE",
                    subscriber_sns_topic_arns=[props.notifications.topic],
                )
                for kind, threshold in (
                    *(("ACTUAL", one) for one in props.alarms),
                    ("FORECASTED", FORECAST),
                )
            ],
        )

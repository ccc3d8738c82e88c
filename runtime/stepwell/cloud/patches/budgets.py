"""AWS Budgets."""

from __future__ import annotations

import json
from typing import Any

from moto.budgets.responses import BudgetsResponse

from stepwell.cloud.patches.replacing import adds, replaces


def budgets_are_told_whole() -> None:
    """moto has no tags of budgets, tells no subscribers, and changes no budget.

    AWS: API Reference of Budgets, ``ListTagsForResource``, ``TagResource``,
    ``DescribeSubscribersForNotification``, ``UpdateBudget``.
    """

    def tags_of(response: Any) -> dict[str, Any]:
        found: dict[str, Any] = vars(response.backend).setdefault("tags_by_arn", {})
        return found

    def budget(response: Any, name: str) -> Any:
        return response.backend.budgets[response._get_param("AccountId")][name]

    @replaces(BudgetsResponse, "create_budget")
    def create_budget(original: Any, self: Any) -> Any:
        answer = original(self)
        name = self._get_param("Budget")["BudgetName"]
        arn = f"arn:{self.partition}:budgets::{self.current_account}:budget/{name}"
        tags_of(self)[arn] = self._get_param("ResourceTags") or []
        return answer

    @adds(BudgetsResponse)
    def list_tags_for_resource(self: Any) -> str:
        return json.dumps({"ResourceTags": tags_of(self).get(self._get_param("ResourceARN"), [])})

    @adds(BudgetsResponse)
    def tag_resource(self: Any) -> str:
        arn, more = self._get_param("ResourceARN"), self._get_param("ResourceTags")
        merged = {one["Key"]: one for one in (*tags_of(self).get(arn, []), *more)}
        tags_of(self)[arn] = list(merged.values())
        return "{}"

    @adds(BudgetsResponse)
    def update_budget(self: Any) -> str:
        new = self._get_param("NewBudget")
        found = budget(self, new["BudgetName"])
        found.budget = {**found.budget, **new}
        return "{}"

    @adds(BudgetsResponse)
    def describe_subscribers_for_notification(self: Any) -> str:
        wanted = self._get_param("Notification")
        for one in budget(self, self._get_param("BudgetName")).notifications:
            if all(one.details.get(key) == value for key, value in wanted.items() if key in one.details):
                return json.dumps({"Subscribers": one.subscribers})
        return json.dumps({"Subscribers": []})


PATCHES = (budgets_are_told_whole,)

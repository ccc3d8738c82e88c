"""IAM policies as data: what a `grant_...` method of a construct is made of. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Statement = dict[str, Any]
Conditions = Mapping[str, Mapping[str, str | Sequence[str]]]
Principals = Mapping[str, str | Sequence[str]]

# The reason of every "*" below stands at the call: an action that AWS can't limit to a resource.
ANY = "*"


def allow(
    actions: Iterable[str],
    resources: Iterable[str],
    when: Conditions | None = None,
    *,
    to: Principals | None = None,
) -> Statement:
    """A statement that allows `actions` on `resources` (ARN patterns) `when` the conditions hold.

    Resources stay in the order given: they hold tokens, whose text sorts by how many came before. In the
    policy of a resource, `to` says to whom.
    """
    statement: Statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}
    return statement | ({"Principal": to} if to else {}) | ({"Condition": when} if when else {})


def deny_all(id: str, actions: str, resources: Sequence[str], when: Conditions) -> Statement:
    """A statement that denies `actions` (a pattern) to everybody `when` the conditions hold.

    A denial must leave no gap, so its principal is everybody.
    """
    return {
        "Sid": id,
        "Effect": "Deny",
        "Principal": ANY,
        "Action": actions,
        "Resource": list(resources),
        "Condition": when,
    }


def trust(principal: Principals, when: Conditions | None = None) -> Statement:
    """A statement of a trust policy: who may assume the role."""
    statement: Statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return statement | ({"Condition": when} if when else {})


def trust_service(service: str, account: str) -> Statement:
    """AWS's `service` may assume the role, on behalf of `account` only (the confused deputy problem)."""
    return trust({"Service": f"{service}.amazonaws.com"}, {"StringEquals": {"aws:SourceAccount": account}})


def document(statements: Sequence[Statement]) -> str:
    """The policy document of `statements` as JSON."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})

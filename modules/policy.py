"""IAM policies as data: what a `grant_...` method of a construct is made of. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Statement = dict[str, Any]
Conditions = Mapping[str, Mapping[str, str | Sequence[str]]]

# The reason of every "*" below stands at the call: an action that AWS can't limit to a resource.
ANY = "*"


def allow(actions: Iterable[str], resources: Iterable[str], when: Conditions | None = None) -> Statement:
    """A statement that allows `actions` on `resources` (ARN patterns) `when` the conditions hold.

    Resources stay in the order given: they hold tokens, whose text sorts by how many came before.
    """
    statement: Statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}
    return statement | ({"Condition": when} if when else {})


def trust(principal: Mapping[str, str | Sequence[str]], when: Conditions | None = None) -> Statement:
    """A statement of a trust policy: who may assume the role."""
    statement: Statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return statement | ({"Condition": when} if when else {})


def document(statements: Sequence[Statement]) -> str:
    """The policy document of `statements` as JSON."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})

"""What no stack may have: policies wider than need be, roles without a boundary, buckets without TLS. Pure.

It is looked for in the Terraform JSON, so it holds for whatever wrote it there.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]

# Service Authorization Reference: actions that AWS can't limit to a resource.
UNLIMITED = frozenset(
    {
        "batch:DescribeComputeEnvironments",
        "batch:DescribeJobDefinitions",
        "batch:DescribeJobQueues",
        "batch:DescribeJobs",
        "batch:ListJobs",
        "ec2:DescribeTags",
        "ecr:GetAuthorizationToken",
        "ecs:DiscoverPollEndpoint",
        "events:ListRuleNamesByTarget",
        "lakeformation:GetDataAccess",
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
        "scheduler:ListSchedules",
        "states:ListStateMachines",
        "states:ValidateStateMachineDefinition",
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
)
# What metrics of our own are limited by in place of a resource.
BY_CONDITION = {"cloudwatch:PutMetricData": "cloudwatch:namespace"}
# Rights to become somebody else: on all roles they are rights to everything.
BECOMING = frozenset({"iam:PassRole", "sts:AssumeRole"})
PRINCIPALS = ("aws_iam_role", "aws_iam_user")
# What has an address of its own that answers without TLS too, and where its policy stands.
REACHED = {
    "aws_s3_bucket": ("aws_s3_bucket_policy", "bucket"),
    "aws_sns_topic": ("aws_sns_topic_policy", "arn"),
    "aws_sqs_queue": ("aws_sqs_queue_policy", "queue_url"),
}


def faults(stack: Document) -> list[str]:
    """A line for each fault of a stack's Terraform JSON: the resource, what it has, what is allowed."""
    return [f"{where}: {what}" for where, what in _faults(stack)]


Fault = tuple[str, str]


def _faults(stack: Document) -> Iterator[Fault]:
    for kind, bodies in stack.get("resource", {}).items():
        for name, body in bodies.items():
            where = f"{kind} {_path(name, body)}"
            if kind in PRINCIPALS and not body.get("permissions_boundary"):
                yield where, "received no permissions_boundary; every role and user has to have one"
            if kind in REACHED and not _denies_plain(stack, kind, name, body):
                yield where, "received no policy that denies everything without TLS (aws:SecureTransport)"
            for attribute, policy in _policies(body):
                for statement in _listed(policy["Statement"]):
                    if statement["Effect"] == "Allow":
                        for what in _too_wide(statement, of_key=kind == "aws_kms_key"):
                            yield f"{where}.{attribute}", what


def _path(name: str, body: Document) -> str:
    """The path of the construct, which says where to look, without the stack's name."""
    path: str = body.get("//", {}).get("metadata", {}).get("path", name)
    return path.partition("/")[2] or name


def _policies(body: Document) -> Iterator[tuple[str, Document]]:
    for attribute, value in body.items():
        if isinstance(value, str) and '"Statement"' in value:
            yield attribute, json.loads(value)


def _too_wide(statement: Document, *, of_key: bool) -> Iterator[str]:
    for name in ("NotAction", "NotResource", "NotPrincipal"):
        if name in statement:
            yield f"received an Allow with {name}, which allows all else; name what is allowed"
    principal = statement.get("Principal")
    principals = _listed(
        principal["AWS"] if isinstance(principal, Mapping) and "AWS" in principal else principal
    )
    if "*" in principals:
        yield "received an Allow for the principal '*', which is everybody; name who is allowed"
    # A key whose policy doesn't let the account's IAM policies decide is one that nobody can manage any more
    # (AWS KMS Developer Guide, "Default key policy").
    if of_key and all(str(one).endswith(":root") for one in principals):
        return
    actions = _listed(statement.get("Action"))
    for action in actions:
        if "*" in action:
            yield f"received the action {action!r}; name each action that is meant"
    for resource in _listed(statement.get("Resource")):
        if not of_key:  # where "*" is the key itself
            limited = {one for one in actions if BY_CONDITION.get(one) not in _keys(statement)}
            yield from _too_wide_on(resource, limited)


def _keys(statement: Document) -> set[str]:
    """The keys of a statement's conditions."""
    return {key for keys in statement.get("Condition", {}).values() for key in keys}


def _too_wide_on(resource: str, actions: Collection[str]) -> Iterator[str]:
    # What begins with another resource's ARN, a token, is named by that.
    named = resource.split(":", 5)[-1] if resource.startswith("arn:") else resource
    limited = sorted(set(actions) - UNLIMITED)
    received = f"received the resource {resource!r} for {', '.join(limited)}"
    if named.startswith("*") and limited:
        yield f"{received}; AWS can limit it, so name what is meant"
    elif named.partition("/")[2] == "*" and BECOMING & set(actions):
        yield f"{received}; name the roles that are meant"


def _denies_plain(stack: Document, kind: str, name: str, body: Document) -> bool:
    """Whether the policy of a bucket, queue or topic denies everybody everything that comes without TLS."""
    policy_kind, reference = REACHED[kind]
    there = stack["resource"].get(policy_kind, {}).values()
    own = [one for one in there if f"${{{kind}.{name}." in str(one.get(reference))]
    statements = [
        statement
        for holder in (body, *own)
        for _, policy in _policies(holder)
        for statement in _listed(policy["Statement"])
    ]
    return any(_is_denial_of_plain(statement, kind) for statement in statements)


def _is_denial_of_plain(statement: Document, kind: str) -> bool:
    # SNS takes no sns:* in a topic's policy; what its guide denies without TLS is to publish.
    whole = {"aws_s3_bucket": "s3:*", "aws_sns_topic": "sns:Publish", "aws_sqs_queue": "sqs:*"}[kind]
    return (
        statement["Effect"] == "Deny"
        and statement.get("Principal") in ("*", {"AWS": "*"})
        and _listed(statement.get("Action")) in ([whole], ["*"])
        and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        and (kind != "aws_s3_bucket" or len(_listed(statement.get("Resource"))) == 2)  # bucket and objects
    )


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]

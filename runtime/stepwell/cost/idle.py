"""What a stack costs a month while nothing runs, by the resources in its Terraform JSON. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from stepwell.cost.lines import Line, line
from stepwell.cost.prices import Prices

Body = Mapping[str, Any]
Document = Mapping[str, Any]
Uses = Iterator[tuple[str, float]]
"""Names of prices, and how much of each a resource uses in a month."""


@dataclass(frozen=True, slots=True)
class Idle:
    """The bill of a month.

    Attributes:
        lines: what is paid for being there.
        free: how many resources of each type cost nothing while nothing runs.
        unknown: how many of each type the estimate knows nothing of.
    """

    lines: list[Line] = field(default_factory=list)
    free: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)


def idle(document: Document, prices: Prices, stored: float = 0.0) -> Idle:
    """The bill of a stack for a month without a run, in which so many gigabytes are `stored`."""
    found = Idle()
    for kind, bodies in sorted(document.get("resource", {}).items()):
        rule = _RULES.get(kind)
        if rule is None:
            (found.free if _is_free(kind) else found.unknown)[kind] += len(bodies)
            continue
        paid: dict[str, float] = {}
        count = 0
        for body in bodies.values():
            uses = [(name, much) for name, much in rule(body, document, prices) if much]
            for name, much in uses:
                paid[name] = paid.get(name, 0) + much
            count += bool(uses)
        if count < len(bodies):
            found.free[kind] += len(bodies) - count
        found.lines.extend(line(prices, f"{count} {kind}", name, much) for name, much in paid.items())
    if stored:
        found.lines.append(line(prices, "data in S3", "s3.storage", stored))
    return found


def _is_free(kind: str) -> bool:
    """Whether resources of a type are free, or paid by use alone: requests, bytes, runs."""
    return kind in _FREE or kind.startswith(_FREE_FAMILIES)


# Types whose every resource costs nothing by being there (the services' pricing pages).
_FREE = frozenset(
    {
        "aws_batch_job_definition", "aws_batch_job_queue", "aws_batch_scheduling_policy",
        "aws_dynamodb_table", "aws_ecs_cluster", "aws_ecs_task_definition", "aws_flow_log",
        "aws_internet_gateway", "aws_kms_alias", "aws_kms_key_policy", "aws_launch_template",
        "aws_placement_group", "aws_s3_bucket", "aws_s3_object", "aws_subnet", "aws_vpc",
    }
)  # fmt: skip
_FREE_FAMILIES = (
    "aws_api_gateway_", "aws_athena_", "aws_budgets_", "aws_cloudwatch_event_", "aws_cloudwatch_log_",
    "aws_default_", "aws_ecr_", "aws_glue_catalog_", "aws_iam_", "aws_lakeformation_", "aws_lambda_",
    "aws_lb_", "aws_network_acl", "aws_route", "aws_s3_bucket_", "aws_scheduler_",
    "aws_secretsmanager_secret_", "aws_security_group", "aws_sfn_", "aws_sns_", "aws_sqs_",
    "aws_vpc_endpoint_", "aws_vpc_security_group_", "aws_xray_",
)  # fmt: skip


def _monthly(name: str) -> Callable[[Body, Document, Prices], Uses]:
    return lambda body, document, prices: iter([(name, 1.0)])


def _hourly(name: str) -> Callable[[Body, Document, Prices], Uses]:
    return lambda body, document, prices: iter([(name, prices.month)])


def _endpoint(body: Body, document: Document, prices: Prices) -> Uses:
    """A gateway endpoint is free; an interface endpoint is paid in each zone it stands in."""
    if body.get("vpc_endpoint_type", "Gateway") == "Interface":
        subnets = body.get("subnet_ids")  # a list, or an expression
        yield "endpoint", prices.month * (len(subnets) if isinstance(subnets, list) else 1)


def _parameter(body: Body, document: Document, prices: Prices) -> Uses:
    if body.get("tier") == "Advanced":
        yield "parameter", 1


def _alarm(body: Body, document: Document, prices: Prices) -> Uses:
    """Paid for each metric it looks at."""
    yield "alarm", max(1, sum("metric" in query for query in _blocks(body, "metric_query")))


def _compute(body: Body, document: Document, prices: Prices) -> Uses:
    """Machines that are kept while there are no jobs: none, unless a least number of vCPUs is set."""
    for resources in _blocks(body, "compute_resources"):
        if least := resources.get("min_vcpus", 0):
            machine = prices.machine(resources["instance_type"])
            yield f"ec2.{machine.type}", prices.month * least / machine.vcpus


def _service(body: Body, document: Document, prices: Prices) -> Uses:
    """Tasks of ECS that run for ever on Fargate; a task's size is in CPU units and MiB."""
    task = _referred(body["task_definition"], document)
    hours = prices.month * body.get("desired_count", 1)
    yield "fargate.vcpu", hours * int(task["cpu"]) / 1024
    yield "fargate.memory", hours * int(task["memory"]) / 1024
    if any(block.get("assign_public_ip") for block in _blocks(body, "network_configuration")):
        yield "ipv4", hours


def _database(body: Body, document: Document, prices: Prices) -> Uses:
    yield f"rds.{body['instance_class']}", prices.month
    yield f"rds.{body['storage_type']}", body["allocated_storage"]


def _disk(body: Body, document: Document, prices: Prices) -> Uses:
    yield f"ebs.{body['type']}", body["size"]


_RULES: dict[str, Callable[[Body, Document, Prices], Uses]] = {
    "aws_batch_compute_environment": _compute,
    "aws_cloudwatch_composite_alarm": _monthly("composite-alarm"),
    "aws_cloudwatch_dashboard": _monthly("dashboard"),
    "aws_cloudwatch_metric_alarm": _alarm,
    "aws_db_instance": _database,
    "aws_ebs_volume": _disk,
    "aws_ecs_service": _service,
    "aws_eip": _hourly("ipv4"),
    "aws_kms_key": _monthly("kms"),
    "aws_lb": _hourly("nlb"),
    "aws_nat_gateway": _hourly("nat"),
    "aws_secretsmanager_secret": _monthly("secret"),
    "aws_ssm_parameter": _parameter,
    "aws_vpc_endpoint": _endpoint,
}


def _blocks(body: Body, name: str) -> Iterable[Body]:
    """The blocks of that name: Terraform JSON has one as an object or as a list."""
    found = body.get(name, [])
    return found if isinstance(found, list) else [found]


def _referred(reference: str, document: Document) -> Body:
    """The resource that ``${TYPE.NAME.ATTRIBUTE}`` refers to."""
    ((kind, name),) = re.findall(r"\$\{(\w+)\.(\w+)\.", reference)
    body: Body = document["resource"][kind][name]
    return body

"""What resources cost a month while nothing runs."""

from __future__ import annotations

from typing import Any

import pytest

from stepwell.cost.idle import idle
from stepwell.cost.lines import total
from stepwell.cost.prices import Prices, table

PRICES = Prices(table(), "us-east-1")


def monthly(kind: str, *bodies: dict[str, Any], **others: Any) -> float:
    """What these resources cost a month; all of them have to be known."""
    resources = {kind: {f"one{index}": body for index, body in enumerate(bodies)}, **others}
    found = idle({"resource": resources}, PRICES)
    assert not found.unknown
    return round(total(found.lines), 4)


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("aws_nat_gateway", {}, 32.85),
        ("aws_eip", {}, 3.65),
        ("aws_vpc_endpoint", {"vpc_endpoint_type": "Gateway"}, 0),
        ("aws_vpc_endpoint", {}, 0),
        ("aws_vpc_endpoint", {"vpc_endpoint_type": "Interface", "subnet_ids": ["a", "b"]}, 14.6),
        ("aws_kms_key", {}, 1),
        ("aws_secretsmanager_secret", {}, 0.4),
        ("aws_ssm_parameter", {"type": "String"}, 0),
        ("aws_ssm_parameter", {"tier": "Advanced"}, 0.05),
        ("aws_cloudwatch_metric_alarm", {"metric_name": "a"}, 0.1),
        (
            "aws_cloudwatch_metric_alarm",
            {"metric_query": [{"metric": {}}, {"metric": {}}, {"expression": "a/b"}]},
            0.2,
        ),
        ("aws_cloudwatch_composite_alarm", {}, 0.5),
        ("aws_cloudwatch_dashboard", {}, 3),
        ("aws_batch_compute_environment", {"compute_resources": {"type": "FARGATE"}}, 0),
        (
            "aws_batch_compute_environment",
            {"compute_resources": {"type": "EC2", "min_vcpus": 0, "instance_type": ["m5"]}},
            0,
        ),
        (
            "aws_batch_compute_environment",
            {"compute_resources": [{"type": "EC2", "min_vcpus": 8, "instance_type": ["c4.large"]}]},
            292,
        ),
        (
            "aws_db_instance",
            {"instance_class": "db.t2.small", "storage_type": "gp2", "allocated_storage": 20},
            57.16,
        ),
        ("aws_lb", {}, 16.425),
        ("aws_ebs_volume", {"type": "gp2", "size": 100}, 10),
        ("aws_s3_bucket", {}, 0),
        ("aws_iam_role", {}, 0),
    ],
)
def test_a_resource(kind: str, body: dict[str, Any], expected: float) -> None:
    """Each type is paid by its own rule: for being there, by the zone, by the metric, or not at all."""
    assert monthly(kind, body) == expected


def test_a_service_runs_its_task_for_ever() -> None:
    """A service of ECS costs what its task's size does, and its addresses."""
    service = {
        "task_definition": "${aws_ecs_task_definition.one.arn}",
        "desired_count": 2,
        "network_configuration": {"assign_public_ip": True},
    }
    task = {"one": {"cpu": "512", "memory": "1024"}}
    expected = 2 * 730 * (0.5 * 0.04048 + 0.004445 + 0.005)
    assert monthly("aws_ecs_service", service, aws_ecs_task_definition=task) == round(expected, 4)


def test_resources_of_a_type_are_one_line() -> None:
    """A line counts the resources that are paid; the others of the type are counted as free."""
    bodies = {"a": {"tier": "Advanced"}, "b": {"tier": "Advanced"}, "c": {}}
    found = idle({"resource": {"aws_ssm_parameter": bodies}}, PRICES)
    (line,) = found.lines
    assert (line.resource, line.quantity, line.unit) == ("2 aws_ssm_parameter", 2, "parameter-month")
    assert found.free == {"aws_ssm_parameter": 1}


def test_what_is_not_known_is_told() -> None:
    """A type without a rule is neither free nor paid."""
    found = idle({"resource": {"aws_redshift_cluster": {"a": {}, "b": {}}}}, PRICES)
    assert (found.lines, found.free, found.unknown) == ([], {}, {"aws_redshift_cluster": 2})


def test_data_is_paid_by_its_size() -> None:
    """What is stored is a line of its own."""
    (line,) = idle({}, PRICES, stored=1000).lines
    assert line.sum == pytest.approx(23)

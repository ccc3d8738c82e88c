from __future__ import annotations

import json
from typing import Any

import pytest

from tests.synthesis import ACCOUNT, KEY, Synthesized, settings, synthesized


def container(made: Synthesized, namespace: str) -> dict[str, Any]:
    slug = namespace.replace("/", "-")
    definition = made.one("aws_batch_job_definition", f"{slug}/namespace/job-definition")
    properties: dict[str, Any] = json.loads(made.resolved(definition["container_properties"]))
    return properties


@pytest.fixture(scope="module")
def other() -> Synthesized:
    compute = {"image": "ours:2", "max_vcpus": 64, "vcpu": 0.5, "memory": 2048}
    return synthesized(settings(compute=compute, logs={"retention_days": 7}))


def test_nothing_runs_without_a_job(demo: Synthesized) -> None:
    """The compute environment is managed Fargate, which has no minimum, of 16 vCPUs at most."""
    environment = demo.one("aws_batch_compute_environment")
    assert environment["type"] == "MANAGED"
    resources = environment["compute_resources"]
    assert (resources["type"], resources["max_vcpus"]) == ("FARGATE", 16)
    assert "min_vcpus" not in resources


def test_sizes_can_be_chosen(other: Synthesized) -> None:
    """max_vcpus, vcpu, memory, the image and how long logs are kept come from the settings."""
    assert other.one("aws_batch_compute_environment")["compute_resources"]["max_vcpus"] == 64
    made = container(other, "user/ada")
    assert made["image"] == "ours:2"
    assert made["resourceRequirements"] == [
        {"type": "VCPU", "value": "0.5"},
        {"type": "MEMORY", "value": "2048"},
    ]
    days = {path: group["retention_in_days"] for path, group in other.all("aws_cloudwatch_log_group").items()}
    assert days == {"compute/logs": 7, "orchestration/logs": 7}


def test_a_replaced_environment_never_leaves_the_queue_without_one(demo: Synthesized) -> None:
    """A new compute environment is there before the old one goes: its name has a prefix only."""
    environment = demo.one("aws_batch_compute_environment")
    assert environment["lifecycle"] == {"create_before_destroy": True}
    assert environment["compute_environment_name_prefix"] == "stepwell-growth-dev-"


def test_a_job_that_can_never_start_is_cancelled(demo: Synthesized) -> None:
    """After an hour at the head of the queue a job that no waiting helps is cancelled."""
    actions = demo.one("aws_batch_job_queue")["job_state_time_limit_action"]
    assert {(action["state"], action["action"], action["max_time_seconds"]) for action in actions} == {
        ("RUNNABLE", "CANCEL", 3600)
    }
    assert [action["reason"] for action in actions] == [
        "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
        "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
    ]


@pytest.mark.parametrize("namespace", ["user/ada", "user/dana", "project/flights"])
def test_a_job_definition_is_its_namespaces(demo: Synthesized, namespace: str) -> None:
    """A job runs our command with its namespace's role, a public address, and its own log streams."""
    slug = namespace.replace("/", "-")
    role = f"arn:aws:iam::{ACCOUNT}:role/stepwell-growth-dev"
    assert container(demo, namespace) == {
        "image": "stepwell:latest",
        "command": ["python", "-m", "stepwell.job"],
        "jobRoleArn": f"{role}-{slug}-job",
        "executionRoleArn": f"{role}-starter",
        "environment": [
            {"name": "STEPWELL_ENVIRONMENT", "value": "growth-dev"},
            {"name": "STEPWELL_NAMESPACE_OWNER", "value": namespace},
        ],
        "resourceRequirements": [
            {"type": "VCPU", "value": "1"},
            {"type": "MEMORY", "value": "4096"},
        ],
        "networkConfiguration": {"assignPublicIp": "ENABLED"},
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": "/stepwell/growth-dev/jobs",
                "awslogs-region": "us-east-1",
                "awslogs-stream-prefix": slug,
            },
        },
    }


def test_job_definitions_are_for_fargate(demo: Synthesized) -> None:
    """Every job definition can run on Fargate, and its jobs carry its tags on."""
    for definition in demo.all("aws_batch_job_definition").values():
        assert definition["platform_capabilities"] == ["FARGATE"]
        assert definition["propagate_tags"] is True


def test_logs_are_kept_for_30_days_by_default(demo: Synthesized) -> None:
    """The logs of tasks and of executions are encrypted with the region's key, and go after 30 days."""
    groups = demo.all("aws_cloudwatch_log_group").values()
    assert {demo.resolved(group["kms_key_id"]) for group in groups} == {KEY}
    assert {group["name"]: group["retention_in_days"] for group in groups} == {
        "/stepwell/growth-dev/jobs": 30,
        "/aws/vendedlogs/states/stepwell-growth-dev": 30,
    }

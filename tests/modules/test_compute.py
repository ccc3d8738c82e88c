"""Queues, machines and job definitions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stepwell.contract import Contract, Queue
from tests.synthesis import ACCOUNT, KEY, Synthesized, settings, synthesized

DEFAULT = "job-definition-default-fargate"


def container(made: Synthesized, namespace: str, definition: str = DEFAULT) -> dict[str, Any]:
    slug = namespace.replace("/", "-")
    body = made.one("aws_batch_job_definition", f"{slug}/namespace/{definition}")
    properties: dict[str, Any] = json.loads(made.resolved(body["container_properties"]))
    return properties


def machines(made: Synthesized, queue: str) -> dict[str, Any]:
    body = made.one("aws_batch_compute_environment", f"compute/queue-{queue}/machines")
    resources: dict[str, Any] = body["compute_resources"]
    return resources


def contract(made: Synthesized) -> Contract:
    return Contract.from_json(made.resolved(made.one("aws_ssm_parameter", "contract/parameter")["value"]), "")


@pytest.fixture(scope="module")
def other() -> Synthesized:
    compute = {
        "image": "ours:2",
        "images": {"torch": "torch:1"},
        "queues": {
            "spot": {"type": "FARGATE_SPOT", "max_vcpus": 64},
            "big": {"type": "EC2", "max_vcpus": 256},
            "cheap": {"type": "SPOT", "instance_types": ["m6i", "r6i.4xlarge"]},
            "gpu": {"type": "EC2", "instance_types": ["g4dn", "g5"], "max_vcpus": 64},
        },
        "project_share": 4,
        "share_decay_minutes": 10,
        "reclaims": 1,
        "runnable_minutes": 20,
        "capacity_minutes": 30,
        "task_disk_gib": 50,
        "instance_disk_gib": 200,
    }
    return synthesized(settings(compute=compute, logs={"retention_days": 7}))


def test_nothing_runs_without_a_job(demo: Synthesized, other: Synthesized) -> None:
    """By default there is one queue, on Fargate, of 16 vCPUs at most; no queue has a least number of them."""
    assert demo.one("aws_batch_compute_environment")["type"] == "MANAGED"
    resources = machines(demo, "fargate")
    assert (resources["type"], resources["max_vcpus"]) == ("FARGATE", 16)
    for made in (demo, other):
        for body in made.all("aws_batch_compute_environment").values():
            assert body["compute_resources"].get("min_vcpus", 0) == 0
            assert "desired_vcpus" not in body["compute_resources"]


def test_each_kind_of_machine_can_be_chosen(other: Synthesized) -> None:
    """A queue is on Fargate Spot, on instances on demand or on Spot, with or without GPUs."""
    kinds = {name: machines(other, name) for name in ("spot", "big", "cheap", "gpu")}
    assert {name: (one["type"], one["max_vcpus"]) for name, one in kinds.items()} == {
        "spot": ("FARGATE_SPOT", 64),
        "big": ("EC2", 256),
        "cheap": ("SPOT", 16),
        "gpu": ("EC2", 64),
    }
    assert {name: one.get("instance_type") for name, one in kinds.items()} == {
        "spot": None,
        "big": ["c5", "m5", "r5"],
        "cheap": ["m6i", "r6i.4xlarge"],
        "gpu": ["g4dn", "g5"],
    }
    assert {name: one.get("allocation_strategy") for name, one in kinds.items()} == {
        "spot": None,
        "big": "BEST_FIT_PROGRESSIVE",
        "cheap": "SPOT_PRICE_CAPACITY_OPTIMIZED",
        "gpu": "BEST_FIT_PROGRESSIVE",
    }
    images = {name: one.get("ec2_configuration") for name, one in kinds.items()}
    assert images["gpu"] == [{"image_type": "ECS_AL2023_NVIDIA"}]
    assert images["big"] == images["cheap"] == [{"image_type": "ECS_AL2023"}]


def test_the_contract_tells_the_queues_in_their_order(other: Synthesized) -> None:
    """A step goes to the first queue of the settings that has a machine for it."""
    arn = f"arn:aws:batch:us-east-1:{ACCOUNT}:job-queue/stepwell-growth-dev"
    assert contract(other).queues == (
        Queue("spot", f"{arn}-spot", "FARGATE_SPOT", 64),
        Queue("big", f"{arn}-big", "EC2", 256, ("c5", "m5", "r5")),
        Queue("cheap", f"{arn}-cheap", "SPOT", 16, ("m6i", "r6i.4xlarge")),
        Queue("gpu", f"{arn}-gpu", "EC2", 64, ("g4dn", "g5")),
    )
    assert contract(other).images == ("default", "torch")


def test_instances_start_safely(other: Synthesized) -> None:
    """Metadata of instances is given to IMDSv2 alone, disks are encrypted, and both are tagged."""
    template = other.one("aws_launch_template")
    assert template["metadata_options"] == {
        "http_endpoint": "enabled",
        "http_tokens": "required",
        "http_put_response_hop_limit": 1,
    }
    (disk,) = template["block_device_mappings"]
    assert (disk["ebs"]["encrypted"], disk["ebs"]["volume_size"]) == ("true", 200)
    tags = {"stepwell:team": "growth", "stepwell:environment": "growth-dev"}
    assert template["tag_specifications"] == [
        {"resource_type": kind, "tags": tags} for kind in ("instance", "volume")
    ]
    for name in ("big", "cheap", "gpu"):
        resources = machines(other, name)
        assert resources["tags"] == tags
        assert "latest_version" in resources["launch_template"]["version"]


def test_instances_only_join_their_cluster(other: Synthesized) -> None:
    """An instance's role is on clusters of the environment, besides logs and images: no data, no jobs."""
    clusters = f"arn:aws:ecs:us-east-1:{ACCOUNT}"
    statements = other.statements("compute/instances/role")
    on_ecs = {
        action: one["Resource"] for one in statements for action in one["Action"] if action.startswith("ecs:")
    }
    assert on_ecs.pop("ecs:DiscoverPollEndpoint") == ["*"]
    assert {tuple(resources) for resources in on_ecs.values()} == {
        (f"{clusters}:cluster/*stepwell-growth-dev-*",),
        (f"{clusters}:container-instance/*stepwell-growth-dev-*/*",),
    }
    services = {action.partition(":")[0] for one in statements for action in one["Action"]}
    assert services == {"ec2", "ecr", "ecs", "logs"}


def test_without_instances_there_is_no_role_of_theirs(demo: Synthesized) -> None:
    """An environment on Fargate alone has no instance profile and no launch template."""
    kinds = {address.split()[0] for address in demo.addresses}
    assert kinds.isdisjoint({"aws_iam_instance_profile", "aws_launch_template"})


def test_the_profile_follows_its_role(other: Synthesized) -> None:
    """The profile of instances names their role as Terraform made it, so it is never there before it."""
    profile = other.one("aws_iam_instance_profile")
    kind, name, attribute = profile["role"].removeprefix("${").removesuffix("}").split(".")
    assert (kind, attribute) == ("aws_iam_role", "name")
    assert other.document["resource"][kind][name]["name"] == "stepwell-growth-dev-instance"


def test_instances_of_a_public_network_have_addresses(demo: Synthesized, other: Synthesized) -> None:
    """Subnets give instances addresses where there are instances, and only there."""
    for made, has in ((demo, False), (other, True)):
        subnets = made.all("aws_subnet").values()
        assert {subnet["map_public_ip_on_launch"] for subnet in subnets} == {has}


def test_instances_of_a_private_network_have_their_endpoints() -> None:
    """The agent of ECS on an instance reaches its service inside the VPC."""
    queues = {"big": {"type": "EC2"}}
    made = synthesized(settings(network={"mode": "private"}, compute={"image": "i", "queues": queues}))
    names = {body["service_name"].rpartition(".")[2] for body in made.all("aws_vpc_endpoint").values()}
    assert names >= {"ecs", "ecs-agent", "ecs-telemetry"}


def test_a_replaced_environment_never_leaves_the_queue_without_one(demo: Synthesized) -> None:
    """A new compute environment is there before the old one goes: its name has a prefix only."""
    environment = demo.one("aws_batch_compute_environment")
    assert environment["lifecycle"] == {"create_before_destroy": True}
    assert environment["compute_environment_name_prefix"] == "stepwell-growth-dev-fargate-"


def test_namespaces_share_the_machines(demo: Synthesized, other: Synthesized) -> None:
    """Every queue has the fair-share policy; a project's share is twice a user's, and can be chosen."""
    assert demo.one("aws_batch_scheduling_policy")["fair_share_policy"] == {
        "share_decay_seconds": 3600,
        "share_distribution": [{"share_identifier": "projectS*", "weight_factor": 0.5}],
    }
    assert other.one("aws_batch_scheduling_policy")["fair_share_policy"] == {
        "share_decay_seconds": 600,
        "share_distribution": [{"share_identifier": "projectS*", "weight_factor": 0.25}],
    }
    for made in (demo, other):
        assert all(body["scheduling_policy_arn"] for body in made.all("aws_batch_job_queue").values())


def limits(made: Synthesized, queue: str) -> dict[str, int]:
    """The seconds after which a job is cancelled, by the reason why it waits."""
    actions = made.one("aws_batch_job_queue", f"compute/queue-{queue}/queue")["job_state_time_limit_action"]
    assert {(action["state"], action["action"]) for action in actions} == {("RUNNABLE", "CANCEL")}
    return {action["reason"]: action["max_time_seconds"] for action in actions}


def test_no_job_waits_for_ever(demo: Synthesized, full: Synthesized, other: Synthesized) -> None:
    """A job that can never start is cancelled after an hour, one that AWS has no instance for after a day."""
    hopeless = {
        "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE": 3600,
        "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT": 3600,
    }
    assert limits(demo, "fargate") == hopeless
    assert limits(full, "big") == {**hopeless, "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY": 86_400}
    assert set(limits(other, "big").values()) == {1200, 1800}


def test_a_task_whose_machine_was_taken_begins_again(demo: Synthesized, other: Synthesized) -> None:
    """Only the reclaim of a machine is tried again by Batch, three times; other failures are the flow's."""
    for made, attempts in ((demo, 4), (other, 2)):
        for body in made.all("aws_batch_job_definition").values():
            assert body["retry_strategy"] == {
                "attempts": attempts,
                "evaluate_on_exit": [
                    {"on_status_reason": "Host EC2*", "action": "RETRY"},
                    {"on_status_reason": "Your Spot Task was interrupted*", "action": "RETRY"},
                    {"on_reason": "*", "action": "EXIT"},
                ],
            }


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


def test_each_image_has_a_job_definition_for_each_platform(other: Synthesized) -> None:
    """Nobody has to register any: each namespace has one for each image, on Fargate and on instances."""
    bodies = other.all("aws_batch_job_definition")
    mine = {path.rpartition("/")[2]: body for path, body in bodies.items() if path.startswith("user-ada/")}
    assert {name: (body["name"], body["platform_capabilities"]) for name, body in mine.items()} == {
        f"job-definition-{image}-{platform.lower()}": (
            f"stepwell-growth-dev-user-ada-{image}-{platform.lower()}",
            [platform],
        )
        for image in ("default", "torch")
        for platform in ("FARGATE", "EC2")
    } | {
        f"job-definition-{image}-multinode": (f"stepwell-growth-dev-user-ada-{image}-multinode", ["EC2"])
        for image in ("default", "torch")
    }
    alone = [name for name in mine if not name.endswith("multinode")]
    images = {name: container(other, "user/ada", name)["image"] for name in alone}
    assert set(images.values()) == {"ours:2", "torch:1"}
    assert container(other, "user/ada")["ephemeralStorage"] == {"sizeInGiB": 50}
    on_instances = container(other, "user/ada", "job-definition-default-ec2")
    assert on_instances.keys().isdisjoint({"networkConfiguration", "ephemeralStorage"})


def test_jobs_carry_the_tags_of_costs(demo: Synthesized) -> None:
    """Jobs carry the tags of their definition on: whose they are, and the project's name."""
    bodies = demo.all("aws_batch_job_definition")
    assert all(body["propagate_tags"] is True for body in bodies.values())
    assert bodies[f"user-ada/namespace/{DEFAULT}"]["tags"] == {"stepwell:namespace": "user/ada"}
    assert bodies[f"project-flights/namespace/{DEFAULT}"]["tags"] == {
        "stepwell:namespace": "project/flights",
        "stepwell:project": "flights",
    }


def test_logs_are_kept_for_30_days_by_default(demo: Synthesized, other: Synthesized) -> None:
    """The logs of tasks and of executions are encrypted with the region's key, and go after 30 days."""
    for made, days in ((demo, 30), (other, 7)):
        groups = made.all("aws_cloudwatch_log_group").values()
        assert {made.resolved(group["kms_key_id"]) for group in groups} == {KEY}
        assert {group["name"]: group["retention_in_days"] for group in groups} == {
            "/stepwell/growth-dev/jobs": days,
            "/aws/vendedlogs/states/stepwell-growth-dev": days,
        }


def test_gangs_have_a_definition_where_a_queue_runs_them(demo: Synthesized, other: Synthesized) -> None:
    """With a queue on EC2 on demand each image has a definition for multi-node jobs; their nodes reach each
    other, and nobody else reaches them."""
    name = "project-flights/namespace/job-definition-torch-multinode"
    body = other.one("aws_batch_job_definition", name)
    assert (body["type"], body["platform_capabilities"]) == ("multinode", ["EC2"])
    assert body["name"] == "stepwell-growth-dev-project-flights-torch-multinode"
    nodes = json.loads(other.resolved(body["node_properties"]))
    (group,) = nodes.pop("nodeRangeProperties")
    assert (nodes, group["targetNodes"]) == ({"numNodes": 1, "mainNode": 0}, "0:")
    assert group["container"] == container(other, "project/flights", "job-definition-torch-ec2")
    (group,) = [one for one in other.all("aws_security_group").values() if one["name"].endswith("-nodes")]
    for rules in (group["ingress"], group["egress"]):
        assert [(rule["self"], rule["protocol"], rule["cidr_blocks"]) for rule in rules] == [
            (True, "-1", None)
        ]
    groups = {name: machines(other, name)["security_group_ids"] for name in ("spot", "big", "cheap", "gpu")}
    assert [name for name, found in groups.items() if len(found) == 2] == ["big", "gpu"]
    assert not [one for one in demo.all("aws_batch_job_definition") if one.endswith("multinode")]

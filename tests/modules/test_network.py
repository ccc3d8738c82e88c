from __future__ import annotations

from typing import Any

import pytest

from tests.synthesis import ACCOUNT, Synthesized, settings, synthesized

EXISTING = {"mode": "existing", "vpc_id": "vpc-12345678", "subnet_ids": ["subnet-12345678"]}


def made(**network: Any) -> Synthesized:
    return synthesized(settings(network=network))


@pytest.fixture(scope="module")
def private() -> Synthesized:
    return made(mode="private")


@pytest.fixture(scope="module")
def existing() -> Synthesized:
    return made(**EXISTING)


def kinds(stack: Synthesized) -> set[str]:
    return {address.split()[0] for address in stack.addresses}


def public_address(stack: Synthesized) -> bool:
    """Whether tasks on Fargate get one."""
    definition = stack.one("aws_batch_job_definition", "user-ada/namespace/job-definition-default-fargate")
    return '"assignPublicIp": "ENABLED"' in definition["container_properties"]


def test_the_default_network_is_two_quarters_of_a_16_block(demo: Synthesized) -> None:
    """By default the network has 10.0.0.0/16 and two of its quarters are subnets."""
    assert demo.one("aws_vpc")["cidr_block"] == "10.0.0.0/16"
    blocks = [subnet["cidr_block"] for subnet in demo.all("aws_subnet").values()]
    assert sorted(blocks) == ["10.0.0.0/18", "10.0.64.0/18"]


@pytest.mark.parametrize("mode", ["public", "private"])
def test_another_block_can_be_chosen(mode: str) -> None:
    """The subnets are cut out of the block that the settings name."""
    stack = made(mode=mode, cidr="172.16.0.0/24")
    assert stack.one("aws_vpc")["cidr_block"] == "172.16.0.0/24"
    blocks = [subnet["cidr_block"] for subnet in stack.all("aws_subnet").values()]
    assert sorted(blocks) == ["172.16.0.0/26", "172.16.0.64/26"]


def test_the_subnets_are_in_two_zones(demo: Synthesized) -> None:
    """Each subnet has a zone of its own, so that one zone without capacity doesn't stop the queue."""
    zones = {subnet["availability_zone"] for subnet in demo.all("aws_subnet").values()}
    assert len(zones) == 2


def test_nothing_gets_in(demo: Synthesized, private: Synthesized, existing: Synthesized) -> None:
    """No mode lets anything in to tasks, and a VPC's default group has no rule at all."""
    for stack in (demo, private, existing):
        assert not stack.one("aws_security_group", "network/tasks").get("ingress")
    for stack in (demo, private):
        assert stack.one("aws_default_security_group").keys() == {"//", "vpc_id"}


def test_by_default_tasks_get_out_to_everywhere(demo: Synthesized) -> None:
    """Tasks of a public network have addresses, and a way to everywhere."""
    (rule,) = demo.one("aws_security_group", "network/tasks")["egress"]
    assert (rule["protocol"], rule["cidr_blocks"]) == ("-1", ["0.0.0.0/0"])
    assert public_address(demo)


def test_s3_is_reached_inside_aws(demo: Synthesized, private: Synthesized) -> None:
    """S3 has a gateway endpoint, which costs nothing, on the subnets' route table."""
    for stack in (demo, private):
        endpoint = stack.one("aws_vpc_endpoint", "network/vpc/s3")
        assert (endpoint["service_name"], endpoint["vpc_endpoint_type"]) == (
            "com.amazonaws.us-east-1.s3",
            "Gateway",
        )
        tables = {item["route_table_id"] for item in stack.all("aws_route_table_association").values()}
        assert tables == set(endpoint["route_table_ids"])


def test_an_idle_network_costs_nothing(demo: Synthesized) -> None:
    """There is no NAT gateway, no interface endpoint and no elastic address."""
    assert kinds(demo).isdisjoint({"aws_nat_gateway", "aws_eip", "aws_lb", "aws_instance"})
    assert len(demo.all("aws_vpc_endpoint")) == 1


def test_what_flows_is_logged(demo: Synthesized) -> None:
    """By default all of it is written to the region's log bucket."""
    log = demo.one("aws_flow_log")
    assert (log["traffic_type"], log["log_destination_type"]) == ("ALL", "s3")
    assert demo.resolved(log["log_destination"]) == f"arn:aws:s3:::stepwell-logs-{ACCOUNT}-us-east-1/flows/"


def test_flow_logs_can_be_fewer_or_none() -> None:
    """What was rejected alone can be logged, or nothing."""
    assert made(flow_logs="rejected").one("aws_flow_log")["traffic_type"] == "REJECT"
    assert made(flow_logs="off").all("aws_flow_log") == {}


def test_a_private_network_has_no_way_to_the_internet(private: Synthesized) -> None:
    """There is no gateway and no route; tasks have no address, and reach endpoints and S3 over TLS."""
    assert kinds(private).isdisjoint({"aws_internet_gateway", "aws_nat_gateway"})
    assert private.one("aws_route_table").get("route", []) == []
    assert not public_address(private)
    (rule,) = private.one("aws_security_group", "network/tasks")["egress"]
    assert (rule["protocol"], rule["from_port"], rule["to_port"]) == ("tcp", 443, 443)
    assert rule["cidr_blocks"] == ["10.0.0.0/16"]
    assert len(rule["prefix_list_ids"]) == 1


def services(stack: Synthesized) -> set[str]:
    """The services that have an interface endpoint, reached under their own names."""
    found = [one for one in stack.all("aws_vpc_endpoint").values() if one["vpc_endpoint_type"] == "Interface"]
    assert all(one["private_dns_enabled"] is True and len(one["subnet_ids"]) == 2 for one in found)
    return {one["service_name"].removeprefix("com.amazonaws.us-east-1.") for one in found}


def test_a_private_network_has_the_endpoints_that_tasks_need(private: Synthesized) -> None:
    """Images, logs, the contract, secrets and the catalog are reached inside the VPC, from tasks only."""
    assert services(private) == {"ecr.api", "ecr.dkr", "glue", "logs", "secretsmanager", "ssm"}
    assert private.one("aws_vpc")["enable_dns_hostnames"] is True
    group = private.one("aws_security_group", "network/endpoints")
    (rule,) = group["ingress"]
    assert (rule["from_port"], len(rule["security_groups"]), rule.get("cidr_blocks")) == (443, 1, None)
    assert not group.get("egress")


def test_further_endpoints_can_be_chosen() -> None:
    """Settings add services that flows of the team call."""
    assert services(made(mode="private", endpoints=["athena"])) >= {"athena", "glue"}


def test_a_network_that_is_there_is_used(existing: Synthesized) -> None:
    """Of an existing VPC nothing is made but the security group of tasks; its endpoint for S3 is looked "
    "up."""
    assert {address for address in existing.addresses if " network/" in address} == {
        "aws_security_group network/tasks"
    }
    (endpoint,) = existing.document["data"]["aws_vpc_endpoint"].values()
    assert (endpoint["vpc_id"], endpoint["service_name"]) == ("vpc-12345678", "com.amazonaws.us-east-1.s3")
    environment = existing.one("aws_batch_compute_environment")["compute_resources"]
    assert environment["subnets"] == ["subnet-12345678"]
    assert not public_address(existing)


def test_an_existing_network_can_get_an_endpoint_and_addresses() -> None:
    """Route tables that are named get S3's endpoint; tasks get addresses where the settings say so."""
    stack = made(**EXISTING, route_table_ids=["rtb-12345678"], public_addresses=True)
    assert stack.one("aws_vpc_endpoint")["route_table_ids"] == ["rtb-12345678"]
    assert "aws_vpc_endpoint" not in stack.document["data"]
    assert public_address(stack)

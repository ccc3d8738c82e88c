from __future__ import annotations

from tests.synthesis import Synthesized, settings, synthesized


def test_the_default_network_is_two_quarters_of_a_16_block(demo: Synthesized) -> None:
    """By default the network has 10.0.0.0/16 and two of its quarters are subnets."""
    assert demo.one("aws_vpc")["cidr_block"] == "10.0.0.0/16"
    blocks = [subnet["cidr_block"] for subnet in demo.all("aws_subnet").values()]
    assert sorted(blocks) == ["10.0.0.0/18", "10.0.64.0/18"]


def test_another_block_can_be_chosen() -> None:
    """The subnets are cut out of the block that the settings name."""
    made = synthesized(settings(network={"cidr": "172.16.0.0/24"}))
    assert made.one("aws_vpc")["cidr_block"] == "172.16.0.0/24"
    blocks = [subnet["cidr_block"] for subnet in made.all("aws_subnet").values()]
    assert sorted(blocks) == ["172.16.0.0/26", "172.16.0.64/26"]


def test_the_subnets_are_in_two_zones(demo: Synthesized) -> None:
    """Each subnet has a zone of its own, so that one zone without capacity doesn't stop the queue."""
    zones = {subnet["availability_zone"] for subnet in demo.all("aws_subnet").values()}
    assert len(zones) == 2


def test_nothing_gets_in(demo: Synthesized) -> None:
    """The security group of tasks has no ingress, and the VPC's default group no rule at all."""
    group = demo.one("aws_security_group")
    assert "ingress" not in group
    assert [(rule["protocol"], rule["cidr_blocks"]) for rule in group["egress"]] == [("-1", ["0.0.0.0/0"])]
    assert demo.one("aws_default_security_group").keys() == {"//", "vpc_id"}


def test_s3_is_reached_inside_aws(demo: Synthesized) -> None:
    """S3 has a gateway endpoint, which costs nothing, on the subnets' route table."""
    endpoint = demo.one("aws_vpc_endpoint")
    assert (endpoint["service_name"], endpoint["vpc_endpoint_type"]) == (
        "com.amazonaws.us-east-1.s3",
        "Gateway",
    )
    tables = {item["route_table_id"] for item in demo.all("aws_route_table_association").values()}
    assert tables == set(endpoint["route_table_ids"])


def test_an_idle_network_costs_nothing(demo: Synthesized) -> None:
    """There is no NAT gateway, no interface endpoint and no elastic address."""
    kinds = {address.split()[0] for address in demo.addresses}
    assert kinds.isdisjoint({"aws_nat_gateway", "aws_eip", "aws_lb", "aws_instance"})

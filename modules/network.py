"""The network that tasks run in: two public subnets without a way in, and nothing to pay while idle."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network

from modules import aws
from modules.accepted import accept
from modules.cdk import Construct, Fn, Token
from modules.site import Site

EVERYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, slots=True)
class NetworkProps:
    """What a network is.

    Attributes:
        site: where it stands.
        cidr: its addresses. Default ``10.0.0.0/16``: two subnets of 16,379 addresses for tasks.
    """

    site: Site
    cidr: str = "10.0.0.0/16"


class Network(Construct):
    """A VPC with two public subnets in two zones, and a gateway endpoint for S3.

    A NAT gateway costs about $33 a month idle, so tasks get public addresses instead, and a security
    group that lets nothing in. What they read from S3 stays inside AWS and is free.

    Attributes:
        subnets: ids of the subnets.
        security_group: id of the security group of tasks.
    """

    def __init__(self, scope: Construct, id: str, props: NetworkProps) -> None:
        super().__init__(scope, id)
        name = props.site.names.prefix
        vpc = aws.vpc.Vpc(self, "vpc", cidr_block=props.cidr, tags={"Name": name})
        accept(
            vpc,
            CKV2_AWS_11="Nothing can come in, and what goes out is the user's own code; a log is not kept.",
        )
        # AWS makes this group with everything allowed inside it; adopted without rules it allows nothing.
        aws.default_security_group.DefaultSecurityGroup(self, "default-security-group", vpc_id=vpc.id)
        gateway = aws.internet_gateway.InternetGateway(
            self, "internet-gateway", vpc_id=vpc.id, tags={"Name": name}
        )
        routes = aws.route_table.RouteTable(
            self,
            "routes",
            vpc_id=vpc.id,
            route=[aws.route_table.RouteTableRoute(cidr_block=EVERYWHERE, gateway_id=gateway.id)],
            tags={"Name": name},
        )
        zones = aws.data_aws_availability_zones.DataAwsAvailabilityZones(self, "zones", state="available")
        accept(
            zones, CKV_AWS_394="Which zones there are differs from account to account; two of them are taken."
        )
        # Two of four quarters: the rest is free for what comes later.
        blocks = list(IPv4Network(props.cidr).subnets(prefixlen_diff=2))[:2]
        self.subnets: list[str] = []
        for index, block in enumerate(blocks):
            subnet = aws.subnet.Subnet(
                self,
                f"subnet-{index}",
                vpc_id=vpc.id,
                cidr_block=str(block),
                availability_zone=Token.as_string(Fn.element(zones.names, index)),
                tags={"Name": f"{name}-{index}"},
            )
            aws.route_table_association.RouteTableAssociation(
                self, f"subnet-{index}-routes", subnet_id=subnet.id, route_table_id=routes.id
            )
            self.subnets.append(subnet.id)
        aws.vpc_endpoint.VpcEndpoint(
            self,
            "s3",
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{props.site.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[routes.id],
            tags={"Name": f"{name}-s3"},
        )
        group = aws.security_group.SecurityGroup(
            self,
            "tasks",
            name=f"{name}-tasks",
            description="Tasks of Stepwell: out to everywhere, nothing in",
            vpc_id=vpc.id,
            egress=[
                aws.security_group.SecurityGroupEgress(
                    protocol="-1", from_port=0, to_port=0, cidr_blocks=[EVERYWHERE]
                )
            ],
            tags={"Name": f"{name}-tasks"},
        )
        self.security_group: str = group.id

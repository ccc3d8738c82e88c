"""A VPC with a subnet in each of two zones, S3 at its edge, and a log of what flows."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network

from modules import aws
from modules.accepted import accept
from modules.cdk import Construct, Fn, Token
from modules.logbucket import FLOW_LOGS
from modules.site import Site

EVERYWHERE = "0.0.0.0/0"
ZONES = 2


@dataclass(frozen=True, slots=True)
class VpcProps:
    """What a VPC is.

    Attributes:
        site: where it stands.
        cidr: its addresses: two of its quarters are subnets, the rest is free for what comes later.
        flow_logs: what is logged: ``ALL``, ``REJECT``, or (None) nothing. Default: ``ALL``.
        internet: whether its subnets have a way to the internet, and back only what was asked for.
            Default: no.
        public_instances: whether instances in its subnets get public addresses. Default: no.
    """

    site: Site
    cidr: str
    flow_logs: str | None = "ALL"
    internet: bool = False
    public_instances: bool = False


class Vpc(Construct):
    """Subnets share one route table, on which S3's gateway endpoint is: it costs nothing.

    Attributes:
        vpc: its id.
        subnets: ids of the subnets.
        s3: id of S3's prefix list, for the rules of security groups.
    """

    def __init__(self, scope: Construct, id: str, props: VpcProps) -> None:
        super().__init__(scope, id)
        name = props.site.names.prefix
        vpc = aws.vpc.Vpc(
            self,
            "vpc",
            cidr_block=props.cidr,
            # Interface endpoints answer under the names of the services.
            enable_dns_hostnames=not props.internet,
            enable_dns_support=True,
            tags={"Name": name},
        )
        accept(vpc, CKV2_AWS_11="Whether flows are logged is a setting, network.flow_logs.")
        self.vpc: str = vpc.id
        # AWS makes this group with everything allowed inside it; adopted without rules it allows nothing.
        aws.default_security_group.DefaultSecurityGroup(self, "default-security-group", vpc_id=vpc.id)
        routes = aws.route_table.RouteTable(
            self, "routes", vpc_id=vpc.id, route=self._way_out(props, name), tags={"Name": name}
        )
        self.subnets = self._subnets(props, name, routes.id)
        endpoint = aws.vpc_endpoint.VpcEndpoint(
            self,
            "s3",
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{props.site.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[routes.id],
            tags={"Name": f"{name}-s3"},
        )
        self.s3: str = endpoint.prefix_list_id
        if props.flow_logs:
            site = props.site
            aws.flow_log.FlowLog(
                self,
                "flow-log",
                vpc_id=vpc.id,
                traffic_type=props.flow_logs,
                log_destination_type="s3",
                log_destination=f"arn:{site.partition}:s3:::{site.log_bucket}/{FLOW_LOGS}",
                tags={"Name": name},
            )

    def _way_out(self, props: VpcProps, name: str) -> list[aws.route_table.RouteTableRoute]:
        if not props.internet:
            return []
        gateway = aws.internet_gateway.InternetGateway(
            self, "internet-gateway", vpc_id=self.vpc, tags={"Name": name}
        )
        return [aws.route_table.RouteTableRoute(cidr_block=EVERYWHERE, gateway_id=gateway.id)]

    def _subnets(self, props: VpcProps, name: str, routes: str) -> list[str]:
        zones = aws.data_aws_availability_zones.DataAwsAvailabilityZones(self, "zones", state="available")
        accept(
            zones, CKV_AWS_394="Which zones there are differs from account to account; two of them are taken."
        )
        made = []
        for index, block in enumerate(list(IPv4Network(props.cidr).subnets(prefixlen_diff=2))[:ZONES]):
            subnet = aws.subnet.Subnet(
                self,
                f"subnet-{index}",
                vpc_id=self.vpc,
                cidr_block=str(block),
                availability_zone=Token.as_string(Fn.element(zones.names, index)),
                map_public_ip_on_launch=props.public_instances,
                tags={"Name": f"{name}-{index}"},
            )
            aws.route_table_association.RouteTableAssociation(
                self, f"subnet-{index}-routes", subnet_id=subnet.id, route_table_id=routes
            )
            made.append(subnet.id)
        return made

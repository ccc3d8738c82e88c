"""The network that tasks run in, in one of three ways behind the same attributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from modules import aws
from modules.cdk import Construct
from modules.site import Site
from modules.vpc import EVERYWHERE, Vpc, VpcProps

HTTPS = 443
# What a task calls while it starts and runs; S3 has an endpoint of its own.
ENDPOINTS = ("ecr.api", "ecr.dkr", "glue", "logs", "secretsmanager", "ssm")
INSTANCE_ENDPOINTS = ("ecs", "ecs-agent", "ecs-telemetry")


class Network(Construct):
    """Where tasks run: nothing gets in to them.

    Attributes:
        subnets: ids of the subnets.
        security_group: id of the security group of tasks.
        public_addresses: whether a task has to have one to get out.
        vpc: id of the VPC.
    """

    vpc: str
    subnets: Sequence[str]
    security_group: str
    public_addresses: bool


@dataclass(frozen=True, slots=True)
class PublicNetworkProps:
    """What a public network is.

    Attributes:
        site: where it stands.
        cidr: its addresses. Default ``10.0.0.0/16``: two subnets of 16,379 addresses for tasks.
        flow_logs: what is logged: ``ALL``, ``REJECT``, or (None) nothing. Default: ``ALL``.
        instances: whether EC2 instances run in it. Default: no.
    """

    site: Site
    cidr: str = "10.0.0.0/16"
    flow_logs: str | None = "ALL"
    instances: bool = False


class PublicNetwork(Network):
    """Tasks have public addresses, and a security group that lets nothing in.

    A NAT gateway costs about $33 a month idle, this nothing. What tasks read from S3 stays inside AWS.
    """

    def __init__(self, scope: Construct, id: str, props: PublicNetworkProps) -> None:
        super().__init__(scope, id)
        vpc = Vpc(
            self,
            "vpc",
            VpcProps(
                props.site,
                props.cidr,
                props.flow_logs,
                internet=True,
                public_instances=props.instances,
            ),
        )
        self.vpc, self.subnets = vpc.vpc, vpc.subnets
        self.security_group = _group(
            self,
            "tasks",
            props.site,
            vpc.vpc,
            "out to everywhere, nothing in",
            egress=[_out_to_everywhere()],
        )
        self.public_addresses = True


@dataclass(frozen=True, slots=True)
class PrivateNetworkProps:
    """What a private network is.

    Attributes:
        site: where it stands.
        cidr: its addresses. Default: ``10.0.0.0/16``.
        flow_logs: what is logged: ``ALL``, ``REJECT``, or (None) nothing. Default: ``ALL``.
        endpoints: names of further AWS services that tasks call. Default: none.
        instances: whether EC2 instances run in it. Default: no.
    """

    site: Site
    cidr: str = "10.0.0.0/16"
    flow_logs: str | None = "ALL"
    endpoints: Sequence[str] = ()
    instances: bool = False


class PrivateNetwork(Network):
    """Tasks have no way to the internet: they reach the AWS services that have an endpoint here, and S3.

    An endpoint costs about $7 a month in each of the two zones.
    """

    def __init__(self, scope: Construct, id: str, props: PrivateNetworkProps) -> None:
        super().__init__(scope, id)
        site = props.site
        vpc = Vpc(self, "vpc", VpcProps(site, props.cidr, props.flow_logs))
        rules = aws.security_group
        tls: Any = {"protocol": "tcp", "from_port": HTTPS, "to_port": HTTPS}
        self.vpc, self.subnets = vpc.vpc, vpc.subnets
        self.security_group = _group(
            self,
            "tasks",
            site,
            vpc.vpc,
            "out to the endpoints of AWS services, nothing in",
            egress=[rules.SecurityGroupEgress(**tls, cidr_blocks=[props.cidr], prefix_list_ids=[vpc.s3])],
        )
        ingress = rules.SecurityGroupIngress(**tls, security_groups=[self.security_group])
        group = _group(self, "endpoints", site, vpc.vpc, "in from tasks, nothing out", ingress=[ingress])
        services = {*ENDPOINTS, *props.endpoints, *(INSTANCE_ENDPOINTS if props.instances else ())}
        for service in sorted(services):
            aws.vpc_endpoint.VpcEndpoint(
                self,
                f"endpoint-{service}",
                vpc_id=vpc.vpc,
                service_name=f"com.amazonaws.{site.region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=vpc.subnets,
                security_group_ids=[group],
                tags={"Name": f"{site.names.prefix}-{service}"},
            )
        self.public_addresses = False


@dataclass(frozen=True, slots=True)
class ExistingNetworkProps:
    """A network that is there.

    Attributes:
        site: where the environment stands.
        vpc: id of the VPC.
        subnets: ids of the subnets that tasks run in; they have a way to the AWS services that tasks call.
        route_tables: ids of route tables that get a gateway endpoint for S3. Default: none, the VPC has to
            have one; Terraform looks.
        public_addresses: whether tasks get public addresses. Default: no.
    """

    site: Site
    vpc: str
    subnets: Sequence[str]
    route_tables: Sequence[str] = ()
    public_addresses: bool = False


class ExistingNetwork(Network):
    """A VPC of the organization. Of its own it has a security group, and an endpoint if asked for."""

    def __init__(self, scope: Construct, id: str, props: ExistingNetworkProps) -> None:
        super().__init__(scope, id)
        site = props.site
        s3 = f"com.amazonaws.{site.region}.s3"
        if props.route_tables:
            aws.vpc_endpoint.VpcEndpoint(
                self,
                "s3",
                vpc_id=props.vpc,
                service_name=s3,
                vpc_endpoint_type="Gateway",
                route_table_ids=list(props.route_tables),
                tags={"Name": f"{site.names.prefix}-s3"},
            )
        else:
            found = aws.data_aws_vpc_endpoint
            filters = [
                found.DataAwsVpcEndpointFilter(name="vpc-endpoint-type", values=["Gateway"]),
            ]
            found.DataAwsVpcEndpoint(self, "s3", vpc_id=props.vpc, service_name=s3, filter=filters)
        self.vpc, self.subnets = props.vpc, props.subnets
        self.security_group = _group(
            self,
            "tasks",
            site,
            props.vpc,
            "out to everywhere, nothing in",
            egress=[_out_to_everywhere()],
        )
        self.public_addresses = props.public_addresses


def _group(
    scope: Construct,
    id: str,
    site: Site,
    vpc: str,
    does: str,
    *,
    egress: Sequence[aws.security_group.SecurityGroupEgress] = (),
    ingress: Sequence[aws.security_group.SecurityGroupIngress] = (),
) -> str:
    name = f"{site.names.prefix}-{id}"
    group: str = aws.security_group.SecurityGroup(
        scope,
        id,
        name=name,
        description=f"{id.capitalize()} of Stepwell: {does}",
        vpc_id=vpc,
        egress=list(egress),
        ingress=list(ingress),
        tags={"Name": name},
    ).id
    return group


def _out_to_everywhere() -> aws.security_group.SecurityGroupEgress:
    rule = aws.security_group.SecurityGroupEgress
    return rule(protocol="-1", from_port=0, to_port=0, cidr_blocks=[EVERYWHERE])

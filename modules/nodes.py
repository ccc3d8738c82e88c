"""How the nodes of multi-node jobs reach each other."""

from __future__ import annotations

from typing import Any

from modules import aws
from modules.cdk import Construct
from modules.site import Site


class Nodes(Construct):
    """A security group whose members reach each other on any port, and nothing and nobody else.

    Each node has a network interface of its own, with the security groups of its compute environment (AWS
    Batch User Guide, "Compute environment considerations for MNP").

    Attributes:
        security_group: its id.
    """

    def __init__(self, scope: Construct, id: str, site: Site, vpc: str) -> None:
        super().__init__(scope, id)
        name, rules = f"{site.names.prefix}-nodes", aws.security_group
        among: Any = {"protocol": "-1", "from_port": 0, "to_port": 0, "self_attribute": True}
        self.security_group: str = rules.SecurityGroup(
            self,
            "nodes",
            name=name,
            description="Nodes of Stepwell: among themselves",
            vpc_id=vpc,
            egress=[rules.SecurityGroupEgress(**among)],
            ingress=[rules.SecurityGroupIngress(**among)],
            tags={"Name": name},
        ).id

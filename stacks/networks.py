"""The network that an environment's settings choose."""

from __future__ import annotations

from modules.cdk import Construct
from modules.network import (
    ExistingNetwork,
    ExistingNetworkProps,
    Network,
    PrivateNetwork,
    PrivateNetworkProps,
    PublicNetwork,
    PublicNetworkProps,
)
from modules.site import Site
from stacks import schema

FLOW_LOGS = {"all": "ALL", "rejected": "REJECT", "off": None}


def network(scope: Construct, site: Site, chosen: schema.Network, *, instances: bool) -> Network:
    """The construct ``network`` below `scope`; `instances` says whether EC2 instances run in it."""
    flow_logs = FLOW_LOGS[chosen.flow_logs]
    if chosen.mode == "public":
        return PublicNetwork(
            scope, "network", PublicNetworkProps(site, chosen.cidr, flow_logs, instances=instances)
        )
    if chosen.mode == "private":
        return PrivateNetwork(
            scope,
            "network",
            PrivateNetworkProps(site, chosen.cidr, flow_logs, chosen.endpoints, instances=instances),
        )
    assert chosen.vpc_id, "checked"
    return ExistingNetwork(
        scope,
        "network",
        ExistingNetworkProps(
            site, chosen.vpc_id, chosen.subnet_ids, chosen.route_table_ids, chosen.public_addresses
        ),
    )

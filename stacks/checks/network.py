"""Mistakes in a network: what its mode lacks, and what belongs to another."""

from __future__ import annotations

from collections.abc import Iterator

from stacks.mistakes import Mistake, Place
from stacks.schema import Network

OF_MODE = {
    "public": {"cidr", "flow_logs"},
    "private": {"cidr", "flow_logs", "endpoints"},
    "existing": {"vpc_id", "subnet_ids", "route_table_ids", "public_addresses"},
}


def network_mistakes(place: Place, network: Network) -> Iterator[Mistake]:
    """Mistakes of the network at `place`."""
    allowed = OF_MODE[network.mode]
    for name in sorted(network.model_fields_set - allowed - {"mode"}):
        modes = " or ".join(f'"{mode}"' for mode, names in OF_MODE.items() if name in names)
        yield (
            (*place, name),
            f'received {getattr(network, name)!r}, which mode = "{network.mode}" has no use for: remove it, '
            f"or set mode = {modes}",
        )
    if network.mode == "existing":
        for name in ("vpc_id", "subnet_ids"):
            if not getattr(network, name):
                yield (*place, name), 'received nothing; mode = "existing" needs it: set it to what is there'

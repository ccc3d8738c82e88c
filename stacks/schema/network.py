"""The network of an environment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, field_validator

from stacks.schema.values import Model, matching


def _id(kind: str) -> AfterValidator:
    return matching(
        rf"{re.escape(kind)}-[0-9a-f]{{8,17}}",
        f"the id of one that is there, such as '{kind}-0a1b2c3d4e5f60718'",
    )


class Network(Model):
    """One of three ways, and what each has of its own."""

    mode: Literal["public", "private", "existing"] = "public"
    cidr: str = "10.0.0.0/16"
    flow_logs: Literal["all", "rejected", "off"] = "all"
    endpoints: Sequence[
        Annotated[str, matching(r"[a-z0-9.-]+", "the name of an AWS service's endpoint, such as 'athena'")]
    ] = ()
    vpc_id: Annotated[str, _id("vpc")] | None = None
    subnet_ids: Sequence[Annotated[str, _id("subnet")]] = ()
    route_table_ids: Sequence[Annotated[str, _id("rtb")]] = ()
    public_addresses: bool = False

    @field_validator("cidr")
    @classmethod
    def _is_a_block(cls, cidr: str) -> str:
        allowed = "must be a private IPv4 block of /16 to /24, such as '10.0.0.0/16'"
        try:
            block = IPv4Network(cidr)
        except ValueError as error:
            raise ValueError(f"{allowed}: {error}") from None
        if not (16 <= block.prefixlen <= 24 and block.is_private):
            raise ValueError(allowed)
        return cidr

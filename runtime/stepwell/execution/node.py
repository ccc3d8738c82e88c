"""A node of a multi-node job, as Batch tells its container (AWS Batch user guide, "mnp-env-vars")."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from stepwell.flow.parallel import HERE

_INDEX, _COUNT = "AWS_BATCH_JOB_NODE_INDEX", "AWS_BATCH_JOB_NUM_NODES"
_MAIN_ADDRESS = "AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS"


@dataclass(frozen=True, slots=True)
class Node:
    """Which node of how many; 0 is the main one."""

    index: int
    nodes: int

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Node | None:
        """None in a container that is a whole job."""
        return cls(int(environ[_INDEX]), int(environ[_COUNT])) if _INDEX in environ else None


def main_address(environ: Mapping[str, str]) -> str:
    """IPv4 address of the main node; Batch does not tell that node its own."""
    if _MAIN_ADDRESS in environ:
        return environ[_MAIN_ADDRESS]
    return own_address() if _INDEX in environ else HERE


def own_address() -> str:
    """IPv4 address of this machine or container."""
    try:
        return socket.gethostbyname(socket.gethostname())
    except OSError:
        return HERE

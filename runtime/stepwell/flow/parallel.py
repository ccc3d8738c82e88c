"""The nodes of a gang: tasks of one step that run at once and know each other. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

MOST_NODES = 1000
"""Nodes of a multi-node job (AWS Batch API reference, NodeProperties)."""
HERE = "127.0.0.1"


class Parallel(NamedTuple):
    """What a node knows of its gang; the names are Metaflow's.

    Attributes:
        main_ip: IPv4 address at which the other nodes reach the main one.
        num_nodes: how many nodes there are, the main one among them.
        node_index: which of them this is; 0 is the main one.
        control_task_id: id of the main one's task; None in a step that is no gang.
    """

    main_ip: str = HERE
    num_nodes: int = 1
    node_index: int = 0
    control_task_id: str | None = None


ALONE = Parallel()
"""What a task knows that is no node."""


def is_number_of_nodes(value: Any) -> bool:
    """Whether a gang can have so many nodes."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_NODES

"""Multi-node jobs of Batch: how many nodes there are, and what the container of each is. Pure.

AWS: Batch API Reference, ``NodeProperties``, ``NodeRangeProperty``, ``NodeOverrides``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Properties = Mapping[str, Any]


def mistake(properties: Properties | None, overrides: Properties, types: set[str]) -> str | None:
    """Why a job is refused; None where it is not.

    Args:
        properties: ``nodeProperties`` of its definition; None for a job of one container.
        overrides: ``nodeOverrides`` of its submission; empty where it has none.
        types: of the compute environments of its queue.
    """
    if properties is None:
        return "nodeOverrides: the job definition is no multi-node parallel one" if overrides else None
    if types - {"EC2"}:
        return f"Multi-node parallel jobs aren't supported on {', '.join(sorted(types))}"
    ranges = {one["targetNodes"] for one in properties["nodeRangeProperties"]}
    odd = {one["targetNodes"] for one in overrides.get("nodePropertyOverrides", ())} - ranges
    if odd:
        return f"NodeOverride targets should match job definition. Non matching targets - {', '.join(odd)}"
    nodes = number_of_nodes(properties, overrides)
    if not properties["mainNode"] < nodes:
        return f"numNodes: received {nodes}, which has no main node {properties['mainNode']}"
    if nodes != properties["numNodes"] and not any(one.endswith(":") for one in ranges):
        return "numNodes: no node range of the job definition is open at its end"
    return None


def number_of_nodes(properties: Properties, overrides: Properties) -> int:
    """How many nodes a job has."""
    found: int = overrides.get("numNodes", properties["numNodes"])
    return found


def container(properties: Properties, index: int) -> Properties:
    """``containerProperties`` of a node: where ranges overlap, those of the one that begins last."""
    groups = _holding(properties["nodeRangeProperties"], index)
    found: Properties = max(groups, key=lambda one: _bounds(one["targetNodes"])[0])["container"]
    return found


def container_overrides(overrides: Properties, index: int) -> Properties:
    """``containerOverrides`` of a node."""
    found: dict[str, Any] = {}
    for one in _holding(overrides.get("nodePropertyOverrides", ()), index):
        found |= one.get("containerOverrides", {})
    return found


def _holding(groups: Any, index: int) -> Iterator[Any]:
    for one in groups:
        first, last = _bounds(one["targetNodes"])
        if first <= index and (last is None or index <= last):
            yield one


def _bounds(target: str) -> tuple[int, int | None]:
    first, colon, last = target.partition(":")
    if not colon:
        return int(first), int(first)
    return int(first or 0), int(last) if last else None

"""What is changed in each row of the matrix once it is deployed, and all that a plan of it may touch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.stacks.matrix import ROWS

PEOPLE = [{"name": "ada", "role": "data-scientist"}, {"name": "dana", "role": "data-engineer"}]
# What data lies in: it is never touched by a removal.
DATA = r"datastore/.*|catalog/(?!optimizers/).*"


@dataclass(frozen=True, slots=True)
class Change:
    """Settings before and after, as `tests.synthesis.settings` takes them.

    Attributes:
        touches: a pattern of the paths of constructs; a plan touches some of these, and nothing else.
        does: what a plan does to each, as Terraform says it.
    """

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    touches: str
    does: str = "create"


def change(row: str) -> Change:
    """The change of a row; one that is about a removal is deployed before it, and removed by it."""
    settings = ROWS[row]
    if row == "a removed project":
        there = {**settings, "projects": ["flights", "pricing"]}
        return Change(there, settings, "project-pricing/.*", "delete")
    if row.startswith("a removed "):
        return Change({}, settings, f"(?!{DATA}).*", "delete")
    if row == "everything":
        more = {**settings, "projects": [*settings["projects"], "fares"]}
        return Change(settings, more, "project-fares/.*|catalog/fares(-lake)?")
    more = {**settings, "users": [*settings.get("users", PEOPLE), {"name": "eve", "role": "data-engineer"}]}
    return Change(settings, more, "user-eve/.*")


def paths(document: Mapping[str, Any]) -> dict[str, str]:
    """The path of each resource's construct in its stack, by the resource's address."""
    return {
        f"{kind}.{name}": body["//"]["metadata"]["path"].partition("/")[2]
        for kind, bodies in document["resource"].items()
        for name, body in bodies.items()
    }


def faults(plan: Mapping[str, Any], where: Mapping[str, str], expected: Change) -> Iterator[str]:
    """What is wrong with a plan (``terraform show -json``): a line for each.

    Args:
        where: the paths of all constructs, before and after.
    """
    done = {
        one["address"]: "+".join(one["change"]["actions"])
        for one in plan["resource_changes"]
        if one["mode"] == "managed" and one["change"]["actions"] != ["no-op"]
    }
    if not done:
        yield "the plan of the change is empty"
    for address, does in done.items():
        path = where.get(address, address)
        if does != expected.does or not re.fullmatch(expected.touches, path):
            yield f"the change would {does} {address} ({path})"

"""`make matrix`: a plan is held against what a change may touch."""

from __future__ import annotations

import pytest

from tests.stacks.changes import Change, change, faults, paths
from tests.stacks.matrix import ROWS
from tests.synthesis import settings

EVE = Change({}, {}, "user-eve/.*")
WHERE = {"aws_iam_role.a": "user-eve/role", "aws_iam_role.b": "user-ada/role"}


def planned(address: str, *actions: str) -> dict[str, object]:
    change = {"address": address, "mode": "managed", "change": {"actions": list(actions)}}
    return {"resource_changes": [change, {**change, "address": "x.y", "change": {"actions": ["no-op"]}}]}


def test_what_belongs_to_the_change_is_touched() -> None:
    """A plan that does what was expected, to what was expected, has no fault."""
    assert list(faults(planned("aws_iam_role.a", "create"), WHERE, EVE)) == []


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (planned("aws_iam_role.b", "create"), "the change would create aws_iam_role.b (user-ada/role)"),
        (
            planned("aws_iam_role.a", "delete", "create"),
            "the change would delete+create aws_iam_role.a (user-eve/role)",
        ),
        (planned("aws_iam_role.c", "create"), "the change would create aws_iam_role.c (aws_iam_role.c)"),
        (planned("aws_iam_role.a", "no-op"), "the plan of the change is empty"),
    ],
)
def test_anything_else_is_a_fault(plan: dict[str, object], said: str) -> None:
    """Another's resource, another action, an unknown resource, and nothing at all are faults."""
    assert list(faults(plan, WHERE, EVE)) == [said]


@pytest.mark.parametrize("row", ROWS)
def test_each_row_has_a_change(row: str) -> None:
    """The settings before and after it are right, and differ; the row's own are one of them."""
    made = change(row)
    assert settings(**made.before) != settings(**made.after)
    assert ROWS[row] in (made.before, made.after)


def test_paths_go_by_address() -> None:
    """A resource's address leads to the path of its construct below the stack."""
    body = {"//": {"metadata": {"path": "growth-dev/user-eve/role/role"}}}
    assert paths({"resource": {"aws_iam_role": {"a": body}}}) == {"aws_iam_role.a": "user-eve/role/role"}

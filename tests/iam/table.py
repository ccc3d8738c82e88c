"""The tables of IAM's decisions: their columns, and how a row is read."""

from __future__ import annotations

from collections.abc import Iterator

from stepwell.cloud.iam.evaluator import Caller
from tests.iam.things import OWNERS
from tests.iam.world import World

# The columns: the roles of people, of tasks, of state machines (Step Functions) and of schedules of ada, of
# dana, of the project flights and of its branches; then those of services: what starts containers, a machine
# of Batch, the watch and what starts it, Glue's optimizer of tables, Lake Formation.
SERVICES = ["starter", "instance", "watch", "watch-starter", "optimizer", "lake"]


def rows(table: str) -> Iterator[tuple[str, str, str]]:
    """Action or group, label of the thing, and the cells, of each row of a table."""
    for line in table.splitlines():
        what, _, cells = line.partition("|")
        if what.strip():
            action, label = what.split("  ", 1)
            yield action, label.strip(), cells.replace("|", "").replace(" ", "")


def principals(world: World) -> list[Caller]:
    """The roles of the columns."""
    owners = OWNERS.values()
    arns = [
        *(world.namespace(owner).role for owner in owners),
        *(world.container(owner)["jobRoleArn"] for owner in owners),
        *(world.namespace(owner).execution_role for owner in owners),
        *(world.namespace(owner).scheduler_role for owner in owners),
        *(world.role(name) for name in SERVICES),
    ]
    return [world.roles[arn] for arn in arns]

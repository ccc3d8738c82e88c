"""Checks of roles, by the ARNs of callers and roles."""

from __future__ import annotations

import pytest

from stepwell.contract import CONTRACT_VERSION, NamespaceContract
from stepwell.doctor.finding import Outcome, ok
from stepwell.doctor.roles import in_role, judge_projects, judge_role

ADA = "arn:aws:iam::123456789012:role/stepwell-growth-dev-user-ada"
CONTRACT = NamespaceContract(CONTRACT_VERSION, "user/ada", ADA, "definition", "execution", "starter")
EVE = "arn:aws:iam::123456789012:user/eve"
SESSION = "arn:aws:sts::123456789012:assumed-role/stepwell-growth-dev-user-ada/ada@example.org"


@pytest.mark.parametrize(
    ("who", "role", "expected"),
    [
        (SESSION, ADA, True),
        (SESSION, ADA.replace("role/", "role/teams/growth/"), True),
        (SESSION.replace("user-ada", "user-ada_b"), ADA, False),
        (SESSION.replace("123456789012", "210987654321"), ADA, False),
        ("arn:aws:iam::123456789012:user/stepwell-growth-dev-user-ada", ADA, False),
        ("arn:aws:iam::123456789012:root", ADA, False),
    ],
)
def test_who_is_in_a_role(who: str, role: str, expected: bool) -> None:
    """A session of that very role of that account is in it, whatever the role's path; nobody else is."""
    assert in_role(who, role) is expected


def test_a_role_that_cant_be_assumed_is_a_failure() -> None:
    """Who is neither in the namespace's role nor may assume it hears who has to let them."""
    assert judge_role(CONTRACT, SESSION, True) == ok(f"{SESSION} is in the role of user/ada")
    assert judge_role(CONTRACT, EVE, True) == ok(f"{EVE} may assume {ADA}")
    denied = judge_role(CONTRACT, EVE, False)
    assert denied.outcome is Outcome.FAILED
    assert "principals" in denied.way_out
    project = NamespaceContract(
        CONTRACT_VERSION, "project/flights", ADA, "definition", "execution", "starter"
    )
    assert "deployers" in judge_role(project, EVE, False).way_out


def test_not_to_deploy_is_no_failure() -> None:
    """The projects that the caller deploys are told beside those it does not."""
    assert judge_projects({}) == ok("the environment has none")
    assert judge_projects({"a": True, "b": False}) == ok("deployer of a, not of b")
    assert judge_projects({"b": False}) == ok("deployer of none, not of b")

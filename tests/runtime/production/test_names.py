"""Names of what is deployed."""

from __future__ import annotations

import itertools

import pytest

from stepwell.production.names import MAX_NAME, MAX_STARTER, rule_name, schedule_name, state_machine_name

PREFIX = "stepwell-growth-dev-"
NAMESPACES = [
    "user/ada", "user/ada_b", "project/ada/prod", "project/a/prod", "project/a/prod.b", "project/a/branch/b",
    "project/a/branch/prod", "project/a_b/prod", "project/a/branch/b_c",
]  # fmt: skip


@pytest.mark.parametrize(
    ("namespace", "project", "name"),
    [
        ("user/ada", None, "stepwell-growth-dev-user-ada-Train"),
        ("user/ada", "fraud", "stepwell-growth-dev-user-ada-fraud-Train"),
        ("project/fraud/prod", "fraud", "stepwell-growth-dev-project-fraud-prod-Train"),
        ("project/fraud/prod.new", "fraud", "stepwell-growth-dev-project-fraud-prod-new-Train"),
        ("project/fraud/branch/new", "fraud", "stepwell-growth-dev-project-fraud-branch-new-Train"),
    ],
)
def test_a_name_begins_with_its_namespace(namespace: str, project: str | None, name: str) -> None:
    """A state machine is called by its namespace, its project where that is a user's, and its flow."""
    assert state_machine_name(PREFIX, namespace, "Train", project) == name


def test_no_two_deployments_have_one_name() -> None:
    """Whatever the flow, project and namespace, names differ and fit."""
    long = "L" * 90
    places = [
        (namespace, flow, project)
        for namespace in NAMESPACES
        for flow in ("Train", "prod_Train", "b_Train", long, long + "x")
        for project in ((None, "a", "b") if namespace.startswith("user") else (namespace.split("/")[1],))
    ]
    machines = [state_machine_name(PREFIX, *place) for place in places]
    schedules = [schedule_name(*place) for place in places]
    rules = [rule_name(PREFIX, *place, number) for place in places for number in (0, 1)]
    for names, most in ((machines, MAX_NAME), (schedules, MAX_STARTER), (rules, MAX_STARTER)):
        assert len(set(names)) == len(names)
        assert max(map(len, names)) == most


def test_a_users_names_match_no_other_users_pattern() -> None:
    """What IAM lets one namespace's deployer change, by the beginning of names, is that namespace's alone."""
    for one, other in itertools.permutations(("user/ada", "user/ada_b", "project/ada/prod"), 2):
        guard = PREFIX + "-".join(one.split("/")[:2]) + "-"
        assert state_machine_name(PREFIX, one, "F").startswith(guard)
        assert not state_machine_name(PREFIX, other, "F").startswith(guard)

"""What a line more in environments.toml changes, and what it leaves alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.synthesis import FULL, Synthesized, settings, stacks, synthesized

PEOPLE = [{"name": "ada", "role": "data-scientist"}, {"name": "dana", "role": "data-engineer"}]


def bodies(made: Synthesized) -> dict[tuple[str, str], Any]:
    """The resources of a stack, whole, by type and path."""
    kinds = made.document["resource"]
    return {(kind, path): body for kind in kinds for path, body in made.all(kind).items()}


def added(before: Synthesized, after: Synthesized) -> set[tuple[str, str]]:
    """What is new; everything that was there has to be the same, to the letter."""
    old, new = bodies(before), bodies(after)
    assert {key: new[key] for key in old} == old
    return new.keys() - old.keys()


@pytest.mark.parametrize("role", ["data-scientist", "data-engineer"])
def test_a_user_more_touches_nobody_else(demo: Synthesized, role: str) -> None:
    """Another user adds what is below ``user-eve``, as another has it, and changes nothing."""
    new = added(demo, synthesized(settings(users=[*PEOPLE, {"name": "eve", "role": role}])))
    assert {path.partition("/")[0] for _, path in new} == {"user-eve"}
    of_dana = {(kind, path) for kind, path in bodies(demo) if path.startswith("user-dana/")}
    assert new == {(kind, path.replace("dana", "eve")) for kind, path in of_dana}


def test_a_project_more_touches_nobody_else(demo: Synthesized) -> None:
    """Another project adds its database and what is below ``project-fares``, and changes nothing."""
    new = added(demo, synthesized(settings(projects=["flights", "fares"])))
    assert {path for _, path in new if not path.startswith("project-fares/")} == {"catalog/fares"}


def test_an_environment_more_touches_no_other_stack(demo_stacks: dict[str, Synthesized]) -> None:
    """Another environment in the same place is a stack more; foundation and neighbour stay as they are."""
    made = settings()
    team = made.teams["growth"]
    both = {**team.environments, "prod": team.environments["dev"]}
    more = stacks(
        made.model_copy(update={"teams": {"growth": team.model_copy(update={"environments": both})}})
    )
    assert more.keys() - demo_stacks.keys() == {"growth-prod"}
    for name, one in demo_stacks.items():
        assert more[name].document == one.document


DATA = {
    "aws_glue_catalog_table",
    "aws_s3_object",
    "aws_glue_catalog_database",
    "aws_s3_bucket",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_logging",
    "aws_s3_bucket_notification",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
}


def test_with_lake_formation_too_a_line_more_touches_nobody_else(full: Synthesized) -> None:
    """Grants of Lake Formation are by tag, so neither a user nor a project more changes one."""
    new = added(
        full, synthesized(settings(**FULL, users=[*PEOPLE, {"name": "eve", "role": "data-engineer"}]))
    )
    assert {path.partition("/")[0] for _, path in new} == {"user-eve"}
    new = added(full, synthesized(settings(**FULL, projects=["flights", "fares"])))
    others = {path for _, path in new if not path.startswith("project-fares/")}
    assert others == {"catalog/fares", "catalog/fares-lake"}


@pytest.mark.parametrize("where", ["team", "environment"])
def test_of_what_is_removed_the_data_stays(where: str) -> None:
    """A team or an environment that is `removed` keeps its bucket, databases and tables as they were."""
    made = settings(facts={"planes": {"columns": {"tail": "string"}}})
    there = bodies(synthesized(made))
    team = made.teams["growth"]
    dev = team.environments["dev"]
    if where == "team":
        team = team.model_copy(update={"removed": True})
    else:
        gone = dev.model_copy(update={"removed": True})
        team = team.model_copy(update={"environments": {"dev": gone}})
    left = bodies(synthesized(made.model_copy(update={"teams": {"growth": team}})))
    assert left == {key: there[key] for key in left}
    assert {kind for kind, _ in left} == DATA
    assert left.keys() == {key for key in there if key[0] in DATA}


def test_of_a_project_that_is_removed_the_tables_stay(demo: Synthesized) -> None:
    """A project that is `removed` keeps its database; its roles, job definition and contract go."""
    left = bodies(synthesized(settings(projects=[{"name": "flights", "removed": True}])))
    assert left == {
        key: body for key, body in bodies(demo).items() if not key[1].startswith("project-flights/")
    }

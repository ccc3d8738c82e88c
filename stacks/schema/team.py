"""A team: its people and projects, and its environments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from stacks.schema.environment import Environment
from stacks.schema.foundation import Foundation
from stacks.schema.tables import FactTable
from stacks.schema.values import EnvironmentKey, Model, Name, Principal, Session, TableName, TeamName

DATA_ENGINEER = "data-engineer"
Role = Literal["data-scientist", "data-engineer"]


class User(Model):
    """A person of the team; without principals the team's are theirs."""

    name: Name
    role: Role
    principals: Sequence[Principal] = ()
    session: Session | None = None


class Pipeline(Model):
    """A CI pipeline that deploys a project: tokens of an issuer, for subjects (patterns)."""

    oidc: Name
    subjects: Annotated[Sequence[str], Field(min_length=1)]


class Project(Model):
    """A project of the team; without `deployers` every user deploys it."""

    name: Name
    deployers: Annotated[Sequence[str], Field(min_length=1)] | None = None
    ci: Sequence[Pipeline] = ()
    removed: bool = False


class Team(Model):
    """A team: its people and projects are in each of its environments."""

    users: Sequence[User] = Field(min_length=1)
    principals: Sequence[Principal] = ()
    projects: Sequence[Project] = ()
    facts: dict[TableName, FactTable] = Field(default_factory=dict)
    environments: dict[EnvironmentKey, Environment] = Field(min_length=1)
    removed: bool = False

    @field_validator("projects", mode="before")
    @classmethod
    def _named(cls, projects: Any) -> Any:
        """A project that is only a name may be written as one."""
        if not isinstance(projects, list):
            return projects
        return [{"name": project} if isinstance(project, str) else project for project in projects]


class Settings(Model):
    """Everything that ``environments.toml`` says."""

    foundation: Foundation = Foundation()
    teams: dict[TeamName, Team] = Field(min_length=1)

"""The shape of ``environments.toml``: teams, environments, users, projects, sizes, and their defaults."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from stepwell.contract import FARGATE_SIZES

# CloudWatch Logs, PutRetentionPolicy.
Retention = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
DATA_ENGINEER = "data-engineer"
Role = Literal["data-scientist", "data-engineer"]


def _matching(pattern: str, must_be: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"must be {must_be}")
        return value

    return AfterValidator(check)


TeamName = Annotated[
    str,
    _matching(
        r"[a-z][a-z0-9-]{0,19}",
        "1 to 20 lower-case letters, digits and hyphens, a letter first, such as 'growth'",
    ),
]
EnvironmentKey = Annotated[
    str,
    _matching(r"[a-z][a-z0-9]{0,11}", "1 to 12 lower-case letters and digits, a letter first, such as 'dev'"),
    _matching(r"(?!(user|project)$).*", "another name: 'user' and 'project' begin the names of namespaces"),
]
Name = Annotated[
    str,
    _matching(
        r"[a-z][a-z0-9_]{0,29}",
        "1 to 30 lower-case letters, digits and underscores, a letter first and no hyphen, such as 'ada_l'",
    ),
]
Principal = Annotated[
    str,
    _matching(
        r"arn:aws[a-z-]*:(iam|sts)::\d{12}:.+",
        "the ARN (* and ? allowed behind the account) of who may assume the role, such as "
        "'arn:aws:iam::123456789012:role/DataScience*'",
    ),
]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class User(_Model):
    """A person of the team."""

    name: Name
    role: Role
    principals: Sequence[Principal] = ()


class Project(_Model):
    """A project of the team; without `deployers` every user deploys it."""

    name: Name
    deployers: Annotated[Sequence[str], Field(min_length=1)] | None = None


class Compute(_Model):
    """Sizes of an environment's compute."""

    image: str = Field(min_length=1)
    max_vcpus: int = Field(default=16, ge=1, le=10_000)
    vcpu: float = 1
    memory: int = 4096

    @field_validator("vcpu")
    @classmethod
    def _is_a_size(cls, vcpu: float) -> float:
        if vcpu not in FARGATE_SIZES:
            raise ValueError(f"Fargate has tasks of {', '.join(f'{size:g}' for size in FARGATE_SIZES)} vCPUs")
        return vcpu


class Network(_Model):
    """Addresses of an environment's network."""

    cidr: str = "10.0.0.0/16"

    @field_validator("cidr")
    @classmethod
    def _is_a_block(cls, cidr: str) -> str:
        allowed = "must be a private IPv4 block of /16 to /24, such as '10.0.0.0/16'"
        try:
            block = IPv4Network(cidr)
        except ValueError as error:
            raise ValueError(f"{allowed}: {error}") from None
        if not (16 <= block.prefixlen <= 24 and block.is_private):
            raise ValueError(allowed)
        return cidr


class Datastore(_Model):
    """What happens to an environment's data."""

    noncurrent_days: int = Field(default=30, ge=1, le=3650)
    force_destroy: bool = False
    force_destroy_confirm: str | None = None


class Logs(_Model):
    """How long an environment's logs are kept."""

    retention_days: Retention = 30


class Environment(_Model):
    """One environment of a team: a stack of its own."""

    region: Annotated[str, _matching(r"[a-z]{2}(-[a-z]+)+-\d", "an AWS region such as 'us-east-1'")]
    account: Annotated[str, _matching(r"\d{12}", "the 12 digits of an AWS account")] | None = None
    compute: Compute
    network: Network = Network()
    datastore: Datastore = Datastore()
    logs: Logs = Logs()


class Team(_Model):
    """A team: its people and projects are in each of its environments."""

    users: Sequence[User] = Field(min_length=1)
    projects: Sequence[Project] = ()
    environments: dict[EnvironmentKey, Environment] = Field(min_length=1)

    @field_validator("projects", mode="before")
    @classmethod
    def _named(cls, projects: Any) -> Any:
        """A project that is only a name may be written as one."""
        if not isinstance(projects, list):
            return projects
        return [{"name": project} if isinstance(project, str) else project for project in projects]


class Settings(_Model):
    """Everything that ``environments.toml`` says."""

    teams: dict[TeamName, Team] = Field(min_length=1)

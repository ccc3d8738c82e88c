"""One environment of a team: sizes, data, logs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from stacks.schema.network import Network
from stacks.schema.values import Account, Model, Region, Retention, TwoKeys
from stepwell.contract import FARGATE_SIZES


class Compute(Model):
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


class Datastore(TwoKeys):
    """What happens to an environment's data."""

    noncurrent_days: int = Field(default=30, ge=1, le=3650)
    multipart_days: int = Field(default=7, ge=1, le=3650)
    temporary_days: int = Field(default=7, ge=1, le=3650)
    tiering_days: int = Field(default=30, ge=0, le=3650)


class Logs(Model):
    """How long an environment's logs are kept."""

    retention_days: Retention = 30


class Environment(Model):
    """One environment of a team: a stack of its own."""

    region: Region
    account: Account | None = None
    removed: bool = False
    encryption: Literal["kms", "aws"] = "kms"
    compute: Compute
    network: Network = Network()
    datastore: Datastore = Datastore()
    logs: Logs = Logs()

"""One environment of a team: what it is made of, its data, its logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from stacks.schema.compute import Compute
from stacks.schema.network import Network
from stacks.schema.values import Account, Email, Model, Region, Retention, TwoKeys


class Datastore(TwoKeys):
    """What happens to an environment's data."""

    noncurrent_days: int = Field(default=30, ge=1, le=3650)
    multipart_days: int = Field(default=7, ge=1, le=3650)
    temporary_days: int = Field(default=7, ge=1, le=3650)
    tiering_days: int = Field(default=30, ge=0, le=3650)


class Logs(Model):
    """How long an environment's logs are kept."""

    retention_days: Retention = 30


class Catalog(Model):
    """What tables and queries may cost, and who else has a say."""

    scan_limit_gib: int = Field(default=100, ge=1, le=1_000_000)
    optimize: bool = True
    snapshot_days: int = Field(default=90, ge=1, le=3650)
    lake_formation: bool = False


class Orchestration(Model):
    """How executions of state machines are watched."""

    tracing: bool = False


class Notifications(Model):
    """Who hears of what goes wrong."""

    emails: Sequence[Email] = ()


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
    catalog: Catalog = Catalog()
    orchestration: Orchestration = Orchestration()
    notifications: Notifications = Notifications()

"""One environment of a team: what it is made of, its data, its logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

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


class Budget(Model):
    """What a month may cost."""

    monthly_usd: int = Field(default=500, ge=0, le=100_000_000)
    alarms: Sequence[Annotated[int, Field(ge=1, le=1000)]] = (80, 100)


class Monitoring(Model):
    """What is looked at, and when it is an alarm."""

    dashboard: bool = True
    alarms: bool = True
    every_minutes: int = Field(default=5, ge=1, le=60)
    waiting_jobs: int = Field(default=100, ge=1, le=800)
    waiting_minutes: int = Field(default=60, ge=1, le=10_080)
    failed_runs: int = Field(default=5, ge=1, le=100_000)
    datastore_gib: int = Field(default=1024, ge=1, le=1_000_000_000)


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
    monitoring: Monitoring = Monitoring()
    budget: Budget = Budget()

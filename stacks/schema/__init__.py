"""The shape of ``environments.toml``, and the default of everything that it needn't say."""

from stacks.schema.compute import Compute, Queue
from stacks.schema.environment import (
    Budget,
    Catalog,
    Datastore,
    Environment,
    Logs,
    Monitoring,
    Notifications,
    Orchestration,
)
from stacks.schema.foundation import Foundation, Oidc
from stacks.schema.network import Network
from stacks.schema.tables import FactTable
from stacks.schema.team import DATA_ENGINEER, Pipeline, Project, Settings, Team, User

__all__ = [
    "DATA_ENGINEER",
    "Budget",
    "Catalog",
    "Compute",
    "Datastore",
    "Environment",
    "FactTable",
    "Foundation",
    "Logs",
    "Monitoring",
    "Network",
    "Notifications",
    "Oidc",
    "Orchestration",
    "Pipeline",
    "Project",
    "Queue",
    "Settings",
    "Team",
    "User",
]

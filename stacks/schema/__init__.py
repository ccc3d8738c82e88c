"""The shape of ``environments.toml``, and the default of everything that it needn't say."""

from stacks.schema.compute import Compute, Queue
from stacks.schema.environment import Datastore, Environment, Logs, Notifications, Orchestration
from stacks.schema.foundation import Foundation, Oidc
from stacks.schema.network import Network
from stacks.schema.team import DATA_ENGINEER, Pipeline, Project, Settings, Team, User

__all__ = [
    "DATA_ENGINEER",
    "Compute",
    "Datastore",
    "Environment",
    "Foundation",
    "Logs",
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

"""What a job definition says of its container. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from stepwell.contract import ALL_NODES

COMMAND = ["python", "-m", "stepwell.job"]
# What a job asks for that is submitted by hand; flows always say it themselves.
VCPUS, MEMORY = "1", "4096"
FREE_DISK_GIB = 20
"""What every task on Fargate has (Amazon ECS Developer Guide, "Fargate task ephemeral storage")."""


@dataclass(frozen=True, slots=True)
class Container:
    """A container of tasks.

    Attributes:
        image: the container image.
        platform: FARGATE or EC2.
        job_role, starter: ARNs of what it runs with, and of what it is started with.
        variables: its environment.
        log_group, region, stream: where its log goes; `stream` begins the names of streams.
        public_address: whether it has one of its own, on Fargate.
        disk_gib: its disk on Fargate.
    """

    image: str
    platform: str
    job_role: str
    starter: str
    variables: dict[str, str]
    log_group: str
    region: str
    stream: str
    public_address: bool
    disk_gib: int

    def to_json(self) -> str:
        """``containerProperties`` of a job definition."""
        return json.dumps(self._properties())

    def to_nodes_json(self) -> str:
        """``nodeProperties`` of one for multi-node jobs, whose nodes are alike; who submits says how many."""
        nodes = [{"targetNodes": ALL_NODES, "container": self._properties()}]
        return json.dumps({"numNodes": 1, "mainNode": 0, "nodeRangeProperties": nodes})

    def _properties(self) -> dict[str, Any]:
        properties: dict[str, Any] = {
            "image": self.image,
            "command": COMMAND,
            "jobRoleArn": self.job_role,
            "executionRoleArn": self.starter,
            "environment": [{"name": name, "value": value} for name, value in self.variables.items()],
            "resourceRequirements": [
                {"type": "VCPU", "value": VCPUS},
                {"type": "MEMORY", "value": MEMORY},
            ],
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": self.log_group,
                    "awslogs-region": self.region,
                    "awslogs-stream-prefix": self.stream,
                },
            },
        }
        return properties | (self._on_fargate() if self.platform == "FARGATE" else {})

    def _on_fargate(self) -> dict[str, Any]:
        # In public subnets only a task with an address of its own can pull its image.
        address = "ENABLED" if self.public_address else "DISABLED"
        disk = {"ephemeralStorage": {"sizeInGiB": self.disk_gib}} if self.disk_gib > FREE_DISK_GIB else {}
        return {"networkConfiguration": {"assignPublicIp": address}, **disk}

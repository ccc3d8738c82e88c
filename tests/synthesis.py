"""Synthesize stacks in tests, and find things in the Terraform JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from stacks.app import app
from stacks.checks import check
from stacks.places import FOUNDATION
from stacks.schema import Environment, Settings, Team

ACCOUNT = "123456789012"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/made"
"""The region's key, as the foundation has made it."""

Body = dict[str, Any]
FULL: Body = {
    "compute": {
        "image": "stepwell:latest",
        "images": {"torch": "torch:1"},
        "queues": {"fargate": {}, "big": {"type": "EC2"}, "gpu": {"type": "SPOT", "instance_types": ["g5"]}},
    },
    "orchestration": {"tracing": True},
    "facts": {
        "flights": {
            "columns": {"carrier": "string", "departure": "timestamp", "price": "decimal(10, 2)"},
            "required": ["carrier"],
            "partition": ["day(departure)", "carrier"],
            "comment": "One row for each flight",
        },
    },
    "catalog": {"lake_formation": True},
}
"""Changes with which an environment has a role of every kind, with every right that there is."""


def settings(**changes: Any) -> Settings:
    """The demo's team with `changes`: ``foundation``, what a team has, parts of its environment ``dev``.

    What a team and an environment both have is the environment's; ``team`` has changes of the team alone.
    """
    team: Body = {
        "users": [
            {"name": "ada", "role": "data-scientist"},
            {"name": "dana", "role": "data-engineer"},
        ],
        "projects": ["flights"],
    }
    environment: Body = {"region": "us-east-1", "compute": {"image": "stepwell:latest"}}
    document: Body = {"teams": {"growth": team}}
    for name, value in changes.items():
        if name == "foundation":
            document[name] = value
        elif name == "team":
            team.update(value)
        elif name in Team.model_fields and name not in Environment.model_fields:
            team[name] = value
        else:
            environment[name] = value
    team["environments"] = {"dev": environment}
    made = Settings.model_validate(document)
    assert check(made) == []
    return made


def stacks(made: Settings) -> dict[str, Synthesized]:
    """Every stack that these settings have, by name."""
    with TemporaryDirectory() as folder:
        app(made, folder).synth()
        paths = Path(folder).glob("stacks/*/cdk.tf.json")
        return {path.parent.name: Synthesized(json.loads(path.read_text())) for path in paths}


def synthesized(made: Settings) -> Synthesized:
    """The stack of the only environment."""
    (found,) = (one for name, one in stacks(made).items() if not name.startswith(FOUNDATION))
    return found


def foundation(made: Settings) -> Synthesized:
    """The only foundation."""
    (found,) = (one for name, one in stacks(made).items() if name.startswith(FOUNDATION))
    return found


class Synthesized:
    """A stack's Terraform JSON; resources are found by the path of their construct in the stack."""

    def __init__(self, document: Body) -> None:
        self.document = document

    @property
    def addresses(self) -> list[str]:
        """``<type> <path>`` of every resource, sorted."""
        return sorted(f"{kind} {path}" for kind, path, _ in self._resources())

    def all(self, kind: str) -> dict[str, Body]:
        """All resources of a type, by path."""
        return {path: body for found, path, body in self._resources() if found == kind}

    def one(self, kind: str, path: str | None = None) -> Body:
        """The resource of that type at `path`, or the only one there is."""
        found = self.all(kind)
        if path is not None:
            return found[path]
        (body,) = found.values()
        return body

    def statements(self, role: str) -> list[Body]:
        """The statements of the inline policy of the role at a path, with ARNs as AWS will see them."""
        return self.policy(self.one("aws_iam_role_policy", f"{role}/policy")["policy"])

    def policy(self, document: str) -> list[Body]:
        """The statements of a policy document, with ARNs as AWS will see them, in the order of their text."""
        statements: list[Body] = json.loads(self.resolved(document))["Statement"]
        ordered = [{"Resource": sorted(one["Resource"])} if "Resource" in one else {} for one in statements]
        return [{**one, **resources} for one, resources in zip(statements, ordered, strict=True)]

    def resolved(self, text: str) -> str:
        """`text` with the account, the partition, and the ARNs and names of the stack's resources."""
        found = re.sub(r"(?<!\$)\$\{([^}]*)\}", lambda match: self._value(match[1]), text)
        return found.replace("$${", "${")  # how Terraform writes what is not its own

    def _value(self, reference: str) -> str:
        kind, logical, attribute = reference.removeprefix("data.").split(".")
        if kind in ("aws_caller_identity", "aws_partition"):
            return {"account_id": ACCOUNT, "partition": "aws"}[attribute]
        if kind in ("aws_kms_alias", "aws_kms_key"):
            return KEY
        body = self.document["resource"][kind][logical]
        name = self.resolved(body.get("name") or body.get("bucket") or logical)
        if attribute in ("name", "bucket"):
            return name
        service, prefix = {
            "aws_batch_job_definition": ("batch:us-east-1", "job-definition/"),
            "aws_batch_job_queue": ("batch:us-east-1", "job-queue/"),
            "aws_cloudwatch_log_group": ("logs:us-east-1", "log-group:"),
            "aws_iam_policy": ("iam:", "policy/"),
            "aws_iam_role": ("iam:", "role/"),
            "aws_sns_topic": ("sns:us-east-1", ""),
        }[kind]
        return f"arn:aws:{service}:{ACCOUNT}:{prefix}{name}"

    def _resources(self) -> list[tuple[str, str, Body]]:
        return [
            (kind, body["//"]["metadata"]["path"].partition("/")[2], body)
            for kind, bodies in self.document["resource"].items()
            for body in bodies.values()
        ]

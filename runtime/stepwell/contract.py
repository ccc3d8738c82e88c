"""The environment contract: the one place where infrastructure and runtime meet.

Terraform writes two kinds of SSM parameter, the runtime reads them, and both do it with
the classes of this module. Nothing is copied by hand.

* ``/stepwell/TEAM/ENV/contract``: what the environment offers everybody (`Contract`).
* ``/stepwell/TEAM/ENV/namespaces/user/NAME`` and ``.../namespaces/project/NAME``: what one
  namespace may use (`NamespaceContract`). They stand apart, because a standard SSM parameter
  holds 4 KiB (AWS Systems Manager quotas), and because a new user must not touch what others read.

This module is pure: the standard library only, no client.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from stepwell.errors import ContractError, UsageError

CONTRACT_VERSION = 1
FACTS = "facts"
"""The logical database of the data engineers; every project's is called as the project."""
SHARED = "shared"
"""Whose secrets are that all of a team may read."""
NAMESPACE_TAG = "stepwell:namespace"
"""The tag of jobs and roles that says whose they are."""

# MiB of memory that a task of so many vCPUs may have (Amazon ECS Developer Guide, "Fargate task sizes").
FARGATE_SIZES: dict[float, Sequence[int]] = {
    0.25: (512, 1024, 2048),
    0.5: range(1024, 4096 + 1, 1024),
    1: range(2048, 8192 + 1, 1024),
    2: range(4096, 16384 + 1, 1024),
    4: range(8192, 30720 + 1, 1024),
    8: range(16384, 61440 + 1, 4096),
    16: range(32768, 122880 + 1, 8192),
}

_TEAM = re.compile(r"[a-z][a-z0-9-]{0,19}")
_ENVIRONMENT = re.compile(r"[a-z][a-z0-9]{0,11}")


def owner(namespace: str) -> str:
    """Who has a namespace, ``user/NAME`` or ``project/NAME``: a project has its branches too."""
    return "/".join(namespace.split("/")[:2])


@dataclass(frozen=True, slots=True)
class EnvironmentName:
    """A team and one of its environments, written ``TEAM-ENV``; an ENV has no hyphen."""

    team: str
    environment: str

    def __str__(self) -> str:
        return f"{self.team}-{self.environment}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse ``TEAM-ENV``.

        Raises:
            UsageError: `text` has another form.
        """
        team, dash, environment = text.rpartition("-")
        if not (dash and _TEAM.fullmatch(team) and _ENVIRONMENT.fullmatch(environment)):
            raise UsageError(
                f"STEPWELL_ENVIRONMENT: received {text!r}; it must be TEAM-ENV, such as "
                "'growth-dev' (lower-case letters, digits and hyphens); "
                "`cdktf list` shows the environments there are"
            )
        return cls(team, environment)

    @property
    def contract_parameter(self) -> str:
        """Name of the SSM parameter that holds the `Contract`."""
        return f"/stepwell/{self.team}/{self.environment}/contract"

    def namespace_parameter(self, namespace: str) -> str:
        """Name of the SSM parameter that holds the `NamespaceContract` of `namespace`.

        A project has one contract for production and all its branches.
        """
        return f"/stepwell/{self.team}/{self.environment}/namespaces/{owner(namespace)}"

    @property
    def event_source(self) -> str:
        """What events published in the environment say they come from: its roles can say nothing else."""
        return f"stepwell.{self}"

    def secret(self, whose: str, name: str) -> str:
        """Name in Secrets Manager of a secret of `whose`: a namespace's owner, or `SHARED`."""
        return f"stepwell/{self.team}/{self.environment}/{whose}/{name}"


@dataclass(frozen=True, slots=True)
class _Document:
    version: int

    def to_json(self) -> str:
        """The document as one line of JSON, keys sorted."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str, where: str) -> Self:
        """Read a document that `where` (an SSM parameter's name) holds.

        Raises:
            ContractError: not JSON, another version, or a field is missing or unknown.
        """
        try:
            document: dict[str, Any] = json.loads(text)
            version = document["version"]
        except (ValueError, KeyError, TypeError):
            raise ContractError(
                f"{where}: received {text[:60]!r}, which is no environment contract; "
                "deploy the environment again: cdktf deploy TEAM-ENV"
            ) from None
        if version != CONTRACT_VERSION:
            older = "environment" if isinstance(version, int) and version < CONTRACT_VERSION else "runtime"
            way_out = "cdktf deploy TEAM-ENV" if older == "environment" else "pip install --upgrade stepwell"
            raise ContractError(
                f"{where}: received contract version {version!r}, this runtime reads version "
                f"{CONTRACT_VERSION}; the {older} is the older of the two, renew it: {way_out}"
            )
        fields = {field.name for field in dataclasses.fields(cls)}
        odd = sorted(fields ^ document.keys())
        if odd:
            raise ContractError(
                f"{where}: contract version {version} with missing or unknown fields {odd}; "
                f"expected exactly {sorted(fields)}; deploy the environment again: cdktf deploy TEAM-ENV"
            )
        return cls(**document)


@dataclass(frozen=True, slots=True)
class Contract(_Document):
    """What an environment offers to every namespace in it.

    Attributes:
        team, environment, region: which environment, and the AWS region it stands in.
        bucket: name of the S3 datastore; its keys begin ``ns/`` and ``warehouse/``.
        job_queue: ARN of the Batch job queue that steps are sent to.
        log_group: ARN of the log group of Step Functions executions.
        job_log_group: name of the log group the containers of Batch jobs write to.
        database_prefix: what stands before ``facts`` or a project's name in the name of its
            Glue database; hyphens of a project's name are underscores there.
        state_machine_prefix: what the name of every state machine begins with.
        schedule_group: name of the group of EventBridge Scheduler that all schedules are in.
        dead_letter_queue: ARN of the queue of starts that failed.
    """

    team: str
    environment: str
    region: str
    bucket: str
    job_queue: str
    log_group: str
    job_log_group: str
    database_prefix: str
    state_machine_prefix: str
    schedule_group: str
    dead_letter_queue: str

    def states_arn(self, what: str) -> str:
        """The ARN of something of Step Functions, such as ``stateMachine:NAME``."""
        _, partition, _, region, account, _ = self.job_queue.split(":", 5)
        return f"arn:{partition}:states:{region}:{account}:{what}"

    def database(self, name: str) -> str:
        """The Glue database that the logical database `name` (``facts``, or a project) is."""
        return self.database_prefix + name.replace("-", "_")


@dataclass(frozen=True, slots=True)
class NamespaceContract(_Document):
    """What one namespace may use.

    Attributes:
        namespace: ``user/NAME`` or ``project/NAME``.
        role: ARN of the role its people (or its deployer) assume.
        job_definition: ARN of its Batch job definition, without a revision: jobs get the newest.
        execution_role: ARN of the role its state machines run under.
        scheduler_role: ARN of the role that schedules and events start its state machines with.
    """

    namespace: str
    role: str
    job_definition: str
    execution_role: str
    scheduler_role: str

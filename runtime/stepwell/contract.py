"""The environment contract: the one place where infrastructure and runtime meet.

Terraform writes two kinds of SSM parameter, the runtime reads them, and both do it with
the classes of this module. Nothing is copied by hand.

* ``/stepwell/TEAM-ENV/contract``: what the environment offers everybody (`Contract`).
* ``/stepwell/TEAM-ENV/namespaces/user/NAME`` and ``.../namespaces/project/NAME``: what one
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

CONTRACT_VERSION = 2
FACTS = "facts"
"""The logical database of the data engineers; every project's is called as the project."""
NAMESPACES = "ns/"
"""What the keys of all runs, artifacts and code begin with; the namespace follows."""
WAREHOUSE = "warehouse/"
"""What the keys of all tables begin with."""
TEMPORARY = "tmp/"
"""What the keys of all that is thrown away after days begin with; the namespace follows."""
SHARED = "shared"
"""Whose secrets are that all of a team may read."""
TEAM_TAG = "stepwell:team"
ENVIRONMENT_TAG = "stepwell:environment"
"""Its value is TEAM-ENV: cost reports and the permissions boundary tell environments apart by it."""
NAMESPACE_TAG = "stepwell:namespace"
"""The tag of jobs and roles that says whose they are."""
PROJECT_TAG = "stepwell:project"

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


def owner_tags(namespace: str) -> dict[str, str]:
    """The cost tags of what belongs to a namespace's owner; a project has a tag of its own."""
    kind, name = owner(namespace).split("/")
    return {NAMESPACE_TAG: owner(namespace)} | ({PROJECT_TAG: name} if kind == "project" else {})


def database_folder(name: str) -> str:
    """The folder of a logical database below `WAREHOUSE`, whose slash is an underscore in Glue's name.

    Projects have a folder and a prefix in common, so that a right on all of them names no single one.
    """
    return name if name == FACTS else f"project/{name}"


def parameters(environment: str) -> str:
    """Path of the SSM parameters of an environment TEAM-ENV."""
    return f"/stepwell/{environment}"


def secrets(environment: str) -> str:
    """What the names of the secrets of an environment TEAM-ENV begin with, a slash behind it."""
    return f"stepwell/{environment}"


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
        return f"{parameters(str(self))}/contract"

    def namespace_parameter(self, namespace: str) -> str:
        """Name of the SSM parameter that holds the `NamespaceContract` of `namespace`.

        A project has one contract for production and all its branches.
        """
        return f"{parameters(str(self))}/namespaces/{owner(namespace)}"

    def secret(self, whose: str, name: str) -> str:
        """Name in Secrets Manager of a secret of `whose`: a namespace's owner, or `SHARED`."""
        return f"{secrets(str(self))}/{whose}/{name}"


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
        database_prefix: what the name of every Glue database begins with; `database` has the whole.
        state_machine_prefix: what the name of every state machine begins with.
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

    def database(self, name: str) -> str:
        """The Glue database that the logical database `name` (``facts``, or a project) is."""
        return self.database_prefix + database_folder(name).replace("/", "_")

    def location(self, name: str) -> str:
        """Where the tables of the logical database `name` lie."""
        return f"s3://{self.bucket}/{WAREHOUSE}{database_folder(name)}"


@dataclass(frozen=True, slots=True)
class NamespaceContract(_Document):
    """What one namespace may use.

    Attributes:
        namespace: ``user/NAME`` or ``project/NAME``.
        role: ARN of the role its people (or its deployer) assume.
        job_definition: ARN of its Batch job definition, without a revision: jobs get the newest.
        execution_role: ARN of the role its state machines run under.
    """

    namespace: str
    role: str
    job_definition: str
    execution_role: str

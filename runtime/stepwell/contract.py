"""The environment contract: the one place where infrastructure and runtime meet.

Terraform writes two kinds of SSM parameter, the runtime reads them, and both do it with
the classes of this module. Nothing is copied by hand.

* ``/stepwell/TEAM-ENV/contract``: what the environment offers everybody (`Contract`).
* ``/stepwell/TEAM-ENV/namespaces/OWNER``, where an owner (`owner`) is ``user/NAME``, ``project/NAME``
  for production, or ``project/NAME/branch`` for all of a project's branches: what one
  namespace may use (`NamespaceContract`). They stand apart, because a standard SSM parameter
  holds 4 KiB (AWS Systems Manager quotas), and because a new user must not touch what others read.

This module is pure: the standard library only, no client.
"""

from __future__ import annotations

import dataclasses
import json
import re
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
TABLE_PROPERTIES = {
    "write.parquet.row-group-limit": str(1 << 17),
    "commit.retry.num-retries": "1000",
    "commit.retry.min-wait-ms": "20",
    "commit.retry.max-wait-ms": "500",
}
"""Of every new table. Row groups are what a filter leaves out and what shards are made of; pyiceberg's have
a million rows. A writer that loses a race tries again, for as long as it takes; pyiceberg doubles the wait
each time."""
DEPLOYMENTS = "deployments/"
"""What the keys of the records of deployments begin with; the namespace follows."""
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

_TEAM = re.compile(r"[a-z][a-z0-9-]{0,19}")
_ENVIRONMENT = re.compile(r"[a-z][a-z0-9]{0,11}")


def owner(namespace: str) -> str:
    """Who has a namespace: ``user/NAME``, ``project/NAME``, or ``project/NAME/branch`` for a branch.

    An owner is its own: it has roles and job definitions, so a branch can't do what production can.
    """
    parts = namespace.split("/")
    return "/".join(parts[: 3 if parts[2:3] == ["branch"] else 2])


def folders(of: str) -> tuple[str, ...]:
    """The namespaces of an owner as patterns, each with a slash behind it: ``project/NAME/prod/``."""
    kind, _, *branch = of.split("/")
    return (f"{of}/",) if kind == "user" or branch else (f"{of}/prod/", f"{of}/prod.*/")


def state_machines(of: str) -> list[str]:
    """Patterns of the names of an owner's state machines, behind the prefix: a namespace, then a flow."""
    return [f"{folder.removesuffix('/').replace('/', '-')}-*" for folder in folders(of)]


def owner_tags(namespace: str) -> dict[str, str]:
    """The cost tags of what belongs to a namespace's owner; a project has a tag of its own."""
    kind, name = owner(namespace).split("/")[:2]
    return {NAMESPACE_TAG: owner(namespace)} | ({PROJECT_TAG: name} if kind == "project" else {})


def share(namespace: str) -> str:
    """The share identifier of a namespace's owner, by which queues divide their machines fairly.

    Batch allows letters and digits alone; names have no capital letters, so these can stand for the rest.
    """
    return owner(namespace).replace("/", "S").replace("_", "U")


def database_folder(name: str) -> str:
    """The folder of a logical database below `WAREHOUSE`, whose slash is an underscore in Glue's name.

    Projects have a folder and a prefix in common, so that a right on all of them names no single one.
    """
    return name if name == FACTS else f"project/{name}"


def query_results(of: str) -> str:
    """What the keys of the results of an owner's queries in Athena begin with."""
    return f"{TEMPORARY}{of}/athena/"


def parameters(environment: str) -> str:
    """Path of the SSM parameters of an environment TEAM-ENV."""
    return f"/stepwell/{environment}"


def event_source(environment: str) -> str:
    """What events say they come from that are published in an environment TEAM-ENV."""
    return f"stepwell.{environment}"


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

        A project has one contract for production, and one for all its branches.
        """
        return f"{parameters(str(self))}/namespaces/{owner(namespace)}"

    @property
    def event_source(self) -> str:
        """What events published in the environment say they come from: its roles can say nothing else."""
        return event_source(str(self))

    def secret(self, whose: str, name: str) -> str:
        """Name in Secrets Manager of a secret of `whose`: a namespace's owner, or `SHARED`."""
        return f"{secrets(str(self))}/{whose}/{name}"


GANGS = "EC2"
"""The type of the queues that run multi-node jobs."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A job queue, and what it has for jobs.

    Attributes:
        name: what settings call it.
        arn: of the queue.
        type: what its machines are, as Batch names it: FARGATE, FARGATE_SPOT, EC2 or SPOT.
        max_vcpus: how many vCPUs run at once.
        instance_types: types or families of its instances; empty for Fargate.
    """

    name: str
    arn: str
    type: str
    max_vcpus: int
    instance_types: tuple[str, ...] = ()

    @property
    def platform(self) -> str:
        """What a job definition has to be made for: FARGATE or EC2."""
        return "FARGATE" if self.type.startswith("FARGATE") else "EC2"

    @property
    def has_gangs(self) -> bool:
        """Whether it runs multi-node jobs: Batch does on EC2 instances, those of Spot excepted."""
        return self.type == GANGS

    @classmethod
    def from_document(cls, document: Any) -> Self:
        """The queue that a decoded document describes."""
        return cls(**{**document, "instance_types": tuple(document["instance_types"])})


ALL_NODES = "0:"
"""The range of a multi-node job's nodes: open at its end, for submissions say how many there are."""
MULTINODE = "MULTINODE"
"""The kind of job definitions for multi-node jobs; that of all others is the platform of a queue."""


def job_definition(prefix: str, image: str, kind: str) -> str:
    """Name or ARN of a job definition, from what those of a namespace begin with."""
    return f"{prefix}-{image}-{kind.lower()}"


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
        try:
            return cls(**{name: cls._decoded(name, value) for name, value in document.items()})
        except (KeyError, TypeError, AttributeError):
            raise ContractError(
                f"{where}: contract version {version} with a field of another shape; "
                "deploy the environment again: cdktf deploy TEAM-ENV"
            ) from None

    @classmethod
    def _decoded(cls, name: str, value: Any) -> Any:
        """The value of a field, from what JSON has for it."""
        return value


@dataclass(frozen=True, slots=True)
class Contract(_Document):
    """What an environment offers to every namespace in it.

    Attributes:
        team, environment, region: which environment, and the AWS region it stands in.
        bucket: name of the S3 datastore; its keys begin ``ns/`` and ``warehouse/``.
        queues: the job queues; a step goes to the first that has a machine for it.
        images: names of the container images there are job definitions for; the first is the default.
        log_group: ARN of the log group of Step Functions executions.
        tracing: whether X-Ray traces them.
        dead_letter_queue: ARN of the SQS queue for starts that failed.
        job_log_group: name of the log group the containers of Batch jobs write to.
        database_prefix: what the name of every Glue database begins with; `database` has the whole.
        state_machine_prefix: what the name of every state machine begins with.
    """

    team: str
    environment: str
    region: str
    bucket: str
    queues: tuple[Queue, ...]
    images: tuple[str, ...]
    log_group: str
    tracing: bool
    dead_letter_queue: str
    job_log_group: str
    database_prefix: str
    state_machine_prefix: str

    def states_arn(self, what: str) -> str:
        """The ARN of something of Step Functions, such as ``stateMachine:NAME``."""
        _, partition, _, region, account, _ = self.queues[0].arn.split(":", 5)
        return f"arn:{partition}:states:{region}:{account}:{what}"

    @classmethod
    def _decoded(cls, name: str, value: Any) -> Any:
        match name:
            case "queues":
                return tuple(Queue.from_document(one) for one in value)
            case "images":
                return tuple(value)
            case _:
                return value

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
        namespace: its owner: ``user/NAME``, ``project/NAME`` or ``project/NAME/branch``.
        role: ARN of the role its people (or its deployer) assume.
        job_definitions: what the ARNs of its Batch job definitions begin with; `job_definition` has the
            whole, without a revision: jobs get the newest.
        execution_role: ARN of the role its state machines run under.
        scheduler_role: ARN of the role with which schedules and events start them.
        schedule_group: name of the group that its schedules are in.
        workgroup: name of the Athena workgroup of its queries.
    """

    namespace: str
    role: str
    job_definitions: str
    execution_role: str
    scheduler_role: str
    schedule_group: str
    workgroup: str

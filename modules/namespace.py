"""A namespace: roles of its people, tasks, state machines and schedules, and its job definitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modules.catalog import Catalog
from modules.cdk import Construct
from modules.compute import Compute
from modules.datastore import Datastore
from modules.encryption import Encryption
from modules.orchestration import Orchestration
from modules.parameters import Parameters
from modules.policy import Statement, trust_service
from modules.queries import Queries, QueriesProps
from modules.role import Role, RoleProps
from modules.site import Site
from modules.starting import Starting, StartingProps, grant_observe, publish
from modules.undelivered import Undelivered
from stepwell.contract import (
    CONTRACT_VERSION,
    DEPLOYMENTS,
    NAMESPACES,
    EnvironmentName,
    NamespaceContract,
    folders,
    owner_tags,
)


@dataclass(frozen=True, slots=True)
class Platform:
    """The constructs that namespaces draw on, and how much of tables a query of theirs may read."""

    site: Site
    encryption: Encryption
    parameters: Parameters
    datastore: Datastore
    catalog: Catalog
    compute: Compute
    undelivered: Undelivered
    orchestration: Orchestration
    scan_limit_gib: int = 100


@dataclass(frozen=True, slots=True)
class NamespaceProps:
    """What a namespace is.

    Attributes:
        platform: what it draws on.
        namespace: ``user/NAME``, ``project/NAME``, or ``project/NAME/branch`` for all its branches.
        trusted: statements of the trust policy of the role its people assume.
    """

    platform: Platform
    namespace: str
    trusted: Sequence[Statement]


class Namespace(Construct):
    """What users and projects have in common. Reading is shared by the team, writing never.

    Attributes:
        role: what its people assume: they read everything of the team, deploy and run its flows.
        job_role: what its tasks run with: its own objects, and all tables to read.
    """

    def __init__(self, scope: Construct, id: str, props: NamespaceProps) -> None:
        super().__init__(scope, id)
        self._props = props
        platform, namespace = props.platform, props.namespace
        names = platform.site.names
        self.role = self._role("role", names.namespace(namespace), f"People of {namespace}", props.trusted)
        self.job_role = self._role(
            "job-role",
            names.job_role(namespace),
            f"Tasks of {namespace}",
            [trust_service("ecs-tasks", platform.site.account)],
        )
        definitions = platform.compute.job_definitions(self, namespace=namespace, job_role=self.job_role)
        execution_role = platform.orchestration.execution_role(self, "execution-role", namespace=namespace)
        starting = Starting(self, "starting", StartingProps(platform.site, platform.undelivered, namespace))
        starting.grant_deploy(self.role)
        grant_observe(self.role, platform.site)
        queries = Queries(
            self,
            "queries",
            QueriesProps(
                platform.site,
                platform.datastore,
                platform.encryption,
                namespace,
                platform.scan_limit_gib,
            ),
        )
        for role in (self.role, self.job_role):
            platform.parameters.grant_read(role)
            platform.parameters.grant_read_secrets(role, namespace)
            platform.catalog.grant_read(role)
            queries.grant_query(role)
            role.grant(publish(platform.site))
        # Deployments are outside of the namespaces, which all of a team may read, for their tokens.
        deployments = [f"{DEPLOYMENTS}{folder}" for folder in folders(namespace)]
        platform.datastore.grant_read(self.role, NAMESPACES, *deployments)
        platform.datastore.grant_put(self.role, *(f"{folder}*" for folder in deployments))
        platform.compute.grant_observe(self.role)
        platform.orchestration.grant_observe(self.role)
        platform.orchestration.grant_deploy(self.role, namespace, execution_role)
        own = [f"{NAMESPACES}{folder}" for folder in folders(namespace)]
        platform.datastore.grant_read(self.job_role, *own)
        platform.datastore.grant_write(self.job_role, *own)
        platform.parameters.put(
            self,
            "contract",
            EnvironmentName.parse(names.environment).namespace_parameter(namespace),
            NamespaceContract(
                version=CONTRACT_VERSION,
                namespace=namespace,
                role=self.role.arn,
                job_definitions=definitions,
                execution_role=execution_role.arn,
                scheduler_role=starting.role.arn,
                schedule_group=starting.group,
                workgroup=queries.workgroup,
            ).to_json(),
            owner_tags(namespace),
        )

    def _role(self, id: str, name: str, description: str, trusted: Sequence[Statement]) -> Role:
        return Role(
            self,
            id,
            RoleProps(
                self._props.platform.site,
                name=name,
                description=description,
                trusted=trusted,
                tags=owner_tags(self._props.namespace),
            ),
        )

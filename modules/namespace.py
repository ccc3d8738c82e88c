"""A namespace: its people's role, its tasks' role, its state machines' role, its job definition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modules import aws
from modules.accepted import PARAMETER, accept
from modules.catalog import Catalog
from modules.cdk import Construct
from modules.compute import Compute
from modules.datastore import Datastore
from modules.orchestration import Orchestration
from modules.policy import Statement, trust
from modules.role import Role, RoleProps
from modules.site import Site
from modules.starting import Starting
from stepwell.contract import CONTRACT_VERSION, NAMESPACE_TAG, NamespaceContract


@dataclass(frozen=True, slots=True)
class Platform:
    """The constructs that namespaces draw on, and the ARN of their roles' permissions boundary."""

    site: Site
    boundary: str
    datastore: Datastore
    catalog: Catalog
    compute: Compute
    orchestration: Orchestration
    starting: Starting


@dataclass(frozen=True, slots=True)
class NamespaceProps:
    """What a namespace is.

    Attributes:
        platform: what it draws on.
        namespace: ``user/NAME`` or ``project/NAME``.
        trusted: statements of the trust policy of the role its people assume.
        databases: the databases that it writes tables of. Default: none.
    """

    platform: Platform
    namespace: str
    trusted: Sequence[Statement]
    databases: Sequence[str] = ()


class Namespace(Construct):
    """What users and projects have in common. Reading is shared by the team, writing never.

    Attributes:
        role: what its people assume: they read everything of the team, deploy and run its flows.
        job_role: what its tasks run with: its own objects, all tables, writing `databases`.
        job_definition: ARN of its job definition, without a revision.
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
            [
                trust(
                    {"Service": "ecs-tasks.amazonaws.com"},
                    {"StringEquals": {"aws:SourceAccount": platform.site.account}},
                )
            ],
        )
        self.job_definition = platform.compute.job_definition(
            self, "job-definition", namespace=namespace, job_role=self.job_role
        )
        execution_role = platform.orchestration.execution_role(
            self, "execution-role", namespace=namespace, job_definition=self.job_definition
        )
        for role in (self.role, self.job_role):
            platform.site.grant_read_contract(role)
            platform.site.grant_read_secrets(role, namespace)
            platform.catalog.grant_read(role)
            platform.starting.grant_publish(role)
            if props.databases:
                platform.catalog.grant_write(role, props.databases)
        # Deployments are outside of the namespaces, which all of a team may read, for their tokens.
        platform.datastore.grant_read(self.role, f"deployments/{namespace}/", "ns/")
        platform.compute.grant_observe(self.role)
        platform.orchestration.grant_observe(self.role)
        platform.orchestration.grant_deploy(self.role, namespace, execution_role)
        scheduler_role = platform.starting.role(self, "scheduler-role", namespace=namespace)
        platform.starting.grant_observe(self.role)
        platform.starting.grant_deploy(self.role, namespace, scheduler_role)
        platform.datastore.grant_put(self.role, f"deployments/{namespace}/*")
        platform.datastore.grant_read(self.job_role, f"ns/{namespace}/")
        platform.datastore.grant_write(self.job_role, f"ns/{namespace}/")
        parameter = aws.ssm_parameter.SsmParameter(
            self,
            "contract",
            name=names.environment.namespace_parameter(namespace),
            type="String",
            value=NamespaceContract(
                version=CONTRACT_VERSION,
                namespace=namespace,
                role=self.role.arn,
                job_definition=self.job_definition,
                execution_role=execution_role.arn,
                scheduler_role=scheduler_role.arn,
            ).to_json(),
        )
        accept(parameter, **PARAMETER)

    def _role(self, id: str, name: str, description: str, trusted: Sequence[Statement]) -> Role:
        return Role(
            self,
            id,
            RoleProps(
                name=name,
                description=description,
                trusted=trusted,
                boundary=self._props.platform.boundary,
                tags={NAMESPACE_TAG: self._props.namespace},
            ),
        )

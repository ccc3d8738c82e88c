"""The stack of one team environment: settings in, constructs wired to each other."""

from __future__ import annotations

import os
from pathlib import Path

from modules.aws import provider
from modules.boundary import Boundary, BoundaryProps
from modules.catalog import Catalog, CatalogProps
from modules.cdk import Construct, LocalBackend, TerraformOutput, TerraformStack
from modules.compute import Compute, ComputeProps
from modules.contract import ContractParameter, ContractProps
from modules.datastore import Datastore, DatastoreProps
from modules.names import Names
from modules.namespace import Platform
from modules.network import Network, NetworkProps
from modules.orchestration import Orchestration, OrchestrationProps
from modules.project import Project, ProjectProps
from modules.site import Site, SiteProps
from modules.starting import Starting, StartingProps
from modules.user import User, UserProps
from stacks.schema import DATA_ENGINEER, Environment, Team
from stepwell.contract import FACTS, EnvironmentName


class TeamEnvironment(TerraformStack):
    """What ``cdktf deploy TEAM-ENV`` deploys."""

    def __init__(self, scope: Construct, name: EnvironmentName, team: Team, environment: Environment) -> None:
        super().__init__(scope, str(name))
        self._state(name)
        provider(
            self,
            "aws",
            region=environment.region,
            account=environment.account,
            tags={"stepwell:team": name.team, "stepwell:environment": name.environment},
        )
        self._platform = self._capabilities(Names(name), team, environment)
        self._namespaces(team)
        ContractParameter(self, "contract", ContractProps(self._platform))
        TerraformOutput(self, "use", value=f"export STEPWELL_ENVIRONMENT={name}")

    def _state(self, name: EnvironmentName) -> None:
        """Keep Terraform's state in the folder STEPWELL_STATE_DIR, else where cdktf runs."""
        folder = os.environ.get("STEPWELL_STATE_DIR")
        if folder:
            LocalBackend(self, path=str(Path(folder).resolve() / f"terraform.{name}.tfstate"))

    def _capabilities(self, names: Names, team: Team, environment: Environment) -> Platform:
        site = Site(self, "site", SiteProps(names, environment.region))
        boundary = Boundary(self, "boundary", BoundaryProps(site)).arn
        network = Network(self, "network", NetworkProps(site, environment.network.cidr))
        datastore = Datastore(
            self,
            "datastore",
            DatastoreProps(
                site,
                noncurrent_days=environment.datastore.noncurrent_days,
                destroyable=environment.datastore.force_destroy,
            ),
        )
        sizes = environment.compute
        compute = Compute(
            self,
            "compute",
            ComputeProps(
                site,
                network,
                boundary,
                image=sizes.image,
                max_vcpus=sizes.max_vcpus,
                vcpu=sizes.vcpu,
                memory=sizes.memory,
                log_retention_days=environment.logs.retention_days,
            ),
        )
        orchestration = Orchestration(
            self,
            "orchestration",
            OrchestrationProps(
                site, boundary, datastore, compute, log_retention_days=environment.logs.retention_days
            ),
        )
        catalog = Catalog(
            self,
            "catalog",
            CatalogProps(
                site,
                datastore,
                projects=[project.name for project in team.projects],
                destroyable=environment.datastore.force_destroy,
            ),
        )
        starting = Starting(self, "starting", StartingProps(site, boundary))
        return Platform(site, boundary, datastore, catalog, compute, orchestration, starting)

    def _namespaces(self, team: Team) -> None:
        # Members of a project may write its tables from their own namespace, for now:
        # docs/decisions/0014-who-writes-a-projects-tables.md
        projects = [project.name for project in team.projects]
        users = {
            user.name: User(
                self,
                f"user-{user.name}",
                UserProps(
                    self._platform,
                    user.name,
                    databases=[FACTS, *projects] if user.role == DATA_ENGINEER else projects,
                    principals=user.principals,
                ),
            )
            for user in team.users
        }
        for project in team.projects:
            deployers = (
                users if project.deployers is None else {name: users[name] for name in project.deployers}
            )
            Project(self, f"project-{project.name}", ProjectProps(self._platform, project.name, deployers))

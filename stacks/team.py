"""The stack of one team environment: settings in, constructs wired to each other."""

from __future__ import annotations

from modules.aws import provider
from modules.budget import Budget, BudgetProps
from modules.catalog import Catalog, CatalogProps, Fact
from modules.cdk import Construct, TerraformOutput, TerraformStack
from modules.compute import Compute, ComputeProps, Pool
from modules.contract import ContractParameter, ContractProps
from modules.datastore import Datastore, DatastoreProps
from modules.encryption import Encryption, EncryptionProps
from modules.iceberg import Shape
from modules.lake import Lake, LakeProps
from modules.monitoring import Monitoring, MonitoringProps
from modules.names import Names
from modules.namespace import Platform
from modules.notifications import Notifications, NotificationsProps
from modules.orchestration import Orchestration, OrchestrationProps
from modules.parameters import Parameters, ParametersProps
from modules.project import Pipeline, Project, ProjectProps
from modules.site import Site, SiteProps
from modules.undelivered import Undelivered, UndeliveredProps
from modules.user import User, UserProps
from modules.watch import Watch, WatchProps
from stacks.issuers import issuers
from stacks.networks import network
from stacks.schema import DATA_ENGINEER, Environment, Queue, Settings, Team
from stacks.state import keep_state
from stepwell.contract import ENVIRONMENT_TAG, TEAM_TAG, EnvironmentName


class TeamEnvironment(TerraformStack):
    """What ``cdktf deploy TEAM-ENV`` deploys. Of one that is removed only the data stays."""

    def __init__(self, scope: Construct, name: EnvironmentName, settings: Settings) -> None:
        super().__init__(scope, str(name))
        team = settings.teams[name.team]
        environment = team.environments[name.environment]
        keep_state(self, str(name), environment.account, settings)
        tags = {TEAM_TAG: name.team, ENVIRONMENT_TAG: str(name)}
        provider(self, "aws", region=environment.region, account=environment.account, tags=tags)
        site = Site(self, "site", SiteProps(Names.of(name), environment.region, tags))
        encryption = Encryption(
            self, "encryption", EncryptionProps(site, customer_key=environment.encryption == "kms")
        )
        removed = team.removed or environment.removed
        datastore, catalog = self._data(site, encryption, team, environment, removed=removed)
        if not removed:
            platform = self._platform(site, encryption, environment, datastore, catalog)
            self._namespaces(platform, team, settings)
            ContractParameter(self, "contract", ContractProps(platform))
            TerraformOutput(self, "use", value=f"export STEPWELL_ENVIRONMENT={name}")
        site.finish()

    def _data(
        self,
        site: Site,
        encryption: Encryption,
        team: Team,
        environment: Environment,
        *,
        removed: bool,
    ) -> tuple[Datastore, Catalog]:
        data, chosen = environment.datastore, environment.catalog
        datastore = Datastore(
            self,
            "datastore",
            DatastoreProps(
                site,
                encryption,
                noncurrent_days=data.noncurrent_days,
                multipart_days=data.multipart_days,
                temporary_days=data.temporary_days,
                tiering_days=data.tiering_days,
                destroyable=data.force_destroy,
            ),
        )
        catalog = Catalog(
            self,
            "catalog",
            CatalogProps(
                site,
                datastore,
                projects=[project.name for project in team.projects],
                facts={
                    name: Fact(Shape(one.columns, one.required, one.partition), one.comment)
                    for name, one in team.facts.items()
                },
                optimize=chosen.optimize and not removed,
                snapshot_days=chosen.snapshot_days,
                lake=Lake(self, "lake", LakeProps(site, datastore))
                if chosen.lake_formation and not removed
                else None,
                destroyable=data.force_destroy,
            ),
        )
        return datastore, catalog

    def _platform(
        self,
        site: Site,
        encryption: Encryption,
        environment: Environment,
        datastore: Datastore,
        catalog: Catalog,
    ) -> Platform:
        parameters = Parameters(self, "parameters", ParametersProps(site))
        chosen, days = environment.compute, environment.logs.retention_days
        pools = {
            name: Pool(queue.type, queue.max_vcpus, _instance_types(queue))
            for name, queue in chosen.queues.items()
        }
        instances = any(pool.instance_types for pool in pools.values())
        compute = Compute(
            self,
            "compute",
            ComputeProps(
                site,
                network(self, site, environment.network, instances=instances),
                encryption,
                image=chosen.image,
                images=chosen.images,
                pools=pools,
                project_share=chosen.project_share,
                share_decay_minutes=chosen.share_decay_minutes,
                reclaims=chosen.reclaims,
                runnable_minutes=chosen.runnable_minutes,
                capacity_minutes=chosen.capacity_minutes,
                task_disk_gib=chosen.task_disk_gib,
                instance_disk_gib=chosen.instance_disk_gib,
                log_retention_days=days,
            ),
        )
        orchestration = Orchestration(
            self,
            "orchestration",
            OrchestrationProps(
                site,
                encryption,
                datastore,
                compute,
                tracing=environment.orchestration.tracing,
                log_retention_days=days,
            ),
        )
        undelivered = Undelivered(self, "undelivered", UndeliveredProps(site, encryption))
        platform = Platform(
            site,
            encryption,
            parameters,
            datastore,
            catalog,
            compute,
            undelivered,
            orchestration,
            environment.catalog.scan_limit_gib,
        )
        self._watched(platform, environment)
        return platform

    def _watched(self, platform: Platform, environment: Environment) -> None:
        site, watched, budget = platform.site, environment.monitoring, environment.budget
        notifications = Notifications(
            self,
            "notifications",
            NotificationsProps(
                site, platform.encryption, platform.undelivered, environment.notifications.emails
            ),
        )
        if watched.dashboard or watched.alarms:
            queues = platform.compute.queues
            Watch(
                self,
                "watch",
                WatchProps(site, platform.orchestration, queues, watched.every_minutes),
            )
            Monitoring(
                self,
                "monitoring",
                MonitoringProps(
                    site,
                    queues,
                    platform.datastore,
                    platform.undelivered,
                    notifications,
                    dashboard=watched.dashboard,
                    alarms=watched.alarms,
                    every_minutes=watched.every_minutes,
                    waiting_jobs=watched.waiting_jobs,
                    waiting_minutes=watched.waiting_minutes,
                    failed_runs=watched.failed_runs,
                    datastore_gib=watched.datastore_gib,
                ),
            )
        if budget.monthly_usd:
            Budget(self, "budget", BudgetProps(site, notifications, budget.monthly_usd, budget.alarms))

    def _namespaces(self, platform: Platform, team: Team, settings: Settings) -> None:
        users = {
            user.name: User(
                self,
                f"user-{user.name}",
                UserProps(
                    platform,
                    user.name,
                    writes_facts=user.role == DATA_ENGINEER,
                    principals=user.principals or team.principals,
                    session=user.session,
                ),
            )
            for user in team.users
        }
        known = issuers(settings)
        for project in team.projects:
            if project.removed:
                continue
            deployers = None if project.deployers is None else [users[name] for name in project.deployers]
            pipelines = [Pipeline(known[one.oidc], one.subjects) for one in project.ci]
            Project(
                self,
                f"project-{project.name}",
                ProjectProps(platform, project.name, deployers, pipelines),
            )


def _instance_types(queue: Queue) -> tuple[str, ...]:
    """What a queue's machines are: by default those of general use that every region has."""
    if queue.type.startswith("FARGATE"):
        return ()
    return tuple(queue.instance_types) or ("c5", "m5", "r5")

"""Compute: the job queues of an environment, shared fairly, and the job definitions sent to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modules import aws
from modules.accepted import LOGS, accept
from modules.cdk import Construct
from modules.container import Container
from modules.encryption import Encryption
from modules.instances import Instances, InstancesProps
from modules.network import Network
from modules.nodes import Nodes
from modules.policy import ANY, allow, trust_service
from modules.queue import Queue, QueueProps
from modules.role import Role, RoleProps
from modules.site import Site
from stepwell.contract import GANGS, MULTINODE, NAMESPACE_TAG, job_definition, owner_tags, share
from stepwell.contract import Queue as Offered

SUBMIT = ["batch:SubmitJob"]
STOP = ["batch:CancelJob", "batch:TerminateJob"]
TAG = ["batch:TagResource"]
OBSERVE = [
    "batch:DescribeComputeEnvironments",
    "batch:DescribeJobDefinitions",
    "batch:DescribeJobQueues",
    "batch:DescribeJobs",
    "batch:ListJobs",
]
READ_LOGS = ["logs:FilterLogEvents", "logs:GetLogEvents"]
WRITE_LOGS = ["logs:CreateLogStream", "logs:PutLogEvents"]
LOG_IN = ["ecr:GetAuthorizationToken"]
PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
DEFAULT_IMAGE = "default"
PRIORITY = 1
# Batch's reasons of a job whose machine was taken from it; all others end it.
RECLAIMED = ("Host EC2*", "Your Spot Task was interrupted*")


@dataclass(frozen=True, slots=True)
class Pool:
    """The machines of a queue: type, most vCPUs, types of instances for EC2 and SPOT."""

    type: str = "FARGATE"
    max_vcpus: int = 16
    instance_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ComputeProps:
    """What an environment's compute is.

    Attributes:
        site, network: where it stands.
        encryption: what its logs are encrypted with.
        image: the container image of tasks that name none: Python and stepwell are in it.
        images: further images, by name. Default: none.
        pools: the machines of each queue, by its name; the first one that fits gets a step. Default: one
            queue, ``fargate``.
        project_share: how many times the share of a user a project gets when machines are scarce. Default: 2.
        share_decay_minutes: how long a namespace's use of machines counts against it. Default: 60.
        reclaims: how often a task begins again whose machine was taken from it. Default: 3.
        runnable_minutes: how long a job that can never start may block its queue. Default: 60.
        capacity_minutes: how long a job waits for an instance that AWS has none of. Default: 1,440.
        task_disk_gib: disk of a task on Fargate, 20 at no cost. Default: 20.
        instance_disk_gib: disk of an instance. Default: 100.
        log_retention_days: how long the logs of tasks are kept. Default: 30.
    """

    site: Site
    network: Network
    encryption: Encryption
    image: str
    images: Mapping[str, str] = field(default_factory=dict)
    pools: Mapping[str, Pool] = field(default_factory=lambda: {"fargate": Pool()})
    project_share: float = 2
    share_decay_minutes: int = 60
    reclaims: int = 3
    runnable_minutes: int = 60
    capacity_minutes: int = 1440
    task_disk_gib: int = 20
    instance_disk_gib: int = 100
    log_retention_days: int = 30


class Compute(Construct):
    """Queues whose machines scale to nothing: nothing runs, and nothing is paid, without a job.

    Attributes:
        queues: what the contract says of them, in the order in which they are asked.
        images: names of the images, the default first.
    """

    def __init__(self, scope: Construct, id: str, props: ComputeProps) -> None:
        super().__init__(scope, id)
        self._props = props
        self._site = site = props.site
        self._logs = aws.cloudwatch_log_group.CloudwatchLogGroup(
            self,
            "logs",
            name=site.names.job_log_group,
            retention_in_days=props.log_retention_days,
            kms_key_id=props.encryption.key,
        )
        accept(self._logs, **LOGS)
        self._starter = self._starting_role()
        shares = self._shares()
        instances = None
        if any(pool.instance_types for pool in props.pools.values()):
            instances = Instances(self, "instances", InstancesProps(site, props.instance_disk_gib))
            self._grant_start(instances.role)
        nodes = None
        if any(pool.type == GANGS for pool in props.pools.values()):
            nodes = Nodes(self, "nodes", site, props.network.vpc).security_group
        self.queues: list[Offered] = [
            Queue(
                self,
                f"queue-{name}",
                QueueProps(
                    site,
                    props.network,
                    name,
                    shares,
                    pool.type,
                    pool.max_vcpus,
                    pool.instance_types,
                    instances if pool.instance_types else None,
                    nodes if pool.type == GANGS else None,
                    runnable_minutes=props.runnable_minutes,
                    capacity_minutes=props.capacity_minutes,
                ),
            ).contract
            for name, pool in props.pools.items()
        ]
        self._images = {DEFAULT_IMAGE: props.image, **props.images}
        self.images = list(self._images)

    def job_definitions(self, scope: Construct, *, namespace: str, job_role: Role) -> str:
        """Job definitions for the tasks of `namespace`, run with the rights of `job_role`.

        There is one for each image and platform, and where a queue runs them one for multi-node jobs: so
        nobody has to register any.

        Returns:
            What their ARNs begin with; image and kind follow.
        """
        site, props = self._site, self._props
        prefix = site.names.namespace(namespace)
        batch = aws.batch_job_definition
        kinds = {queue.platform: queue.platform for queue in self.queues}
        if any(queue.has_gangs for queue in self.queues):
            kinds[MULTINODE] = "EC2"
        for kind, platform in kinds.items():
            for name, image in self._images.items():
                container = Container(
                    image=image,
                    platform=platform,
                    job_role=job_role.arn,
                    starter=self._starter.arn,
                    variables={
                        "STEPWELL_ENVIRONMENT": site.names.environment,
                        "STEPWELL_NAMESPACE_OWNER": namespace,
                    },
                    log_group=self._logs.name,
                    region=site.region,
                    stream=namespace.replace("/", "-"),
                    public_address=props.network.public_addresses,
                    disk_gib=props.task_disk_gib,
                )
                what: Any = {"type": "container", "container_properties": container.to_json()}
                if kind == MULTINODE:
                    what = {"type": "multinode", "node_properties": container.to_nodes_json()}
                batch.BatchJobDefinition(
                    scope,
                    f"job-definition-{name}-{kind.lower()}",
                    **what,
                    name=job_definition(prefix, name, kind),
                    platform_capabilities=[platform],
                    retry_strategy=self._begin_again(),
                    # A queue that is shared fairly wants one; within a namespace the first come first.
                    scheduling_priority=PRIORITY,
                    propagate_tags=True,
                    tags=owner_tags(namespace),
                )
        return site.arn("batch", f"job-definition/{prefix}")

    def grant_submit(self, role: Role, namespace: str) -> None:
        """Submit jobs of the namespace's definitions to the queues, tag them as its own, and stop those."""
        names = self._site.names
        jobs = [self._site.arn("batch", "job/*")]  # ids of jobs say nothing; the tag does
        sent = [
            self._site.arn("batch", f"job-definition/{names.namespace(namespace)}-*"),
            self._site.arn("batch", f"job-queue/{names.prefix}-*"),
        ]
        tagged = {f"aws:RequestTag/{NAMESPACE_TAG}": namespace}
        # What Batch asks for, and of what, is in docs/decisions/0170-what-submitting-asks-for.md.
        role.grant(
            allow(
                SUBMIT,
                [*sent, *jobs],
                # A queue that is shared fairly refuses jobs that name no share.
                {"StringEqualsIfExists": {"batch:ShareIdentifier": share(namespace)}},
            ),
            allow(TAG, sent, {"StringEquals": tagged}),
            allow(
                TAG,
                jobs,
                # Never a job that has an owner, else anybody's could be claimed, then stopped.
                {"StringEquals": tagged, "Null": {f"aws:ResourceTag/{NAMESPACE_TAG}": "true"}},
            ),
            allow(STOP, jobs, {"StringEquals": {f"aws:ResourceTag/{NAMESPACE_TAG}": namespace}}),
        )

    def grant_observe(self, role: Role) -> None:
        """See the queues and all jobs, and read the logs of tasks."""
        role.grant(
            # Batch can't limit a description to a resource.
            allow(OBSERVE, [ANY]),
            allow(READ_LOGS, [f"{self._logs.arn}:*"]),
        )

    def _shares(self) -> str:
        """The policy by which namespaces share all queues."""
        batch = aws.batch_scheduling_policy
        weight = batch.BatchSchedulingPolicyFairSharePolicyShareDistribution(
            share_identifier=share("project/*"),
            weight_factor=round(1 / self._props.project_share, 4),
        )
        arn: str = batch.BatchSchedulingPolicy(
            self,
            "shares",
            name=self._site.names.prefix,
            fair_share_policy=batch.BatchSchedulingPolicyFairSharePolicy(
                share_decay_seconds=self._props.share_decay_minutes * 60, share_distribution=[weight]
            ),
        ).arn
        return arn

    def _begin_again(self) -> aws.batch_job_definition.BatchJobDefinitionRetryStrategy:
        """Only a task whose machine was taken from it: the flow's own retries are the state machine's."""
        batch = aws.batch_job_definition
        evaluate = batch.BatchJobDefinitionRetryStrategyEvaluateOnExit
        return batch.BatchJobDefinitionRetryStrategy(
            attempts=self._props.reclaims + 1,
            evaluate_on_exit=[
                *(evaluate(on_status_reason=reason, action="RETRY") for reason in RECLAIMED),
                evaluate(on_reason="*", action="EXIT"),
            ],
        )

    def _starting_role(self) -> Role:
        """The role that a container is started with: pulls its image, opens its log."""
        site = self._site
        role = Role(
            self,
            "starter",
            RoleProps(
                site,
                name=f"{site.names.prefix}-starter",
                description="Containers of tasks are started with it: images and logs",
                trusted=[trust_service("ecs-tasks", site.account)],
            ),
        )
        self._grant_start(role)
        return role

    def _grant_start(self, role: Role) -> None:
        role.grant(
            allow(WRITE_LOGS, [f"{self._logs.arn}:*"]),
            # ECR can't limit this to a resource.
            allow(LOG_IN, [ANY]),
            # The image that settings name may be kept in any account.
            allow(PULL, [f"arn:{self._site.partition}:ecr:*:*:repository/*"]),
        )

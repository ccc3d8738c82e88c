"""Compute: a Batch queue on Fargate that scales to nothing, and the job definitions sent to it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from modules import aws
from modules.cdk import Construct, TerraformResourceLifecycle
from modules.encryption import Encryption
from modules.network import Network
from modules.policy import ANY, allow, trust_service
from modules.role import Role, RoleProps
from modules.site import Site
from stepwell.contract import NAMESPACE_TAG, owner_tags

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
COMMAND = ["python", "-m", "stepwell.job"]


@dataclass(frozen=True, slots=True)
class ComputeProps:
    """What an environment's compute is.

    Attributes:
        site, network: where it stands.
        encryption: what its logs are encrypted with.
        image: the container image of tasks: Python and stepwell are in it.
        max_vcpus: how many vCPUs may run at once. Default: 16.
        vcpu, memory: of a task that doesn't say: vCPUs and MiB. Default: 1 and 4,096.
        log_retention_days: how long the logs of tasks are kept. Default: 30.
        runnable_minutes: how long a job that can never start may block the queue. Default: 60.
    """

    site: Site
    network: Network
    encryption: Encryption
    image: str
    max_vcpus: int = 16
    vcpu: float = 1
    memory: int = 4096
    log_retention_days: int = 30
    runnable_minutes: int = 60


class Compute(Construct):
    """A managed compute environment of Fargate: nothing runs, and nothing is paid, without a job.

    Attributes:
        queue: ARN of the job queue.
    """

    def __init__(self, scope: Construct, id: str, props: ComputeProps) -> None:
        super().__init__(scope, id)
        self._props = props
        self._site = props.site
        prefix = props.site.names.prefix
        self._logs = aws.cloudwatch_log_group.CloudwatchLogGroup(
            self,
            "logs",
            name=props.site.names.job_log_group,
            retention_in_days=props.log_retention_days,
            kms_key_id=props.encryption.key,
        )
        self._starter = self._starting_role()
        batch = aws.batch_compute_environment
        environment = batch.BatchComputeEnvironment(
            self,
            "fargate",
            # Replaced, not changed: with a prefix the new one is there before the queue lets go of the old.
            compute_environment_name_prefix=f"{prefix}-",
            type="MANAGED",
            compute_resources=batch.BatchComputeEnvironmentComputeResources(
                type="FARGATE",
                max_vcpus=props.max_vcpus,
                subnets=list(props.network.subnets),
                security_group_ids=[props.network.security_group],
            ),
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        queue = aws.batch_job_queue
        self.queue: str = queue.BatchJobQueue(
            self,
            "queue",
            name=prefix,
            state="ENABLED",
            priority=1,
            compute_environment_order=[
                queue.BatchJobQueueComputeEnvironmentOrder(order=1, compute_environment=environment.arn)
            ],
            job_state_time_limit_action=[
                queue.BatchJobQueueJobStateTimeLimitAction(
                    state="RUNNABLE",
                    reason=reason,
                    action="CANCEL",
                    max_time_seconds=props.runnable_minutes * 60,
                )
                # Batch's status reasons of a job that no waiting helps.
                for reason in (
                    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
                    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
                )
            ],
        ).arn

    def job_definition(self, scope: Construct, id: str, *, namespace: str, job_role: Role) -> str:
        """A job definition for the tasks of `namespace`, run with the rights of `job_role`.

        Returns:
            Its ARN without a revision: whoever submits to it gets the newest.
        """
        props = self._props
        container = {
            "image": props.image,
            "command": COMMAND,
            "jobRoleArn": job_role.arn,
            "executionRoleArn": self._starter.arn,
            "environment": [
                {"name": "STEPWELL_ENVIRONMENT", "value": self._site.names.environment},
                {"name": "STEPWELL_NAMESPACE_OWNER", "value": namespace},
            ],
            "resourceRequirements": [
                {"type": "VCPU", "value": f"{props.vcpu:g}"},
                {"type": "MEMORY", "value": str(props.memory)},
            ],
            # In public subnets only a task with an address of its own can pull its image.
            "networkConfiguration": {
                "assignPublicIp": "ENABLED" if props.network.public_addresses else "DISABLED"
            },
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": self._logs.name,
                    "awslogs-region": self._site.region,
                    "awslogs-stream-prefix": namespace.replace("/", "-"),
                },
            },
        }
        definition = aws.batch_job_definition.BatchJobDefinition(
            scope,
            id,
            name=self._site.names.namespace(namespace),
            type="container",
            platform_capabilities=["FARGATE"],
            container_properties=json.dumps(container),
            propagate_tags=True,
            tags=owner_tags(namespace),
        )
        arn: str = definition.arn_prefix
        return arn

    def grant_submit(self, role: Role, job_definition: str, namespace: str) -> None:
        """Submit jobs of the definition to the queue, tag them as the namespace's, and stop those."""
        jobs = [self._site.arn("batch", "job/*")]  # ids of jobs say nothing; the tag does
        own = {NAMESPACE_TAG: namespace}
        role.grant(
            # With and without a revision: which one Batch checks depends on how the job names it.
            allow(SUBMIT, [job_definition, f"{job_definition}:*", self.queue]),
            allow(
                TAG,
                jobs,
                {
                    "StringEquals": {f"aws:RequestTag/{key}": value for key, value in own.items()},
                    # Never a job that has an owner, else anybody's could be claimed, then stopped.
                    "Null": {f"aws:ResourceTag/{NAMESPACE_TAG}": "true"},
                },
            ),
            allow(
                STOP,
                jobs,
                {"StringEquals": {f"aws:ResourceTag/{key}": value for key, value in own.items()}},
            ),
        )

    def grant_observe(self, role: Role) -> None:
        """See the queue and all jobs, and read the logs of tasks."""
        role.grant(
            # Batch can't limit a description to a resource.
            allow(OBSERVE, [ANY]),
            allow(READ_LOGS, [f"{self._logs.arn}:*"]),
        )

    def _starting_role(self) -> Role:
        """The role Fargate starts a container with: pulls its image, opens its log."""
        site = self._site
        role = Role(
            self,
            "starter",
            RoleProps(
                site,
                name=f"{site.names.prefix}-starter",
                description="Fargate pulls images and writes logs with it",
                trusted=[trust_service("ecs-tasks", site.account)],
            ),
        )
        role.grant(
            allow(WRITE_LOGS, [f"{self._logs.arn}:*"]),
            # ECR can't limit this to a resource.
            allow(LOG_IN, [ANY]),
            # The image that settings name may be kept in any account.
            allow(PULL, [f"arn:{site.partition}:ecr:*:*:repository/*"]),
        )
        return role

"""A job queue of Batch, and the machines behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from modules import aws
from modules.cdk import Construct, TerraformResourceLifecycle, Token
from modules.instances import Instances
from modules.network import Network
from modules.site import Site
from stepwell.contract import Queue as Offered
from stepwell.machines import machines

# Batch's status reasons of a job at the head of a queue that no waiting helps, and of one that may be helped.
HOPELESS = ("MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE", "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT")
CROWDED = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"
STRATEGIES = {"EC2": "BEST_FIT_PROGRESSIVE", "SPOT": "SPOT_PRICE_CAPACITY_OPTIMIZED"}


@dataclass(frozen=True, slots=True)
class QueueProps:
    """What a queue is.

    Attributes:
        site, network: where its machines run.
        name: of the queue in the environment.
        shares: ARN of the scheduling policy by which namespaces share it.
        type: FARGATE, FARGATE_SPOT, EC2 or SPOT.
        max_vcpus: how many vCPUs may run at once; there is no least number.
        instance_types: types or families, for EC2 and SPOT.
        instances: what instances start from, for EC2 and SPOT.
        nodes: security group by which nodes of a job reach each other, for EC2.
        runnable_minutes: how long a job that can never start may block the queue. Default: 60.
        capacity_minutes: how long a job waits for an instance that AWS has none of. Default: 1,440.
    """

    site: Site
    network: Network
    name: str
    shares: str
    type: str
    max_vcpus: int
    instance_types: Sequence[str] = ()
    instances: Instances | None = None
    nodes: str | None = None
    runnable_minutes: int = 60
    capacity_minutes: int = 1440


class Queue(Construct):
    """A managed compute environment that scales to nothing, and its queue.

    Attributes:
        contract: what the environment's contract says of it.
    """

    def __init__(self, scope: Construct, id: str, props: QueueProps) -> None:
        super().__init__(scope, id)
        name = f"{props.site.names.prefix}-{props.name}"
        batch = aws.batch_compute_environment
        machines = batch.BatchComputeEnvironment(
            self,
            "machines",
            # Replaced, not changed: with a prefix the new one is there before the queue lets go of the old.
            compute_environment_name_prefix=f"{name}-",
            type="MANAGED",
            compute_resources=_machines(props),
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        queue = aws.batch_job_queue
        made = queue.BatchJobQueue(
            self,
            "queue",
            name=name,
            state="ENABLED",
            priority=1,
            scheduling_policy_arn=props.shares,
            compute_environment_order=[
                queue.BatchJobQueueComputeEnvironmentOrder(order=1, compute_environment=machines.arn)
            ],
            job_state_time_limit_action=[
                queue.BatchJobQueueJobStateTimeLimitAction(
                    state="RUNNABLE", reason=reason, action="CANCEL", max_time_seconds=minutes * 60
                )
                for reason, minutes in _limits(props).items()
            ],
        )
        self.contract = Offered(
            props.name, made.arn, props.type, props.max_vcpus, tuple(props.instance_types)
        )


def _limits(props: QueueProps) -> dict[str, int]:
    """After how many minutes a job is cancelled, by the reason why it does not start."""
    limits = dict.fromkeys(HOPELESS, props.runnable_minutes)
    return limits | ({CROWDED: props.capacity_minutes} if props.instances else {})


def _machines(
    props: QueueProps,
) -> aws.batch_compute_environment.BatchComputeEnvironmentComputeResources:
    batch = aws.batch_compute_environment
    everywhere: Any = {
        "type": props.type,
        "max_vcpus": props.max_vcpus,
        "subnets": list(props.network.subnets),
        "security_group_ids": [props.network.security_group, *([props.nodes] if props.nodes else [])],
    }
    if props.instances is None:
        return batch.BatchComputeEnvironmentComputeResources(**everywhere)
    gpus = any(machine.gpus for machine in machines(props.instance_types))
    return batch.BatchComputeEnvironmentComputeResources(
        **everywhere,
        min_vcpus=0,
        allocation_strategy=STRATEGIES[props.type],
        instance_role=props.instances.profile,
        instance_type=list(props.instance_types),
        ec2_configuration=[
            batch.BatchComputeEnvironmentComputeResourcesEc2Configuration(
                image_type="ECS_AL2023_NVIDIA" if gpus else "ECS_AL2023"
            )
        ],
        launch_template=batch.BatchComputeEnvironmentComputeResourcesLaunchTemplate(
            launch_template_id=props.instances.template, version=Token.as_string(props.instances.version)
        ),
        tags=props.site.tags,
    )

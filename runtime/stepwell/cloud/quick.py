"""An environment on the local cloud in a second, made of the contract alone: for tests of flows.

It is no substitute for the stacks. What flows need is there: a bucket, a Batch queue, a job
definition for each namespace, databases, log groups, and the contract that names them. What the
stacks exist for is not: no roles of users or projects and no permissions boundary (everybody may do
everything), no encryption, network, lifecycle, alarms or tags. To test those, deploy with cdktf.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial
from typing import Any

from stepwell.cloud.control import REGION, CloudInfo, environment
from stepwell.contract import (
    ALL_NODES,
    CONTRACT_VERSION,
    FACTS,
    MULTINODE,
    Contract,
    EnvironmentName,
    NamespaceContract,
    Queue,
    job_definition,
)

VCPUS = 256
INSTANCES = "m5.large"
_IMAGE = "local"  # jobs of the local cloud are processes: no image is looked for


def make(
    cloud: CloudInfo, name: EnvironmentName, *, users: Iterable[str] = (), projects: Iterable[str] = ()
) -> dict[str, str]:
    """Make an environment with namespaces for users and projects; a local cloud has it as long as it runs.

    Returns:
        The variables that point a process at it: those of the cloud, and STEPWELL_ENVIRONMENT.
    """
    import boto3

    variables = environment(cloud)
    client: Any = partial(
        boto3.Session(variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"]).client,
        region_name=REGION,
        endpoint_url=cloud.url,
    )
    prefix, projects = f"stepwell-{name}", list(projects)
    role = _role(client, prefix)
    contract = Contract(
        version=CONTRACT_VERSION,
        team=name.team,
        environment=name.environment,
        region=REGION,
        bucket=prefix,
        queues=_queues(client, prefix, role),
        images=("default",),
        tracing=False,
        dead_letter_queue=_queue_of_messages(client, f"{prefix}-undelivered"),
        log_group=_log_group(client, f"/aws/vendedlogs/states/{prefix}"),
        job_log_group=f"/stepwell/{name}/jobs",
        database_prefix=prefix.replace("-", "_") + "_",
        state_machine_prefix=prefix + "-",
    )
    _log_group(client, contract.job_log_group)
    client("s3").create_bucket(Bucket=contract.bucket)
    for database in (FACTS, *projects):
        client("glue").create_database(DatabaseInput={"Name": contract.database(database)})
    parameters = {name.contract_parameter: contract.to_json()}
    for namespace in (
        *(f"user/{user}" for user in users),
        *(f"project/{one}{kind}" for one in projects for kind in ("", "/branch")),
    ):
        definitions = _job_definitions(client, contract, name, namespace, role)
        parameters[name.namespace_parameter(namespace)] = NamespaceContract(
            CONTRACT_VERSION,
            namespace,
            role,
            definitions,
            execution_role=role,
            scheduler_role=role,
            schedule_group=_schedule_group(client, f"{prefix}-{namespace.replace('/', '-')}"),
            workgroup="primary",
        ).to_json()
    for parameter, value in parameters.items():
        client("ssm").put_parameter(Name=parameter, Value=value, Type="String")
    return {**variables, "STEPWELL_ENVIRONMENT": str(name)}


def _role(client: Any, prefix: str) -> str:
    """The one role of everything."""
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    arn: str = client("iam").create_role(RoleName=prefix, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    return arn


def _queues(client: Any, prefix: str, role: str) -> tuple[Queue, ...]:
    """One that all steps go to, and one for gangs, which Fargate has not."""
    shares = client("batch").create_scheduling_policy(
        name=prefix, fairsharePolicy={"shareDecaySeconds": 3600}
    )["arn"]
    profile = client("iam").create_instance_profile(InstanceProfileName=prefix)["InstanceProfile"]["Arn"]
    instances = {"minvCpus": 0, "instanceRole": profile, "instanceTypes": [INSTANCES]}
    return (
        Queue("fargate", _queue(client, f"{prefix}-fargate", role, shares, type="FARGATE"), "FARGATE", VCPUS),
        Queue(
            "ec2", _queue(client, f"{prefix}-ec2", role, shares, type="EC2", **instances), "EC2", VCPUS,
            (INSTANCES,),
        ),
    )  # fmt: skip


def _queue(client: Any, name: str, role: str, shares: str, **machines: Any) -> str:
    subnet = client("ec2").describe_subnets()["Subnets"][0]
    groups = client("ec2").describe_security_groups()["SecurityGroups"]
    resources = {
        **machines,
        "maxvCpus": VCPUS,
        "subnets": [subnet["SubnetId"]],
        "securityGroupIds": [group["GroupId"] for group in groups if group["VpcId"] == subnet["VpcId"]],
    }
    batch = client("batch")
    made = batch.create_compute_environment(
        computeEnvironmentName=name, type="MANAGED", serviceRole=role, computeResources=resources
    )
    order = [{"order": 1, "computeEnvironment": made["computeEnvironmentArn"]}]
    arn: str = batch.create_job_queue(
        jobQueueName=name,
        state="ENABLED",
        priority=1,
        schedulingPolicyArn=shares,
        computeEnvironmentOrder=order,
    )["jobQueueArn"]
    return arn


def _log_group(client: Any, name: str) -> str:
    client("logs").create_log_group(logGroupName=name)
    (group,) = client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    arn: str = group["arn"]
    return arn


def _schedule_group(client: Any, name: str) -> str:
    client("scheduler").create_schedule_group(Name=name)
    return name


def _queue_of_messages(client: Any, name: str) -> str:
    url = client("sqs").create_queue(QueueName=name)["QueueUrl"]
    found = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    arn: str = found["QueueArn"]
    return arn


def _job_definitions(
    client: Any, contract: Contract, name: EnvironmentName, namespace: str, role: str
) -> str:
    """Those of the one image, as `modules.compute` makes them; returns what their ARNs begin with."""
    variables = {"STEPWELL_ENVIRONMENT": str(name), "STEPWELL_NAMESPACE_OWNER": namespace}
    prefix, image = f"stepwell-{name}-{namespace.replace('/', '-')}", contract.images[0]
    container = {
        "image": _IMAGE,
        "command": ["python", "-m", "stepwell.job"],
        "jobRoleArn": role,
        "executionRoleArn": role,
        "environment": [{"name": key, "value": value} for key, value in variables.items()],
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "4096"}],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {"awslogs-group": contract.job_log_group, "awslogs-region": REGION},
        },
    }
    nodes = [{"targetNodes": ALL_NODES, "container": container}]
    multinode = {"numNodes": 1, "mainNode": 0, "nodeRangeProperties": nodes}
    kinds: dict[str, dict[str, Any]] = {
        "FARGATE": {"type": "container", "containerProperties": container},
        "EC2": {"type": "container", "containerProperties": container},
        MULTINODE: {"type": "multinode", "nodeProperties": multinode},
    }
    arn = ""
    for kind, properties in kinds.items():
        arn = client("batch").register_job_definition(
            jobDefinitionName=job_definition(prefix, image, kind),
            platformCapabilities=["FARGATE" if kind == "FARGATE" else "EC2"],
            schedulingPriority=1,
            **properties,
        )["jobDefinitionArn"]
    return arn.rpartition("/")[0] + f"/{prefix}"

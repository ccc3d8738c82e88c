"""A caller of a local cloud, and what most tests set up in one."""

from __future__ import annotations

import functools
import json
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.config import Config

T = TypeVar("T")
SUBMIT = "arn:aws:states:::batch:submitJob.sync"


class Aws:
    """Clients of one endpoint, and names that no other test has."""

    def __init__(self, url: str, without: Sequence[str] = ()) -> None:
        self.url = url
        self.without = without
        """Names of the patches that the cloud lacks."""

    @functools.cache  # noqa: B019 - it lives as long as the test
    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=40),
        )

    def name(self, prefix: str = "x") -> str:
        return f"{prefix}-{uuid.uuid4().hex[:12]}"

    def bucket(self) -> str:
        name = self.name("bucket")
        self.client("s3").create_bucket(Bucket=name)
        return name

    def compute_environment(self, kind: str = "FARGATE", **given: Any) -> str:
        name = self.name("ce")
        ec2 = self.client("ec2")  # moto gives every account a default network
        resources = {
            "type": kind,
            "maxvCpus": 4,
            "subnets": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]],
            "securityGroupIds": [ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]],
        }
        if kind == "EC2":
            profile = self.client("iam").create_instance_profile(InstanceProfileName=self.name("profile"))
            resources |= {
                "minvCpus": 0, "instanceTypes": ["m5.large"],
                "instanceRole": profile["InstanceProfile"]["Arn"],
            }  # fmt: skip
        if "serviceRole" not in given:
            given["serviceRole"] = self.role("batch.amazonaws.com")
        elif given["serviceRole"] is None:
            del given["serviceRole"]
        answer = self.client("batch").create_compute_environment(
            computeEnvironmentName=name, type="MANAGED", state="ENABLED", computeResources=resources, **given
        )
        return str(answer["computeEnvironmentArn"])

    def role(self, service: str) -> str:
        trust = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
        }
        answer = self.client("iam").create_role(
            RoleName=self.name("role"), AssumeRolePolicyDocument=json.dumps(trust)
        )
        return str(answer["Role"]["Arn"])

    @functools.cached_property
    def queue(self) -> str:
        return self._queue("FARGATE")

    @functools.cached_property
    def ec2_queue(self) -> str:
        """A queue whose machines are instances, which run multi-node jobs."""
        return self._queue("EC2")

    def _queue(self, kind: str) -> str:
        answer = self.client("batch").create_job_queue(
            jobQueueName=self.name("queue"),
            state="ENABLED",
            priority=1,
            computeEnvironmentOrder=[{"order": 1, "computeEnvironment": self.compute_environment(kind)}],
        )
        return str(answer["jobQueueArn"])

    @functools.cached_property
    def fair_queue(self) -> str:
        """A queue with a fair-share policy."""
        batch = self.client("batch")
        policy = batch.create_scheduling_policy(name=self.name("shares"), fairsharePolicy={})["arn"]
        answer = batch.create_job_queue(
            jobQueueName=self.name("fair"),
            state="ENABLED",
            priority=1,
            schedulingPolicyArn=policy,
            computeEnvironmentOrder=[{"order": 1, "computeEnvironment": self.compute_environment()}],
        )
        return str(answer["jobQueueArn"])

    def definition(self, *command: str, container: dict[str, Any] | None = None, **given: Any) -> str:
        answer = self.client("batch").register_job_definition(
            jobDefinitionName=self.name("job"),
            type="container",
            containerProperties={
                "image": "python:3.12",
                "command": list(command),
                "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}],
                **(container or {}),
            },
            **given,
        )
        return str(answer["jobDefinitionArn"])

    def submit(self, definition: str, name: str = "job", queue: str | None = None, **given: Any) -> str:
        answer = self.client("batch").submit_job(
            jobName=name, jobQueue=queue or self.queue, jobDefinition=definition, **given
        )
        return str(answer["jobId"])

    def job(self, job_id: str) -> dict[str, Any]:
        return dict(self.client("batch").describe_jobs(jobs=[job_id])["jobs"][0])

    def ended_job(self, job_id: str, seconds: float = 20) -> dict[str, Any]:
        return until(lambda: self.job(job_id), lambda j: j["status"] in ("SUCCEEDED", "FAILED"), seconds)

    def log_lines(self, job: dict[str, Any], group: str = "/aws/batch/job") -> list[str]:
        events = self.client("logs").get_log_events(
            logGroupName=group, logStreamName=job["container"]["logStreamName"], startFromHead=True
        )["events"]
        return [event["message"] for event in events]

    def state_machine(self, definition: dict[str, Any], **given: Any) -> str:
        answer = self.client("stepfunctions").create_state_machine(
            name=self.name("machine"),
            definition=json.dumps(definition),
            roleArn=self.role("states.amazonaws.com"),
            **given,
        )
        return str(answer["stateMachineArn"])

    def execute(self, definition: dict[str, Any], given: Any = None) -> dict[str, Any]:
        arn = self.client("stepfunctions").start_execution(
            stateMachineArn=self.state_machine(definition), name=self.name(), input=json.dumps(given or {})
        )["executionArn"]
        return self.ended_execution(arn)

    def ended_execution(self, arn: str, seconds: float = 60) -> dict[str, Any]:
        describe = functools.partial(self.client("stepfunctions").describe_execution, executionArn=arn)
        return until(describe, lambda e: e["status"] != "RUNNING", seconds)

    def job_state(self, definition: str, **more: Any) -> dict[str, Any]:
        """A state that runs a job; its result is left out."""
        parameters = {"JobName": "job", "JobQueue": self.queue, "JobDefinition": definition}
        overrides = more.pop("overrides", None)
        if overrides:
            parameters["ContainerOverrides"] = overrides
        return {"Type": "Task", "Resource": SUBMIT, "Parameters": parameters, "ResultPath": None, **more}


def until(look: Callable[[], T], holds: Callable[[T], bool], seconds: float = 20) -> T:
    """What `look` sees once `holds` is true of it."""
    deadline = time.monotonic() + seconds
    while not holds(seen := look()):
        assert time.monotonic() < deadline, f"after {seconds} s still {seen!r}"
        time.sleep(0.02)
    return seen


def distributed_map(processor: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A Distributed Map state around the machine `processor`."""
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    return {"Type": "Map", "ItemProcessor": {"ProcessorConfig": config, **processor}, **fields}


def single(state: dict[str, Any]) -> dict[str, Any]:
    """A machine of one state."""
    return {"StartAt": "Only", "States": {"Only": {**state, "End": True}}}


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped doesn't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False

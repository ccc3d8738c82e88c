"""What services run for a user has the rights of the roles it was given, and no others."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.runtime.cloud.iam.conftest import ACCOUNT, ANYONE_HERE, MakeRole, document, trust
from tests.runtime.cloud.proofs import proves
from tests.runtime.cloud.support import Aws, distributed_map, single, until

STATES = trust(Service="states.amazonaws.com")
TASKS = trust(Service="ecs-tasks.amazonaws.com")
BATCH = {"Action": ["batch:SubmitJob", "batch:DescribeJobs"], "Resource": "*"}
STARTING = {"Action": "states:StartExecution", "Resource": "*"}


def ended(aws: Aws, role: str, machine: dict[str, Any]) -> dict[str, Any]:
    """An execution of a state machine under a role, once it has ended."""
    states = aws.client("stepfunctions")
    arn = states.create_state_machine(name=aws.name(), definition=json.dumps(machine), roleArn=role)
    execution = states.start_execution(stateMachineArn=arn["stateMachineArn"], name=aws.name())
    return aws.ended_execution(execution["executionArn"])


def output(aws: Aws, script: str, **container: Any) -> tuple[dict[str, Any], list[str]]:
    """A Python job that has ended, and what it printed."""
    definition = aws.definition("python", "-c", script, container=container)
    job = aws.ended_job(aws.submit(definition), seconds=60)
    return job, aws.log_lines(job) if "logStreamName" in job["container"] else []


@proves("clients_are_shared", enforcing=True)
def test_a_state_acts_as_its_machines_role(admin: Aws) -> None:
    """A job is submitted with the rights of the state machine's role, and refused without."""
    roles = [admin.role("states.amazonaws.com") for _ in range(2)]
    able = roles[0].rpartition("/")[2]
    admin.client("iam").put_role_policy(RoleName=able, PolicyName="p", PolicyDocument=document(BATCH))
    machine = single(admin.job_state(admin.definition("true")))
    assert ended(admin, roles[0], machine)["status"] == "SUCCEEDED"
    refused = ended(admin, roles[1], machine)
    assert refused["status"] == "FAILED"
    assert refused["error"] == "Batch.AccessDeniedException"
    assert "is not authorized to perform: batch:SubmitJob" in refused["cause"]


@proves("children_are_started_by_the_role", enforcing=True)
def test_a_map_starts_its_children_as_the_role(admin: Aws) -> None:
    """A Distributed Map fails where the role may not start executions of its own state machine."""
    state = distributed_map(single({"Type": "Pass"}), ItemsPath="$.items")
    machine = single({"Type": "Pass", "Result": {"items": [1, 2]}, "Next": "Map"})
    machine["States"]["Only"].pop("End")
    machine["States"]["Map"] = {**state, "End": True}
    role = admin.role("states.amazonaws.com")
    refused = ended(admin, role, machine)
    assert (refused["status"], refused["error"]) == ("FAILED", "States.Permissions")
    assert "states:StartExecution" in refused["cause"]
    admin.client("iam").put_role_policy(
        RoleName=role.rpartition("/")[2], PolicyName="p", PolicyDocument=document(STARTING)
    )
    assert ended(admin, role, machine)["status"] == "SUCCEEDED"


def test_a_state_reads_with_its_machines_role(admin: Aws, make_role: MakeRole) -> None:
    """A task that reads S3 sees what the role may, and nothing else."""
    bucket = admin.bucket()
    for key in ("mine/x", "yours/x"):
        admin.client("s3").put_object(Bucket=bucket, Key=key, Body=b'"data"')
    right = {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/mine/*"}
    role = make_role(right, trusted=STATES)

    def read(key: str) -> str:
        state = {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
            "Parameters": {"Bucket": bucket, "Key": key},
            "ResultPath": None,
        }
        return str(ended(admin, role, single(state))["status"])

    assert (read("mine/x"), read("yours/x")) == ("SUCCEEDED", "FAILED")


WHO = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
WRITE = """
import obstore
from obstore.store import S3Store
for key in ("mine/x", "yours/x"):
    try:
        obstore.put(S3Store({bucket!r}), key, b"data")
        print("put", key)
    except obstore.exceptions.PermissionDeniedError as error:
        print("refused", key, "AccessDenied" in str(error))
"""


def test_a_job_has_its_own_role(admin: Aws, make_role: MakeRole) -> None:
    """boto3 and obstore in a job find the keys of its job role, and are held to its rights."""
    bucket = admin.bucket()
    right = {"Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/mine/*"}
    role = make_role(right, trusted=TASKS)
    job, lines = output(admin, WHO + WRITE.format(bucket=bucket), jobRoleArn=role)
    assert lines == [
        f"{role.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/{job['jobId']}",
        "put mine/x",
        "refused yours/x True",
    ]


def test_a_job_without_a_role_is_nobody(admin: Aws) -> None:
    """A container that was given no job role finds no keys at all."""
    job, lines = output(admin, WHO)
    assert job["status"] == "FAILED"
    assert "NoCredentialsError" in lines[-1]


def test_a_role_that_does_not_trust_tasks_starts_none(admin: Aws, make_role: MakeRole) -> None:
    """The job fails before its container starts, and says that the role can't be assumed."""
    role = make_role(trusted=ANYONE_HERE)
    job, _ = output(admin, WHO, jobRoleArn=role)
    assert job["status"] == "FAILED"
    assert f"ECS was unable to assume the role '{role}'" in job["statusReason"]


@pytest.mark.parametrize(("resource", "status"), [("*", "SUCCEEDED"), ("none", "FAILED")])
def test_logs_are_written_with_the_execution_role(
    admin: Aws, make_role: MakeRole, resource: str, status: str
) -> None:
    """A container starts only if its execution role may write its log."""
    group = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{resource}"
    logging = {"Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": group}
    role = make_role(logging, trusted=TASKS)
    job, _ = output(admin, "print(1)", executionRoleArn=role)
    assert job["status"] == status
    if status == "FAILED":
        assert "is not authorized to perform: logs:CreateLogStream" in job["statusReason"]


def test_keys_of_a_container_are_its_own(admin: Aws, make_role: MakeRole) -> None:
    """The address that a container gets its keys from gives nobody else any, nor the container any later."""
    script = (
        "import os, time; print(os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI'], flush=True); time.sleep(60)"
    )
    definition = admin.definition("python", "-c", script, container={"jobRoleArn": make_role(trusted=TASKS)})
    job = admin.submit(definition)
    seen = until(
        lambda: admin.job(job), lambda one: one["status"] == "RUNNING" and admin.log_lines(one) != []
    )
    (address,) = admin.log_lines(seen)
    admin.client("batch").terminate_job(jobId=job, reason="seen enough")
    for _ in range(2):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(address)
        admin.ended_job(job, seconds=60)

"""What calls of AWS's APIs need, written as IAM writes it."""

from __future__ import annotations

from typing import Any

import pytest

from stepwell.cloud.iam.call import Call, Place
from stepwell.cloud.iam.permissions import accesses, demands
from stepwell.cloud.iam.s3 import key_accesses, missing_access

PLACE = Place("aws", "us-east-1", "123456789012")
ROLE = "arn:aws:iam::123456789012:role/r"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:m"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:m:e"
TAGS = {"aws:RequestTag/a": "b", "aws:TagKeys": ["a"]}

# service:operation, its parameters, and what it needs; `:x` stands for the service's own ARN.
NEEDS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("states:StartExecution", {"stateMachineArn": MACHINE}, [f"states:StartExecution {MACHINE}"]),
    ("states:StopExecution", {"executionArn": EXECUTION}, [f"states:StopExecution {EXECUTION}"]),
    ("states:ListStateMachines", {}, ["states:ListStateMachines *"]),
    (
        "states:CreateStateMachine",
        {"name": "m", "roleArn": ROLE, "tags": [{"key": "a", "value": "b"}]},
        [f"states:CreateStateMachine {MACHINE}", f"states:TagResource {MACHINE}", f"iam:PassRole {ROLE}"],
    ),
    (
        "batch:SubmitJob",
        {"jobDefinition": "d:1", "jobQueue": "q", "tags": {"a": "b"}},
        [
            f"batch:{right} :{what}"
            for right in ("SubmitJob", "TagResource")
            for what in ("job-definition/d:1", "job-queue/q", "job/*")
        ],
    ),
    ("athena:StartQueryExecution", {"WorkGroup": "w"}, ["athena:StartQueryExecution :workgroup/w"]),
    ("batch:TerminateJob", {"jobId": "1"}, ["batch:TerminateJob :job/1"]),
    ("batch:DescribeJobs", {"jobs": ["1"]}, ["batch:DescribeJobs *"]),
    (
        "batch:RegisterJobDefinition",
        {"jobDefinitionName": "d", "containerProperties": {"jobRoleArn": ROLE}},
        ["batch:RegisterJobDefinition :job-definition/d", f"iam:PassRole {ROLE}"],
    ),
    (
        "glue:GetTable",
        {"DatabaseName": "d", "Name": "t"},
        ["glue:GetTable :catalog", "glue:GetTable :database/d", "glue:GetTable :table/d/t"],
    ),
    (
        "glue:UpdateTable",
        {"DatabaseName": "d", "TableInput": {"Name": "t"}},
        ["glue:UpdateTable :catalog", "glue:UpdateTable :database/d", "glue:UpdateTable :table/d/t"],
    ),
    (
        "glue:GetTables",
        {"DatabaseName": "d"},
        ["glue:GetTables :catalog", "glue:GetTables :database/d", "glue:GetTables :table/d/*"],
    ),
    ("glue:GetDatabase", {"Name": "d"}, ["glue:GetDatabase :catalog", "glue:GetDatabase :database/d"]),
    ("glue:GetDatabases", {}, ["glue:GetDatabases :catalog"]),
    ("logs:FilterLogEvents", {"logGroupName": "g"}, ["logs:FilterLogEvents :log-group:g:log-stream:"]),
    (
        "logs:GetLogEvents",
        {"logGroupIdentifier": "arn:aws:logs:us-east-1:123456789012:log-group:g:*", "logStreamName": "s"},
        ["logs:GetLogEvents :log-group:g:log-stream:s"],
    ),
    ("logs:DescribeLogGroups", {}, ["logs:DescribeLogGroups *"]),
    ("ssm:GetParameter", {"Name": "/a/b"}, ["ssm:GetParameter :parameter/a/b"]),
    (
        "ssm:GetParameters",
        {"Names": ["/a", "b"]},
        ["ssm:GetParameters :parameter/a", "ssm:GetParameters :parameter/b"],
    ),
    ("secretsmanager:GetSecretValue", {"SecretId": "a/b"}, ["secretsmanager:GetSecretValue :secret:a/b"]),
    ("kms:Decrypt", {"KeyId": "1"}, ["kms:Decrypt :key/1"]),
    ("dynamodb:GetItem", {"TableName": "t"}, ["dynamodb:GetItem :table/t"]),
    ("sts:AssumeRole", {"RoleArn": ROLE}, [f"sts:AssumeRole {ROLE}"]),
    ("iam:GetRole", {"RoleName": "r"}, [f"iam:GetRole {ROLE}"]),
    (
        "events:PutEvents",
        {"Entries": [{"Source": "a"}, {"Source": "b", "EventBusName": "c"}]},
        ["events:PutEvents :event-bus/c", "events:PutEvents :event-bus/default"],
    ),
    (
        "events:PutTargets",
        {"Rule": "r", "Targets": [{"RoleArn": ROLE}]},
        ["events:PutTargets :rule/r", f"iam:PassRole {ROLE}"],
    ),
    (
        "scheduler:CreateSchedule",
        {"Name": "s", "Target": {"RoleArn": ROLE}},
        ["scheduler:CreateSchedule :schedule/default/s", f"iam:PassRole {ROLE}"],
    ),
    ("scheduler:ListSchedules", {}, ["scheduler:ListSchedules *"]),
    ("sqs:SendMessage", {"QueueUrl": "http://h/1/q"}, ["sqs:SendMessage :q"]),
    ("monitoring:PutMetricData", {"Namespace": "n"}, ["cloudwatch:PutMetricData *"]),
    ("s3:ListBuckets", {}, ["s3:ListAllMyBuckets *"]),
    ("s3:ListObjectsV2", {"Bucket": "b", "Prefix": "x/"}, ["s3:ListBucket arn:aws:s3:::b"]),
    ("s3:HeadObject", {"Bucket": "b", "Key": "k"}, ["s3:GetObject arn:aws:s3:::b/k"]),
    ("s3:GetObject", {"Bucket": "b", "Key": "k", "VersionId": "v"}, ["s3:GetObjectVersion arn:aws:s3:::b/k"]),
    ("s3:UploadPart", {"Bucket": "b", "Key": "k"}, ["s3:PutObject arn:aws:s3:::b/k"]),
    ("s3:AbortMultipartUpload", {"Bucket": "b", "Key": "k"}, ["s3:AbortMultipartUpload arn:aws:s3:::b/k"]),
    (
        "s3:DeleteObjects",
        {"Bucket": "b", "Keys": ["x", "y"]},
        ["s3:DeleteObject arn:aws:s3:::b/x", "s3:DeleteObject arn:aws:s3:::b/y"],
    ),
]  # fmt: skip


def call(name: str, params: dict[str, Any], **headers: str) -> Call:
    service, operation = name.split(":")
    return Call(service, operation, PLACE, params, {k.replace("_", "-"): v for k, v in headers.items()})


@pytest.mark.parametrize(("name", "params", "needs"), NEEDS, ids=[name for name, *_ in NEEDS])
def test_a_call_needs(name: str, params: dict[str, Any], needs: list[str]) -> None:
    """Each call needs these actions on these resources, no more."""
    found = accesses(call(name, params))
    assert found is not None
    own = f"arn:aws:{name.partition(':')[0]}:us-east-1:123456789012:"
    assert [f"{one.action} {one.resource.replace(own, ':')}" for one in found] == [
        need.replace(own, ":") for need in needs
    ]


def test_a_service_that_is_not_known_needs_nothing_knowable() -> None:
    """Where it isn't known what a service's calls touch, that is said, and not guessed."""
    assert accesses(call("lambda:ListFunctions", {})) is None


def test_the_request_is_part_of_the_context() -> None:
    """Tags, prefixes, encryption headers and who a role is passed to are what conditions look at."""
    submit = accesses(call("batch:SubmitJob", {"jobDefinition": "d", "jobQueue": "q", "tags": {"a": "b"}}))
    assert submit is not None and all(one.context == TAGS for one in submit)
    listing = accesses(call("s3:ListObjectsV2", {"Bucket": "b", "Prefix": "x/", "Delimiter": "/"}))
    assert listing is not None and listing[0].context == {"s3:prefix": "x/", "s3:delimiter": "/"}
    put = call("s3:PutObject", {"Bucket": "b", "Key": "k"}, x_amz_server_side_encryption="aws:kms")
    (wrote,) = accesses(put) or []
    assert wrote.context == {"s3:x-amz-server-side-encryption": "aws:kms"}
    create = accesses(call("states:CreateStateMachine", {"name": "m", "roleArn": ROLE}))
    publish = accesses(call("events:PutEvents", {"Entries": [{"Source": "b"}, {"Source": "a"}]}))
    assert publish is not None and publish[0].context == {"events:source": ["a", "b"]}
    assert create is not None and create[-1].context == {"iam:PassedToService": "states.amazonaws.com"}


@pytest.mark.parametrize(
    ("operation", "header", "also"),
    [
        ("CopyObject", {"x_amz_copy_source": "/o/a%20b?versionId=1"}, "s3:GetObject arn:aws:s3:::o/a b"),
        ("PutObject", {"x_amz_tagging": "a=b"}, "s3:PutObjectTagging arn:aws:s3:::b/k"),
        ("PutObject", {"if_match": "etag"}, "s3:GetObject arn:aws:s3:::b/k"),
    ],
)
def test_headers_may_need_more(operation: str, header: dict[str, str], also: str) -> None:
    """A copy reads its source, tags are an action of their own, and If-Match reads what is there."""
    found = accesses(call(f"s3:{operation}", {"Bucket": "b", "Key": "k"}, **header))
    assert found is not None
    assert [f"{one.action} {one.resource}" for one in found] == ["s3:PutObject arn:aws:s3:::b/k", also]


KMS = {
    "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "1"},
    "BucketKeyEnabled": "true",
}


@pytest.mark.parametrize(
    ("operation", "actions"),
    [
        ("PutObject", ["kms:GenerateDataKey"]),
        ("GetObject", ["kms:Decrypt"]),
        ("CompleteMultipartUpload", ["kms:Decrypt"]),
        ("DeleteObject", []),
    ],
)
def test_an_encrypted_bucket_needs_its_key(operation: str, actions: list[str]) -> None:
    """Writing asks KMS for a data key, reading for decryption; deleting for nothing."""
    found = key_accesses(call(f"s3:{operation}", {"Bucket": "b", "Key": "k"}), KMS)
    assert [one.action for one in found] == actions
    assert {one.resource for one in found} <= {"arn:aws:kms:us-east-1:123456789012:key/1"}


@pytest.mark.parametrize(("by_bucket", "context"), [("true", "b"), ("false", "b/k")])
def test_the_encryption_context_is_the_bucket_with_a_bucket_key(by_bucket: str, context: str) -> None:
    """With a bucket key KMS is asked for the bucket, without one for the object."""
    rule = {**KMS, "BucketKeyEnabled": by_bucket}
    (found,) = key_accesses(call("s3:GetObject", {"Bucket": "b", "Key": "k"}), rule)
    assert found.context["kms:EncryptionContext:aws:s3:arn"] == f"arn:aws:s3:::{context}"
    assert found.context["kms:ViaService"] == "s3.us-east-1.amazonaws.com"


def test_s3s_own_encryption_needs_no_key() -> None:
    """Neither without a default nor with AES256 is KMS asked."""
    put = call("s3:PutObject", {"Bucket": "b", "Key": "k"})
    aes = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    assert key_accesses(put, {}) == key_accesses(put, aes) == []


def test_a_missing_object_is_told_to_who_may_list_its_key() -> None:
    """The right to list is asked for with the key as the prefix."""
    found = missing_access(call("s3:GetObject", {"Bucket": "b", "Key": "ns/k"}))
    assert (found.action, found.resource) == ("s3:ListBucket", "arn:aws:s3:::b")
    assert found.context == {"s3:prefix": "ns/k"}


def test_what_step_functions_wants_of_a_role() -> None:
    """A role is checked for trust, for the delivery of logs and for the rule that tells of jobs."""
    machine = {
        "roleArn": ROLE,
        "loggingConfiguration": {"level": "ERROR"},
        "definition": '{"Resource": "arn:aws:states:::batch:submitJob.sync"}',
    }
    trust, logs, rule = demands(call("states:CreateStateMachine", machine))
    assert {one.role for one in (trust, logs, rule)} == {ROLE}
    assert trust.accesses == []
    assert "logs:CreateLogDelivery" in {one.action for one in logs.accesses}
    assert {one.resource for one in rule.accesses} == {
        "arn:aws:events:us-east-1:123456789012:rule/StepFunctionsGetEventsForBatchJobsRule"
    }
    assert len(demands(call("states:UpdateStateMachine", {"roleArn": ROLE}))) == 1
    assert demands(call("states:StartExecution", {"stateMachineArn": MACHINE})) == []

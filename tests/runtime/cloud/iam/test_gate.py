"""A cloud that enforces IAM refuses, as AWS does, what no policy allows."""

from __future__ import annotations

import base64
import functools
import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from stepwell.cloud.identities import Keys
from tests.runtime.cloud.iam.conftest import ACCOUNT, ANYONE_HERE, MakeRole, Someone, document, trust
from tests.runtime.cloud.support import Aws

MakeSomeone = Callable[..., Someone]
EVERYTHING = {"Action": "*", "Resource": "*"}


def refused(ask: Callable[..., Any], **params: Any) -> str:
    """Code and message of the error that a call is answered with."""
    with pytest.raises(ClientError) as error:
        ask(**params)
    problem = error.value.response["Error"]
    return f"{problem['Code']}: {problem['Message']}"


@pytest.fixture(scope="module")
def bucket(admin: Aws) -> str:
    """A bucket with the object ``mine/x``."""
    name = admin.bucket()
    admin.client("s3").put_object(Bucket=name, Key="mine/x", Body=b"data")
    return name


@pytest.mark.parametrize(
    ("service", "operation", "code", "action"),
    [
        ("glue", "get_databases", "AccessDeniedException", "glue:GetDatabases"),
        ("stepfunctions", "list_state_machines", "AccessDeniedException", "states:ListStateMachines"),
        ("batch", "describe_job_queues", "AccessDeniedException", "batch:DescribeJobQueues"),
        ("iam", "list_roles", "AccessDenied", "iam:ListRoles"),
        ("s3", "list_buckets", "AccessDenied", "s3:ListAllMyBuckets"),
        ("ec2", "describe_vpcs", "UnauthorizedOperation", None),
        ("lambda", "list_functions", "AccessDeniedException", None),
    ],
)
def test_each_protocol_has_its_error(
    someone: MakeSomeone, service: str, operation: str, code: str, action: str | None
) -> None:
    """Who has no right is refused with the code that the service's clients know, and told the action."""
    guest = someone()
    found = refused(getattr(guest.client(service), operation))
    assert found.startswith(code + ": ")
    if action:
        session = guest.arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/someone"
        assert found == (
            f"{code}: User: {session} is not authorized to perform: {action} on resource: *"
            f" because no identity-based policy allows the {action} action"
        ).replace("on resource: *", f"on resource: {resource_of(action)}")
    else:
        assert found.endswith("so only its administrator has")


def resource_of(action: str) -> str:
    return {"glue:GetDatabases": f"arn:aws:glue:us-east-1:{ACCOUNT}:catalog"}.get(action, "*")


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("s3", "list_buckets", "InvalidAccessKeyId"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("glue", "get_databases", "UnrecognizedClientException"),
    ],
)
def test_unknown_keys_are_refused(
    admin: Aws, someone: MakeSomeone, service: str, operation: str, code: str
) -> None:
    """Neither a key that nobody has nor one with another session's token is let in."""
    known = someone().keys
    for keys in (Keys("ASIANOBODY", "s", "t"), Keys(known.key, known.secret, "t"), Keys(known.key, "s")):
        assert refused(getattr(Someone(admin.url, keys).client(service), operation)).startswith(code)


def test_nobody_is_anonymous(admin: Aws, bucket: str) -> None:
    """A request without a signature is refused."""
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{admin.url}/{bucket}/mine/x")
    assert error.value.code == 403
    assert b"<Code>AccessDenied</Code>" in error.value.read()


def test_the_administrator_may_do_everything(admin: Aws) -> None:
    """Whoever deploys is asked for no policy."""
    assert admin.client("ec2").describe_vpcs()["Vpcs"]
    assert admin.client("sts").get_caller_identity()["Account"] == ACCOUNT


def test_everybody_may_ask_who_they_are(someone: MakeSomeone) -> None:
    """GetCallerIdentity needs no right."""
    guest = someone()
    assert guest.arn.rpartition("/")[2] in guest.client("sts").get_caller_identity()["Arn"]


def test_objects_are_guarded_by_prefix(someone: MakeSomeone, bucket: str) -> None:
    """What a policy allows below a prefix works there and nowhere else: put, get, list, copy, delete."""
    below = {"Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"arn:aws:s3:::{bucket}/mine/*"}
    listing = {
        "Action": "s3:ListBucket",
        "Resource": f"arn:aws:s3:::{bucket}",
        "Condition": {"StringLike": {"s3:prefix": "mine/*"}},
    }
    s3 = someone(below, listing).client("s3")
    s3.put_object(Bucket=bucket, Key="mine/y", Body=b"x" * 200_000)
    assert len(s3.get_object(Bucket=bucket, Key="mine/y")["Body"].read()) == 200_000
    assert s3.list_objects_v2(Bucket=bucket, Prefix="mine/y")["KeyCount"] == 1
    s3.copy_object(Bucket=bucket, Key="mine/z", CopySource=f"{bucket}/mine/y")
    for ask, params in {
        s3.put_object: {"Key": "yours", "Body": b"x" * 200_000},
        s3.get_object: {"Key": "yours"},
        s3.list_objects_v2: {"Prefix": ""},
        s3.copy_object: {"Key": "mine/a", "CopySource": f"{bucket}/yours"},
        s3.delete_object: {"Key": "mine/y"},
        s3.delete_objects: {"Delete": {"Objects": [{"Key": "mine/y"}]}},
        s3.create_multipart_upload: {"Key": "yours"},
    }.items():
        assert "is not authorized to perform" in refused(ask, Bucket=bucket, **params)


def test_presigned_urls_are_their_signers(someone: MakeSomeone, bucket: str) -> None:
    """A presigned URL lets in whom its signer's policies let in."""
    right = {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/mine/*"}
    for guest, status in ((someone(right), 200), (someone(), 403)):
        url = guest.client("s3").generate_presigned_url(
            "get_object", Params={"Bucket": bucket, "Key": "mine/x"}
        )
        try:
            assert urllib.request.urlopen(url).status == status
        except urllib.error.HTTPError as error:
            assert error.code == status


def test_a_missing_object_is_told_only_to_who_may_list(someone: MakeSomeone, bucket: str) -> None:
    """Without the right to list, a missing object is 403; with it, NoSuchKey."""
    read = {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    listing = {
        "Action": "s3:ListBucket",
        "Resource": f"arn:aws:s3:::{bucket}",
        "Condition": {"StringLike": {"s3:prefix": "mine/*"}},
    }
    blind, seeing = someone(read).client("s3"), someone(read, listing).client("s3")
    assert "s3:ListBucket" in refused(blind.get_object, Bucket=bucket, Key="mine/none")
    assert refused(seeing.get_object, Bucket=bucket, Key="mine/none").startswith("NoSuchKey")
    assert "s3:ListBucket" in refused(seeing.get_object, Bucket=bucket, Key="yours/none")


def test_bucket_policies_count(admin: Aws, someone: MakeSomeone, make_role: MakeRole) -> None:
    """A bucket's policy denies what an identity's allows, and allows what it doesn't."""
    bucket, reader = admin.bucket(), someone()
    denial = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "AES256"}},
    }
    grant = {
        "Principal": {"AWS": reader.arn},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    admin.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(denial, grant))
    writer = someone(EVERYTHING).client("s3")
    assert "with an explicit deny in a resource-based policy" in refused(
        writer.put_object, Bucket=bucket, Key="k", Body=b"x"
    )
    writer.put_object(Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="AES256")
    assert reader.client("s3").get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


def test_an_encrypted_object_needs_its_key(admin: Aws, someone: MakeSomeone) -> None:
    """Where KMS encrypts, S3's right alone neither writes nor reads, and the key's policy has its say."""
    bucket = admin.bucket()
    key = admin.client("kms").create_key()["KeyMetadata"]
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key["Arn"]},
        "BucketKeyEnabled": True,
    }
    admin.client("s3").put_bucket_encryption(
        Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]}
    )
    objects = {"Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"arn:aws:s3:::{bucket}/*"}
    through_s3 = {
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": key["Arn"],
        "Condition": {"StringEquals": {"kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{bucket}"}},
    }
    without, using = someone(objects).client("s3"), someone(objects, through_s3)
    using.client("s3").put_object(Bucket=bucket, Key="k", Body=b"x")
    assert using.client("s3").get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    assert "kms:GenerateDataKey" in refused(without.put_object, Bucket=bucket, Key="k", Body=b"x")
    assert "kms:Decrypt" in refused(without.get_object, Bucket=bucket, Key="k")
    assert "kms:Decrypt" in refused(using.client("kms").decrypt, KeyId=key["KeyId"], CiphertextBlob=b"x")
    nobody = {"Action": "kms:*", "Resource": "*", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/moto"}}
    admin.client("kms").put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=document(nobody))
    assert "kms:Decrypt" in refused(using.client("s3").get_object, Bucket=bucket, Key="k")


def test_boundaries_and_session_policies_limit(admin: Aws, someone: MakeSomeone, bucket: str) -> None:
    """A role can't exceed its boundary, nor a session the policy it was opened with."""
    reading = document({"Action": "s3:GetObject", "Resource": "*"})
    boundary = admin.client("iam").create_policy(
        PolicyName=f"b-{uuid.uuid4().hex[:8]}", PolicyDocument=reading
    )["Policy"]["Arn"]
    for guest, limit in (
        (someone(EVERYTHING, boundary=boundary), "no permissions boundary allows"),
        (someone(EVERYTHING, session=reading), "no session policy allows"),
    ):
        s3 = guest.client("s3")
        assert s3.get_object(Bucket=bucket, Key="mine/x")["Body"].read() == b"data"
        assert limit in refused(s3.put_object, Bucket=bucket, Key="mine/x", Body=b"x")


def test_roles_are_assumed_by_whom_they_trust(admin: Aws, someone: MakeSomeone, make_role: MakeRole) -> None:
    """It takes the caller's right and the role's trust; also the administrator needs to be trusted."""
    assuming = {"Action": "sts:AssumeRole", "Resource": "*"}
    trusted, other, powerless = someone(assuming), someone(assuming), someone()
    only = {
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Condition": {"ArnEquals": {"aws:PrincipalArn": trusted.arn}},
    }
    role = {"RoleArn": make_role(trusted=document(only)), "RoleSessionName": "test"}
    assert trusted.client("sts").assume_role(**role)["Credentials"]["SessionToken"]
    assert "no resource-based policy allows" in refused(other.client("sts").assume_role, **role)
    assert "no resource-based policy allows" in refused(admin.client("sts").assume_role, **role)
    assert "no identity-based policy allows" in refused(
        powerless.client("sts").assume_role, RoleArn=trusted.arn, RoleSessionName="test"
    )


def test_tokens_of_a_known_issuer_assume_roles(admin: Aws, make_role: MakeRole) -> None:
    """A CI pipeline's token gets a role whose trust its claims fulfil; others get none."""
    issuer = f"{uuid.uuid4().hex[:8]}.example.org"
    provider = admin.client("iam").create_open_id_connect_provider(
        Url=f"https://{issuer}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["0" * 40]
    )["OpenIDConnectProviderArn"]
    trusted = {
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": provider},
        "Condition": {"StringLike": {f"{issuer}:sub": "repo:team/*"}},
    }
    assume = functools.partial(
        Someone(admin.url, Keys("", "")).client("sts", unsigned=True).assume_role_with_web_identity,
        RoleArn=make_role(trusted=document(trusted)),
        RoleSessionName="pipeline",
    )
    assert assume(WebIdentityToken=token(issuer, "repo:team/flows"))["Credentials"]["SessionToken"]
    assert "no resource-based policy allows" in refused(
        assume, WebIdentityToken=token(issuer, "repo:other/flows")
    )
    for stranger in (token("unknown.example.org", "repo:team/flows"), "no token"):
        assert "Anonymous" in refused(assume, WebIdentityToken=stranger)


def token(issuer: str, subject: str) -> str:
    """A token as an issuer makes it, but for the signature."""
    claims = json.dumps({"iss": f"https://{issuer}", "sub": subject, "aud": "sts.amazonaws.com", "exp": 1})
    return f"e30.{base64.urlsafe_b64encode(claims.encode()).decode().rstrip('=')}.x"


def test_users_and_their_groups_have_policies(admin: Aws, bucket: str) -> None:
    """An IAM user has the rights of its own policies and of its groups', and policy variables name it."""
    iam, name = admin.client("iam"), f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    iam.create_group(GroupName=name)
    iam.add_user_to_group(GroupName=name, UserName=name)
    mine = {"Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/${{aws:username}}/*"}
    iam.put_group_policy(GroupName=name, PolicyName="p", PolicyDocument=document(mine))
    keys = iam.create_access_key(UserName=name)["AccessKey"]
    s3 = Someone(admin.url, Keys(keys["AccessKeyId"], keys["SecretAccessKey"])).client("s3")
    s3.put_object(Bucket=bucket, Key=f"{name}/x", Body=b"x")
    assert "AccessDenied" in refused(s3.put_object, Bucket=bucket, Key="other/x", Body=b"x")


def test_jobs_are_guarded_by_their_tag(admin: Aws, someone: MakeSomeone) -> None:
    """A job that bears another's tag is not stopped, and one that bears a tag is not claimed."""
    definition = admin.definition("sleep", "60")
    jobs = {name: admin.submit(definition, tags={"owner": name}) for name in ("ada", "bob")}
    arn = f"arn:aws:batch:us-east-1:{ACCOUNT}:job/*"
    own = {"StringEquals": {"aws:ResourceTag/owner": "ada"}}
    claim = {"StringEquals": {"aws:RequestTag/owner": "ada"}, "Null": {"aws:ResourceTag/owner": "true"}}
    batch = someone(
        {"Action": "batch:TerminateJob", "Resource": arn, "Condition": own},
        {"Action": "batch:TagResource", "Resource": arn, "Condition": claim},
    ).client("batch")
    assert "batch:TerminateJob" in refused(batch.terminate_job, jobId=jobs["bob"], reason="x")
    theirs = f"arn:aws:batch:us-east-1:{ACCOUNT}:job/{jobs['bob']}"
    assert "batch:TagResource" in refused(batch.tag_resource, resourceArn=theirs, tags={"owner": "ada"})
    batch.terminate_job(jobId=jobs["ada"], reason="x")
    admin.client("batch").terminate_job(jobId=jobs["bob"], reason="x")


def test_secrets_are_guarded_by_name(admin: Aws, someone: MakeSomeone) -> None:
    """A policy on a secret's name lets in whoever asks by name or by ARN."""
    name = f"team/{uuid.uuid4().hex[:8]}"
    arn = admin.client("secretsmanager").create_secret(Name=name, SecretString="s")["ARN"]
    pattern = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:{name}-??????"
    right = {"Action": "secretsmanager:GetSecretValue", "Resource": pattern}
    for secret in (name, arn):
        ask = someone(right).client("secretsmanager").get_secret_value
        assert ask(SecretId=secret)["SecretString"] == "s"
        assert "GetSecretValue" in refused(
            someone().client("secretsmanager").get_secret_value, SecretId=secret
        )


MACHINE = {"StartAt": "Only", "States": {"Only": {"Type": "Succeed"}}}
JOB = {"Type": "Task", "Resource": "arn:aws:states:::batch:submitJob.sync", "Parameters": {}, "End": True}
LOGGING = {
    "level": "ALL",
    "destinations": [
        {"cloudWatchLogsLogGroup": {"logGroupArn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:g:*"}}
    ],
}


def test_a_role_is_passed_only_by_who_may(someone: MakeSomeone, make_role: MakeRole) -> None:
    """Whoever makes a state machine has to be allowed to pass its role to Step Functions."""
    role = make_role(trusted=trust(Service="states.amazonaws.com"))
    making = {"Action": "states:CreateStateMachine", "Resource": "*"}
    passing = {
        "Action": "iam:PassRole",
        "Resource": role,
        "Condition": {"StringEquals": {"iam:PassedToService": "states.amazonaws.com"}},
    }
    machine = {"definition": json.dumps(MACHINE), "roleArn": role}
    assert "iam:PassRole" in refused(
        someone(making).client("stepfunctions").create_state_machine, name="x1", **machine
    )
    allowed = someone(making, passing).client("stepfunctions")
    allowed.create_state_machine(name=f"m-{uuid.uuid4().hex[:8]}", **machine)


@pytest.mark.parametrize(
    ("trusted", "machine", "reason"),
    [
        (ANYONE_HERE, {}, "is authorized to assume the provided role"),
        (
            trust(Service="states.amazonaws.com"),
            {"loggingConfiguration": LOGGING},
            "is not authorized to access the Log Destination",
        ),
        (
            trust(Service="states.amazonaws.com"),
            {"definition": json.dumps({"StartAt": "Only", "States": {"Only": JOB}})},
            "is not authorized to create managed-rule",
        ),
    ],
)
def test_step_functions_refuses_a_role_that_will_not_do(
    someone: MakeSomeone, make_role: MakeRole, trusted: str, machine: dict[str, Any], reason: str
) -> None:
    """A role that Step Functions can't assume, log with, or hear of jobs with makes no state machine."""
    create = someone(EVERYTHING).client("stepfunctions").create_state_machine
    given = {"name": "x1", "definition": json.dumps(MACHINE), "roleArn": make_role(trusted=trusted)}
    assert reason in refused(create, **{**given, **machine})

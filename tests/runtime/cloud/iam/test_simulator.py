"""The evaluator decides as the IAM User Guide says, also where naive ones go wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from stepwell.cloud.iam import simulator
from stepwell.cloud.iam.evaluator import Access, Caller, Evaluator, Undecidable, Verdict
from stepwell.cloud.iam.simulator import Simulator, find_package
from stepwell.errors import PlatformError, UsageError

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/task"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/0123"
OBJECT = "arn:aws:s3:::bucket/ns/ada/x"


def policy(*statements: dict[str, Any]) -> str:
    whole = [{"Effect": "Allow", **statement} for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": whole})


def worker(*policies: str, **given: Any) -> Caller:
    return Caller(SESSION, policies, **{"context": {"aws:PrincipalArn": ROLE}, **given})


def get(resource: str = OBJECT, **given: Any) -> Access:
    return Access("s3:GetObject", resource, ACCOUNT, **given)


EVERYTHING = policy({"Action": "*", "Resource": "*"})
GET = policy({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"})
MINE = policy({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/ns/${aws:PrincipalTag/who}/*"})
LIST = policy(
    {
        "Action": "s3:ListBucket",
        "Resource": "arn:aws:s3:::bucket",
        "Condition": {"StringLike": {"s3:prefix": ["ns/ada/*"]}},
    }
)
TLS = policy(
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::bucket/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
)
PASS = policy(
    {
        "Action": "iam:PassRole",
        "Resource": ROLE,
        "Condition": {"StringEquals": {"iam:PassedToService": "states.amazonaws.com"}},
    }
)
UNCLAIMED = policy(
    {
        "Action": "batch:TagResource",
        "Resource": "*",
        "Condition": {
            "StringEquals": {"aws:RequestTag/stepwell:namespace": "user/ada"},
            "Null": {"aws:ResourceTag/stepwell:namespace": "true"},
        },
    }
)
NOT_ACTION = policy({"NotAction": "s3:Get*", "Resource": "*"})
NOT_RESOURCE = policy({"Action": "s3:GetObject", "NotResource": "arn:aws:s3:::bucket/secret/*"})
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
TRUSTS_ACCOUNT = policy(
    {
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": ROOT},
        "Condition": {"ArnEquals": {"aws:PrincipalArn": ROLE}},
    }
)
TRUSTS_STATES = policy(
    {
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "states.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    }
)
KEY_FOR_ACCOUNT = policy({"Action": "kms:*", "Principal": {"AWS": ROOT}, "Resource": "*"})
KEY_FOR_OTHERS = policy(
    {"Action": "kms:*", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}, "Resource": "*"}
)
BUCKET_FOR_WORKER = policy(
    {"Action": "s3:GetObject", "Principal": {"AWS": ROLE}, "Resource": "arn:aws:s3:::bucket/*"}
)
IN_BUCKET = "kms:EncryptionContext:aws:s3:arn"
ENCRYPTED = policy(
    {
        "Action": "kms:Decrypt",
        "Resource": KEY,
        "Condition": {"StringEquals": {IN_BUCKET: "arn:aws:s3:::bucket"}},
    }
)
ASSUME = policy({"Action": "sts:AssumeRole", "Resource": "*"})
JOB = f"arn:aws:batch:us-east-1:{ACCOUNT}:job/1"
OTHER_ROLE = f"arn:aws:iam::{ACCOUNT}:role/other"
OWNER = "stepwell:namespace"


def listing(prefix: str) -> Access:
    return Access("s3:ListBucket", "arn:aws:s3:::bucket", ACCOUNT, {"s3:prefix": prefix})


def passing(service: str) -> Access:
    return Access("iam:PassRole", ROLE, ACCOUNT, {"iam:PassedToService": service})


def tagging(**context: str) -> Access:
    named = {f"aws:{key}/{OWNER}": value for key, value in context.items()}
    return Access("batch:TagResource", JOB, ACCOUNT, named)


def assuming(trust: str, **context: str) -> Access:
    return Access("sts:AssumeRole", OTHER_ROLE, ACCOUNT, context, trust)


def decrypting(key_policy: str, bucket: str = "bucket") -> Access:
    return Access("kms:Decrypt", KEY, ACCOUNT, {IN_BUCKET: f"arn:aws:s3:::{bucket}"}, key_policy)


ISSUER = "token.example.org"
CI = Caller(f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}")
OTHER_CI = Caller(f"arn:aws:iam::{ACCOUNT}:oidc-provider/other.example.org")
TRUSTS_CI = policy(
    {
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": CI.arn},
        "Condition": {
            "StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com"},
            "StringLike": {f"{ISSUER}:sub": "repo:team/flows:*"},
        },
    }
)


def of_token(subject: str) -> Access:
    claims = {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": subject}
    return Access("sts:AssumeRoleWithWebIdentity", OTHER_ROLE, ACCOUNT, claims, TRUSTS_CI)


STATES = Caller("states.amazonaws.com")
HERE = {"aws:SourceAccount": ACCOUNT}
TAGGED = {"context": {"aws:PrincipalTag/who": "ada"}}

CASES: dict[str, tuple[Caller, Access, bool]] = {
    "nothing is allowed by default": (worker(), get(), False),
    "an identity policy allows": (worker(GET), get(), True),
    "of other resources it doesn't": (worker(GET), get("arn:aws:s3:::other/x"), False),
    "a condition that holds": (worker(LIST), listing("ns/ada/runs"), True),
    "a condition that doesn't": (worker(LIST), listing("ns/bob/runs"), False),
    "a condition on a key that isn't there": (
        worker(LIST),
        Access("s3:ListBucket", "arn:aws:s3:::bucket", ACCOUNT),
        False,
    ),
    "a condition on what is passed to whom": (worker(PASS), passing("states.amazonaws.com"), True),
    "to another service": (worker(PASS), passing("ec2.amazonaws.com"), False),
    "Null of a tag that isn't there": (worker(UNCLAIMED), tagging(RequestTag="user/ada"), True),
    "Null of a tag that is": (
        worker(UNCLAIMED),
        tagging(RequestTag="user/ada", ResourceTag="user/bob"),
        False,
    ),
    "a policy variable": (worker(MINE, **TAGGED), get("arn:aws:s3:::bucket/ns/ada/x"), True),
    "a policy variable of another value": (
        worker(MINE, **TAGGED),
        get("arn:aws:s3:::bucket/ns/bob/x"),
        False,
    ),
    "a policy variable without a value": (worker(MINE), get("arn:aws:s3:::bucket/ns//x"), False),
    "NotAction leaves out": (worker(NOT_ACTION), get(), False),
    "NotAction lets all else": (worker(NOT_ACTION), Access("s3:PutObject", OBJECT, ACCOUNT), True),
    "NotResource leaves out": (worker(NOT_RESOURCE), get("arn:aws:s3:::bucket/secret/x"), False),
    "NotResource lets all else": (worker(NOT_RESOURCE), get(), True),
    "a boundary limits": (worker(EVERYTHING, boundary=LIST), get(), False),
    "a boundary grants nothing": (worker(boundary=EVERYTHING), get(), False),
    "both allow": (worker(GET, boundary=GET), get(), True),
    "a session policy limits": (worker(EVERYTHING, session=LIST), get(), False),
    "a session policy allows what the role may": (worker(GET, session=EVERYTHING), get(), True),
    "a denial without its condition": (
        worker(GET),
        get(policy=TLS, context={"aws:SecureTransport": "true"}),
        True,
    ),
    "a denial with its condition": (
        worker(EVERYTHING),
        get(policy=TLS, context={"aws:SecureTransport": "false"}),
        False,
    ),
    "a bucket's policy allows alone": (worker(), get(policy=BUCKET_FOR_WORKER), True),
    "trust of the account needs the caller's own right": (worker(), assuming(TRUSTS_ACCOUNT), False),
    "which it has": (worker(ASSUME), assuming(TRUSTS_ACCOUNT), True),
    "trust's condition": (
        Caller(f"arn:aws:iam::{ACCOUNT}:user/eve", (ASSUME,), context={"aws:PrincipalArn": "eve"}),
        assuming(TRUSTS_ACCOUNT),
        False,
    ),
    "a right without trust": (worker(ASSUME), assuming(TRUSTS_STATES, **HERE), False),
    "a trusted service": (STATES, assuming(TRUSTS_STATES, **HERE), True),
    "for another account": (STATES, assuming(TRUSTS_STATES, **{"aws:SourceAccount": "999999999999"}), False),
    "another service": (Caller("ecs-tasks.amazonaws.com"), assuming(TRUSTS_STATES, **HERE), False),
    "a token's claims": (CI, of_token("repo:team/flows:ref:refs/heads/main"), True),
    "a token for another subject": (CI, of_token("repo:other/flows:ref:refs/heads/main"), False),
    "another issuer's token": (OTHER_CI, of_token("repo:team/flows:ref:refs/heads/main"), False),
    "a key that trusts its account": (worker(EVERYTHING), decrypting(KEY_FOR_ACCOUNT), True),
    "but not who has no right": (worker(), decrypting(KEY_FOR_ACCOUNT), False),
    "a key that trusts another role only": (worker(EVERYTHING), decrypting(KEY_FOR_OTHERS), False),
    "an encryption context of KMS": (worker(ENCRYPTED), decrypting(KEY_FOR_ACCOUNT, "bucket"), True),
    "another encryption context": (worker(ENCRYPTED), decrypting(KEY_FOR_ACCOUNT, "other"), False),
    "what can't be limited to a resource": (
        worker(policy({"Action": "batch:DescribeJobs", "Resource": "*"})),
        Access("batch:DescribeJobs", JOB, ACCOUNT),
        True,
    ),
    "though a policy tries to": (
        worker(policy({"Action": "batch:DescribeJobs", "Resource": JOB})),
        Access("batch:DescribeJobs", JOB, ACCOUNT),
        False,
    ),
    "a condition on a key that the action never has": (
        worker(
            policy(
                {
                    "Action": "s3:GetObject",
                    "Resource": "*",
                    "Condition": {"StringLike": {"s3:prefix": "ns/ada/*"}},
                }
            )
        ),
        get(context={"s3:prefix": "ns/ada/x"}),
        False,
    ),
}


@pytest.fixture(scope="module")
def evaluator() -> Iterator[Evaluator]:
    with Simulator() as made:
        yield made


@pytest.mark.parametrize("case", CASES)
def test_it_decides_as_iam_does(evaluator: Evaluator, case: str) -> None:
    """Conditions, variables, boundaries, session and resource policies, and trust count as in AWS."""
    caller, access, allowed = CASES[case]
    assert evaluator.decide(caller, access).allowed is allowed


@pytest.mark.parametrize(
    ("caller", "access", "reason"),
    [
        (worker(), get(), "because no identity-based policy allows the s3:GetObject action"),
        (
            worker(EVERYTHING),
            get(policy=TLS, context={"aws:SecureTransport": "false"}),
            "with an explicit deny in a resource-based policy",
        ),
        (
            worker(EVERYTHING, policy({"Effect": "Deny", "Action": "s3:*", "Resource": "*"})),
            get(),
            "with an explicit deny in an identity-based policy",
        ),
        (
            worker(EVERYTHING, boundary=LIST),
            get(),
            "because no permissions boundary allows the s3:GetObject action",
        ),
        (
            worker(EVERYTHING, session=LIST),
            get(),
            "because no session policy allows the s3:GetObject action",
        ),
        (
            worker(ASSUME),
            assuming(TRUSTS_STATES, **HERE),
            "because no resource-based policy allows the sts:AssumeRole action",
        ),
    ],
)
def test_a_denial_says_which_policy_it_comes_from(
    evaluator: Evaluator, caller: Caller, access: Access, reason: str
) -> None:
    """The reason is worded as AWS words it, and names the kind of policy to change."""
    assert evaluator.decide(caller, access) == Verdict(False, reason)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:ListObjectsV2", "arn:aws:s3:::bucket"),
        ("nothing:Get", "*"),
        ("glue:GetDatabase", f"arn:aws:glue:us-east-1:{ACCOUNT}:table/a/b"),
    ],
)
def test_what_iam_does_not_know_is_not_decided(evaluator: Evaluator, action: str, resource: str) -> None:
    """An action that isn't one, or a resource that the action doesn't take, is an error and not a denial."""
    with pytest.raises(Undecidable, match=action):
        evaluator.decide(worker(EVERYTHING), Access(action, resource, ACCOUNT))


def test_many_may_ask_at_once(evaluator: Evaluator) -> None:
    """Each of many threads gets the answer to its own question."""
    asked = [get(f"arn:aws:s3:::{'bucket' if index % 2 else 'other'}/{index}") for index in range(200)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda access: evaluator.decide(worker(GET), access).allowed, asked))
    assert answers == [index % 2 == 1 for index in range(200)]


def test_a_missing_package_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the npm package is in no folder upwards, the error says how to get it."""
    monkeypatch.setattr(simulator, "__file__", str(tmp_path / "simulator.py"))
    with pytest.raises(UsageError, match=r"npm install --save-dev @cloud-copilot/iam-simulate") as error:
        find_package(tmp_path)
    assert "\n" not in str(error.value)


def test_without_node_there_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Node is missing, the error asks for it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match=r"install Node.js >= 20"):
        find_package(tmp_path)


def test_an_evaluator_that_has_ended_says_so() -> None:
    """A question to an evaluator whose process is gone is an error, never a decision."""
    made = Simulator()
    made._process.kill()
    made._process.wait()
    with pytest.raises(PlatformError, match="ended with code"):
        made.decide(worker(GET), get())

"""A stack with a policy that is too wide, a role without a boundary or a bucket without TLS is refused."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stacks.app import refuse_faults
from stacks.policies import UNLIMITED, faults
from stepwell.errors import PlatformError
from tests.stacks.matrix import ROWS
from tests.synthesis import Synthesized, settings, stacks

Stack = dict[str, Any]
ARN = "arn:aws:s3:::bucket"


@pytest.fixture
def stack(demo: Synthesized) -> Stack:
    """The demo's stack."""
    return demo.document


def statement(**given: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [f"{ARN}/*"], **given}


def with_policy(*statements: dict[str, Any], kind: str = "aws_iam_role_policy", at: str = "policy") -> Stack:
    """A stack of one resource with a policy."""
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    path = {"//": {"metadata": {"path": "growth-dev/role/policy"}}}
    return {"resource": {kind: {"made": {**path, at: document, "permissions_boundary": "b"}}}}


TLS = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [ARN, f"{ARN}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def bucket(**policy: Any) -> Stack:
    """A bucket whose policy is the denial of what comes without TLS, with changes."""
    document = json.dumps({"Version": "2012-10-17", "Statement": [{**TLS, **policy}]})
    return {
        "resource": {
            "aws_s3_bucket": {"made": {"bucket": "bucket"}},
            "aws_s3_bucket_policy": {"p": {"bucket": "${aws_s3_bucket.made.bucket}", "policy": document}},
        }
    }


@pytest.mark.parametrize("row", ROWS)
def test_the_platforms_own_stacks_have_no_fault(row: str) -> None:
    """Nothing that the settings can ask for is refused."""
    assert [fault for one in stacks(settings(**ROWS[row])).values() for fault in faults(one.document)] == []


WIDE: dict[str, tuple[Stack, str]] = {
    "all actions of a service": (with_policy(statement(Action=["s3:*"])), "the action 's3:*'"),
    "some actions": (with_policy(statement(Action="s3:Get*")), "the action 's3:Get*'"),
    "all resources": (with_policy(statement(Resource="*")), "the resource '*' for s3:GetObject"),
    "all metrics": (
        with_policy(statement(Action="cloudwatch:PutMetricData", Resource="*")),
        "the resource '*' for cloudwatch:PutMetricData",
    ),
    "all buckets": (with_policy(statement(Resource=["arn:aws:s3:::*"])), "the resource 'arn:aws:s3:::*'"),
    "all but": (with_policy(statement(NotAction=["iam:*"])), "an Allow with NotAction"),
    "all resources but": (with_policy(statement(NotResource=["x"])), "an Allow with NotResource"),
    "all roles to pass": (
        with_policy(statement(Action=["iam:PassRole"], Resource=["arn:aws:iam::1:role/*"])),
        "the resource 'arn:aws:iam::1:role/*' for iam:PassRole",
    ),
    "everybody": (with_policy(statement(Principal="*"), kind="aws_s3_bucket_policy"), "the principal '*'"),
    "everybody of AWS": (
        with_policy(statement(Principal={"AWS": ["*"]}), kind="aws_iam_role", at="assume_role_policy"),
        "the principal '*'",
    ),
    "a key's actions to a service": (
        with_policy(
            statement(Action=["kms:*"], Principal={"Service": "logs.amazonaws.com"}), kind="aws_kms_key"
        ),
        "the action 'kms:*'",
    ),
    "a managed policy": (with_policy(statement(Action="*"), kind="aws_iam_policy"), "the action '*'"),
}


@pytest.mark.parametrize("case", WIDE)
def test_what_is_too_wide_is_one_line(case: str) -> None:
    """A wildcard where a name would do is told with the resource that has it and what it says."""
    made, says = WIDE[case]
    found = [line for line in faults(made) if says in line]
    assert len(found) == 1
    assert found[0].startswith(next(iter(made["resource"])) + " role/policy.")


NARROW: dict[str, Stack] = {
    "names": with_policy(statement()),
    "what AWS can't limit": with_policy(statement(Action=sorted(UNLIMITED), Resource="*")),
    "any job, if it bears a tag": with_policy(
        statement(
            Action=["batch:TerminateJob"],
            Resource=["arn:aws:batch:r:1:job/*"],
            Condition={"StringEquals": {"aws:ResourceTag/a": "b"}},
        )
    ),
    "roles of a pattern": with_policy(
        statement(Action=["iam:PassRole"], Resource=["arn:aws:iam::1:role/x-*"])
    ),
    "metrics of a namespace": with_policy(
        statement(
            Action=["cloudwatch:PutMetricData"],
            Resource="*",
            Condition={"StringEquals": {"cloudwatch:namespace": "x"}},
        )
    ),
    "a denial": with_policy(statement(Effect="Deny", Action="*", Resource="*", Principal="*")),
    "the account's own key": with_policy(
        statement(Action="kms:*", Resource="*", Principal={"AWS": "arn:aws:iam::1:root"}), kind="aws_kms_key"
    ),
    "a bucket with TLS only": bucket(),
    "text that is no policy": {"resource": {"aws_ssm_parameter": {"p": {"value": '{"Action": "*"}'}}}},
}


@pytest.mark.parametrize("case", NARROW)
def test_what_is_meant_so_is_let_through(case: str) -> None:
    """Names, denials, what AWS can't limit, and a key's account are no faults."""
    assert faults(NARROW[case]) == []


@pytest.mark.parametrize(
    "change",
    [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "s3:GetObject"},
        {"Principal": {"AWS": "arn:aws:iam::1:root"}},
        {"Action": "s3:GetObject"},
        {"Resource": [f"{ARN}/*"]},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Condition": {"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"aws:SourceVpc": "v"}}},
    ],
)
def test_a_bucket_answers_with_tls_only(change: dict[str, Any]) -> None:
    """A bucket's policy has to deny everybody everything without TLS, on bucket and objects, with no if."""
    (line,) = faults(bucket(**change))
    assert line.startswith("aws_s3_bucket made: received no policy that denies everything without TLS")


def test_a_bucket_without_a_policy_is_refused() -> None:
    """So is one whose policy is another bucket's."""
    made = bucket()
    made["resource"]["aws_s3_bucket_policy"]["p"]["bucket"] = "${aws_s3_bucket.other.bucket}"
    assert len(faults(made)) == 1
    del made["resource"]["aws_s3_bucket_policy"]
    assert len(faults(made)) == 1


@pytest.mark.parametrize(("kind", "what"), [("aws_sqs_queue", "sqs:*"), ("aws_sns_topic", "sns:Publish")])
def test_queues_and_topics_answer_with_tls_only(kind: str, what: str) -> None:
    """A queue or topic needs the same denial, in its own policy or one beside it."""
    denial = json.dumps({"Statement": [{**TLS, "Action": what, "Resource": "x"}]})
    assert len(faults({"resource": {kind: {"made": {}}}})) == 1
    assert faults({"resource": {kind: {"made": {"policy": denial}}}}) == []


def test_every_role_has_a_boundary(stack: Stack) -> None:
    """A role whose boundary is taken away is named."""
    made = copy.deepcopy(stack)
    roles = made["resource"]["aws_iam_role"].values()
    role = next(
        one for one in roles if one["//"]["metadata"]["path"].endswith("user-ada/namespace/role/role")
    )
    del role["permissions_boundary"]
    (line,) = faults(made)
    assert line.startswith("aws_iam_role user-ada/namespace/role/role: received no permissions_boundary;")


def test_what_aws_cannot_limit_is_true() -> None:
    """By AWS's own data, none of the actions that may be on '*' takes a resource."""
    script = (
        "const {isWildcardOnlyAction: only} = await import('@cloud-copilot/iam-simulate');"
        "const limited = [];"
        "for (const name of process.argv.slice(1)) if (!(await only(...name.split(':')))) limited.push(name);"
        "console.log(JSON.stringify(limited))"
    )
    command = ["node", "--input-type=module", "-e", script, *sorted(UNLIMITED)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert json.loads(done.stdout) == []


def test_a_fault_leaves_nothing_to_deploy(tmp_path: Path, stack: Stack) -> None:
    """One stack's fault is a line that names the stack, and no stack is left for Terraform."""
    for name, document in {"good": stack, "wide": with_policy(statement(Action="*"))}.items():
        folder = tmp_path / "stacks" / name
        folder.mkdir(parents=True)
        (folder / "cdk.tf.json").write_text(json.dumps(document))
    with pytest.raises(PlatformError) as error:
        refuse_faults(tmp_path)
    (line,) = str(error.value).splitlines()
    assert line.startswith("wide: aws_iam_role_policy role/policy.policy: received the action '*'; ")
    assert list(tmp_path.glob("stacks/*/cdk.tf.json")) == []


def test_cdktf_synth_runs_it(tmp_path: Path) -> None:
    """`python -m stacks`, which cdktf calls, refuses a stack with a fault."""
    root = Path(__file__).parents[2]
    (tmp_path / "environments.toml").write_bytes((root / "environments.toml").read_bytes())
    script = (
        "import stacks.app, stacks.__main__ as run; stacks.app.faults = lambda stack: ['a fault'];"
        "exit(run.told(run.main))"
    )
    environ = {
        **os.environ,
        "PYTHONPATH": f"{root}{os.pathsep}{root / 'runtime'}",
        "CDKTF_OUTDIR": str(tmp_path / "out"),
    }
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True
    )
    expected = ["Error: foundation-us-east-1: a fault", "Error: growth-dev: a fault"]
    assert (done.returncode, done.stderr.splitlines()) == (1, expected)

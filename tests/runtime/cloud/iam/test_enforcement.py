"""`stepwell local up --enforce-iam`, and acting as a role there."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner

from stepwell.cli.local import local
from stepwell.cloud import control
from stepwell.cloud.iam import simulator
from stepwell.errors import PlatformError, UsageError
from tests.runtime.cloud.iam.conftest import ACCOUNT, MakeRole, document
from tests.runtime.cloud.support import Aws, is_alive, until

ASSUMING = {"Action": "sts:AssumeRole", "Resource": "*"}


def who(variables: dict[str, str]) -> str:
    """The ARN of who acts with these variables."""
    session = boto3.Session(
        variables["AWS_ACCESS_KEY_ID"],
        variables["AWS_SECRET_ACCESS_KEY"],
        variables.get("AWS_SESSION_TOKEN"),
        variables["AWS_REGION"],
    )
    arn: str = session.client("sts", endpoint_url=variables["AWS_ENDPOINT_URL"]).get_caller_identity()["Arn"]
    return arn


def name(role: str) -> str:
    return role.rpartition("/")[2]


def test_roles_are_assumed_one_by_the_other(enforcing_cloud: control.CloudInfo, make_role: MakeRole) -> None:
    """The environment's variables are those of the last role, which the one before it has assumed."""
    first = make_role(ASSUMING)
    only = {
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Condition": {"ArnEquals": {"aws:PrincipalArn": first}},
    }
    second = make_role(trusted=document(only))
    variables = control.environment(enforcing_cloud, [name(first), name(second)])
    assert who(variables) == f"arn:aws:sts::{ACCOUNT}:assumed-role/{name(second)}/stepwell"
    with pytest.raises(
        PlatformError, match=rf"role {name(second)}: .* not authorized to perform: sts:AssumeRole"
    ):
        control.environment(enforcing_cloud, [name(second)])


def test_the_command_acts_as_a_role(
    enforcing_cloud: control.CloudInfo, make_role: MakeRole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`env --role` prints shell code that makes the shell act as the role."""
    monkeypatch.setenv("STEPWELL_HOME", str(enforcing_cloud.folder.parent))
    role = name(make_role())
    shell = CliRunner().invoke(local, ["env", "--role", role], catch_exceptions=False).output
    script = shell + 'printf %s "$AWS_ACCESS_KEY_ID"'
    key = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert key.startswith("ASIA")
    with pytest.raises(PlatformError, match="role none: "):
        CliRunner().invoke(local, ["env", "--role", "none"], catch_exceptions=False)


def test_a_cloud_is_of_one_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a cloud of the other kind runs, `up` says so and leaves it alone; its evaluator ends with it."""
    monkeypatch.setenv("STEPWELL_HOME", str(tmp_path))
    run = CliRunner().invoke
    try:
        assert "serves at" in run(local, ["up", "--enforce-iam"], catch_exceptions=False).output
        info = control.status(tmp_path)
        assert info is not None and info.enforces_iam
        assert control.up(tmp_path, enforce_iam=True) == info
        with pytest.raises(UsageError, match=r"one runs at .*, with --enforce-iam; .*stepwell local down"):
            run(local, ["up"], catch_exceptions=False)
        assert control.status(tmp_path) == info
        evaluators = [pid for pid in _children(info.pid) if "simulate.mjs" in _command(pid)]
    finally:
        control.down(tmp_path)
    assert len(evaluators) == 1
    until(lambda: is_alive(evaluators[0]), lambda alive: not alive, seconds=10)


def test_without_the_evaluator_nothing_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the npm package is missing, `up` says how to get it before it starts anything."""
    monkeypatch.setattr(simulator, "__file__", str(tmp_path / "simulator.py"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="npm install --save-dev @cloud-copilot/iam-simulate"):
        control.up(tmp_path / "home", enforce_iam=True)
    assert not (tmp_path / "home").exists()


def test_without_enforcement_everybody_may(local_cloud: control.CloudInfo, aws: Aws) -> None:
    """A cloud that doesn't enforce IAM lets a role without rights do what it likes."""
    iam = aws.client("iam")
    role = iam.create_role(RoleName=aws.name(), AssumeRolePolicyDocument=json.dumps({"Statement": []}))[
        "Role"
    ]
    variables = control.environment(local_cloud, [role["RoleName"]])
    session = boto3.Session(
        variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"], variables["AWS_SESSION_TOKEN"]
    )
    s3 = session.client("s3", "us-east-1", endpoint_url=local_cloud.url)
    s3.put_object(Bucket=aws.bucket(), Key="k", Body=b"x")


def _children(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # ended meanwhile
            continue
        if int(fields[1]) == parent:
            found.append(int(path.parent.name))
    return found


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()

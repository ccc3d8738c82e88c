"""`python -m stacks.bootstrap`: what makes an account ready."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from stepwell.cloud import control

ROOT = Path(__file__).parents[2]
ACCOUNT = "123456789012"
SETTINGS = """
[foundation]
state = "{state}"
[teams.growth]
users = [{{ name = "ada", role = "data-scientist" }}]
[teams.growth.environments.dev]
region = "us-east-1"
account = "{account}"
compute = {{ image = "i" }}
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with settings, and a cdktf that only says what it was asked to do."""
    cdktf = tmp_path / "node_modules/.bin/cdktf"
    cdktf.parent.mkdir(parents=True)
    cdktf.write_text('#!/bin/sh\necho cdktf "$@"\n')
    cdktf.chmod(0o755)
    return tmp_path


def bootstrap(
    folder: Path, cloud: control.CloudInfo, *arguments: str, account: str = ACCOUNT, state: str = "s3"
) -> subprocess.CompletedProcess[str]:
    (folder / "environments.toml").write_text(SETTINGS.format(account=account, state=state))
    environ = {**os.environ, **control.environment(cloud), "PYTHONPATH": f"{ROOT}:{ROOT / 'runtime'}"}
    command = [sys.executable, "-m", "stacks.bootstrap", *arguments]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)


def s3(cloud: control.CloudInfo) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client("s3", endpoint_url=cloud.url, region_name="us-east-1", **keys)


def test_the_bucket_is_made_once_and_the_foundation_deployed(
    checkout: Path, local_cloud: control.CloudInfo
) -> None:
    """The bucket of states is private and versioned before a state is in it; again, nothing is made."""
    name, deploy = f"stepwell-state-{ACCOUNT}-us-east-1", f"cdktf deploy foundation-{ACCOUNT}-us-east-1 -y\n"
    first = bootstrap(checkout, local_cloud, "-y")
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == f"made the bucket {name} for Terraform's states\n{deploy}"
    client = s3(local_cloud)
    assert client.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    block = client.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    assert bootstrap(checkout, local_cloud, "-y").stdout == deploy


def test_where_states_are_files_only_the_foundation_is_deployed(
    checkout: Path, local_cloud: control.CloudInfo
) -> None:
    """The same command serves both."""
    done = bootstrap(checkout, local_cloud, state="local")
    assert done.stdout == f"cdktf deploy foundation-{ACCOUNT}-us-east-1\n"


def test_credentials_of_another_account_are_told(checkout: Path, local_cloud: control.CloudInfo) -> None:
    """Nothing is deployed with credentials that no environment is for; one line says whose they are."""
    done = bootstrap(checkout, local_cloud, account="210987654321")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"Error: bootstrap: your credentials are of account {ACCOUNT}, but environments.toml has "
        "environments in 210987654321 only; use credentials of one of these\n"
    )


def test_without_aws_the_way_out_is_told(checkout: Path, local_cloud: control.CloudInfo) -> None:
    """Where nobody answers, one line says so and what is needed."""
    gone = replace(local_cloud, pid=0, port=9, url="http://127.0.0.1:9")
    done = bootstrap(checkout, gone)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: bootstrap: AWS refused or can't be reached: Could not connect")
    assert "aws sts get-caller-identity" in line

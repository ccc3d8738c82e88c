"""`stepwell doctor`, as a person runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import environment

COMMAND = [sys.executable, "-c", "from stepwell.cli.main import main; main()", "doctor"]


def doctor(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run it on a machine on which AWS was never set up, but for the variables `more`."""
    environ = environment(folder / "home", **{
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(folder / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
        **more,
    })  # fmt: skip
    return subprocess.run([*COMMAND, *arguments], cwd=folder, env=environ, capture_output=True, text=True)


def test_a_laptop_is_enough(tmp_path: Path) -> None:
    """Without an environment the machine is looked at, AWS is left out, and nothing has failed."""
    done = doctor(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    outcomes = {line.split()[0]: line.split()[1] for line in done.stdout.splitlines()}
    assert (outcomes["python"], outcomes["home"], outcomes["tables"]) == ("ok", "ok", "ok")
    assert {outcomes[name] for name in ("environment", "credentials", "contract", "queue")} == {"skipped"}
    assert not (tmp_path / "home").exists()


def test_what_failed_is_told_with_the_way_out(tmp_path: Path) -> None:
    """With an endpoint that nobody serves the exit code is 1, and each failure has its way out."""
    done = doctor(
        tmp_path, "--timeout", "10",
        STEPWELL_ENVIRONMENT="growth-dev", AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_REGION="us-east-1",
        AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test",
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "Error: 2 of 21 checks failed: clock, credentials\n"
    assert "-> AWS_ENDPOINT_URL is http://127.0.0.1:9: is the local cloud up?" in done.stdout
    assert "contract        skipped              needs credentials" in done.stdout


def test_an_environment_that_cant_be(tmp_path: Path) -> None:
    """A STEPWELL_ENVIRONMENT of another form is one failure, and what it would name is skipped."""
    done = doctor(tmp_path, "--json", STEPWELL_ENVIRONMENT="growth")
    findings = json.loads(done.stdout)
    assert findings["environment"]["reason"].startswith("STEPWELL_ENVIRONMENT: received 'growth'")
    assert findings["environment"]["way_out"] == "`cdktf list` shows the environments there are"
    assert findings["region"] == {"outcome": "skipped", "reason": "needs environment", "way_out": ""}


@pytest.mark.xdist_group("quick")
def test_a_deployed_environment_works(tmp_path: Path, stepwell_environment: dict[str, str]) -> None:
    """In an environment of the local cloud every check of AWS is made, and is ok."""
    done = doctor(tmp_path, "--json", **stepwell_environment)
    assert (done.returncode, done.stderr) == (0, "")
    findings = json.loads(done.stdout)
    of_aws = list(findings)[list(findings).index("environment") :]
    assert {name: findings[name]["outcome"] for name in of_aws} == dict.fromkeys(of_aws, "ok")
    assert len(of_aws) == 14


@pytest.mark.xdist_group("quick")
def test_a_user_who_is_not_there(tmp_path: Path, stepwell_environment: dict[str, str]) -> None:
    """Who has no namespace in the environment hears so; the rest of the environment is looked at."""
    done = doctor(tmp_path, "--json", **{**stepwell_environment, "STEPWELL_USER": "eve"})
    assert done.returncode == 1
    findings = json.loads(done.stdout)
    assert "'user/eve' has no namespace in environment 'test-local'" in findings["namespace"]["reason"]
    assert (findings["role"]["reason"], findings["queue"]["outcome"]) == ("needs namespace", "ok")

"""`stepwell doctor` in an environment that cdktf deployed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deployment import Deployed
from tests.support import environment

pytestmark = [pytest.mark.cloud, pytest.mark.xdist_group("cloud")]


ROLES = {
    "user/ada": ["user-ada"],
    "user/dana": ["user-dana"],
    "project/flights/prod": ["user-ada", "project-flights"],
}


@pytest.mark.parametrize("namespace", ROLES)
def test_everything_works(deployed: Deployed, tmp_path: Path, namespace: str) -> None:
    """For each namespace, in its role and with IAM enforced, every check of AWS is made, and is ok."""
    done = subprocess.run(
        [sys.executable, "-c", "from stepwell.cli.main import main; main()", "doctor", "--json"],
        cwd=tmp_path,
        env=environment(
            tmp_path / "home", **deployed.acting_as(*ROLES[namespace]), STEPWELL_NAMESPACE=namespace
        ),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    findings = json.loads(done.stdout)
    of_aws = list(findings)[list(findings).index("environment") :]
    assert {name: findings[name]["outcome"] for name in of_aws} == dict.fromkeys(of_aws, "ok")
    assert findings["projects"]["reason"] == "deployer of flights"
    assert findings["catalog"]["reason"] == "databases facts, flights"

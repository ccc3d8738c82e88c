"""What `make terraform-json` writes, under Terraform alone, on the deployed local cloud."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deployment import ENVIRONMENT, ROOT, Deployed

pytestmark = [pytest.mark.cloud, pytest.mark.xdist_group("cloud")]

# What a local cloud asks of the provider; Terraform merges it into the configuration.
LOCAL = {
    "s3_use_path_style": True,
    "skip_credentials_validation": True,
    "skip_metadata_api_check": "true",
    "max_retries": 2,
}


def test_it_is_what_cdktf_deployed(deployed: Deployed, tmp_path: Path) -> None:
    """With the state of a `cdktf deploy` Terraform finds no change, and needs neither Node nor Python."""
    command = [sys.executable, "-m", "stacks.export", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    folder = tmp_path / ENVIRONMENT
    (folder / "override.tf.json").write_text(json.dumps({"provider": {"aws": LOCAL}}))
    states = Path(deployed.variables["STEPWELL_STATE_DIR"])
    shutil.copy(states / f"terraform.{ENVIRONMENT}.tfstate", folder / "terraform.tfstate")
    program = shutil.which("terraform")
    assert program
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/terraform").symlink_to(program)
    environ = {**os.environ, **deployed.variables, "PATH": str(tmp_path / "bin")}
    for arguments in (["init", "-input=false"], ["plan", "-detailed-exitcode", "-lock=false"]):
        done = subprocess.run(
            ["terraform", *arguments, "-no-color"], cwd=folder, env=environ, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert "No changes." in done.stdout

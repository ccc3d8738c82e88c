"""A folder's stacks, deployed to a local cloud for a session of tests."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from stepwell.cloud.control import CloudInfo, environment
from stepwell.environment import EnvironmentName
from stepwell.errors import PlatformError


def deploy(cloud: CloudInfo, name: EnvironmentName, folder: Path) -> dict[str, str]:
    """Deploy one from a folder with ``cdktf.json``; returns the variables that point a process at it.

    Raises:
        PlatformError: `cdktf deploy` failed; its last lines are in the message.
    """
    variables = {**environment(cloud), "STEPWELL_ENVIRONMENT": str(name)}
    with tempfile.TemporaryDirectory(prefix="stepwell-cdktf-") as output:
        done = subprocess.run(
            ["npx", "cdktf", "deploy", str(name), "--auto-approve", "--no-color", "--output", output],
            cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True,
        )  # fmt: skip
    if done.returncode:
        said = " ".join((done.stdout + done.stderr).split())[-500:]
        raise PlatformError(f"{folder}: cdktf deploy {name} ended with status {done.returncode}: {said}")
    return variables

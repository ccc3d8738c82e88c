"""A folder's stacks, deployed to a local cloud for a session of tests."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from stepwell.cloud.control import CloudInfo, environment
from stepwell.contract import EnvironmentName
from stepwell.errors import PlatformError

FOUNDATIONS = "foundation-*"
"""What environments share: it has to be there before them."""


def deploy(
    cloud: CloudInfo, name: EnvironmentName, folder: Path, output: Path | None = None
) -> dict[str, str]:
    """Deploy one from a folder with ``cdktf.json``, and what it shares with others; returns the variables
    that point a process at it.

    Nothing is left in the folder: Terraform's state lies with the cloud.

    Args:
        output: where what cdktf writes is kept, for later calls of Terraform; by default nowhere.

    Raises:
        PlatformError: `cdktf deploy` failed; its last lines are in the message.
    """
    variables = {**environment(cloud), "STEPWELL_ENVIRONMENT": str(name)}
    # the app's `python` is this one, whether or not its environment is activated
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    with ExitStack() as stack:
        if output is None:
            output = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stepwell-cdktf-")))
        for what in (FOUNDATIONS, str(name)):
            done = subprocess.run(
                ["npx", "cdktf", "deploy", what, "--auto-approve", "--no-color", "--output", str(output)],
                cwd=folder, env={**os.environ, **variables, "PATH": path}, capture_output=True, text=True,
            )  # fmt: skip
            if done.returncode:
                said = " ".join((done.stdout + done.stderr).split())[-500:]
                raise PlatformError(
                    f"{folder}: cdktf deploy {what} ended with status {done.returncode}: {said}"
                )
    return variables

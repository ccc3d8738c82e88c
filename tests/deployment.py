"""An environment deployed to the local cloud, as tests see it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stepwell.cloud import control

ROOT = Path(__file__).parents[1]
ENVIRONMENT = "growth-dev"
FOUNDATION = "foundation-us-east-1"
CDKTF = ROOT / "node_modules/.bin/cdktf"


@dataclass(frozen=True, slots=True)
class Deployed:
    """An environment that is deployed.

    Attributes:
        cloud: the local cloud that it is deployed to.
        variables: point the administrator's process at it, STEPWELL_ENVIRONMENT among them.
        output: the folder of what cdktf wrote; Terraform's working folder is ``stacks/<name>`` in it.
        left: what the deployment has left in the repository's folder.
    """

    cloud: control.CloudInfo
    variables: Mapping[str, str]
    output: Path
    left: set[Path]

    def acting_as(self, *owners: str) -> dict[str, str]:
        """Variables of a process that acts as the role of ``user-NAME``, or as one assumed by it."""
        roles = [f"stepwell-{ENVIRONMENT}-{owner}" for owner in owners]
        return {**self.variables, **control.environment(self.cloud, roles)}

    def cdktf(self, *arguments: str) -> str:
        """What a cdktf command of the repository printed; it has to succeed."""
        return self._run([str(CDKTF), *arguments, "--output", str(self.output)], ROOT)

    def terraform(self, *arguments: str) -> str:
        """What Terraform printed in the folder of the stack; it has to succeed."""
        return self._run(["terraform", *arguments, "-no-color"], self.output / "stacks" / ENVIRONMENT)

    def _run(self, command: Sequence[str], folder: Path) -> str:
        environ = {**os.environ, **self.variables}
        # `python -m stacks` is this Python, whether or not its environment is activated.
        environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

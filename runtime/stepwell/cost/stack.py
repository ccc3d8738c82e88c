"""Terraform JSON of stacks: synthesized now by the app that cdktf.json names, or written before."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from stepwell.errors import SettingsError, UsageError

NAMES = ("cdk.tf.json", "main.tf.json")
Documents = dict[str, dict[str, Any]]


def synthesized(folder: Path) -> Documents:
    """The stacks of the settings in `folder` as they are now, by name.

    Raises:
        UsageError: the folder has no cdktf.json.
        SettingsError: the app that it names did not succeed; its lines are in the message.
    """
    try:
        app = json.loads((folder / "cdktf.json").read_text())["app"]
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(
            f"{folder}: no cdktf.json that names an app is here; run it where environments.toml is, or name "
            "Terraform JSON that is there: --from PATH"
        ) from None
    with TemporaryDirectory(prefix="stepwell-synth-") as output:
        # `python` in the app's command is this one, whether or not its environment is activated
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        environ = {**os.environ, "CDKTF_OUTDIR": output, "PATH": path}
        done = subprocess.run(shlex.split(app), cwd=folder, env=environ, capture_output=True, text=True)
        if done.returncode:
            lines = [line.removeprefix("Error: ") for line in done.stderr.splitlines()]
            raise SettingsError("\n".join(lines) or f"`{app}` ended with status {done.returncode}")
        return read(Path(output))


def read(path: Path) -> Documents:
    """The stacks in a file of Terraform JSON, or in those below a folder, by the names of their folders.

    Raises:
        UsageError: there is none.
    """
    files = [path] if path.is_file() else sorted(one for name in NAMES for one in path.rglob(name))
    try:
        found = {file.resolve().parent.name: json.loads(file.read_text()) for file in files}
    except ValueError as error:
        raise UsageError(f"--from: received {str(path)!r}, which is no JSON: {error}") from None
    if not found:
        raise UsageError(
            f"--from: received {str(path)!r}, in which there is no {' or '.join(NAMES)}; name a file of "
            "Terraform JSON, or a folder such as cdktf.out or dist/terraform"
        )
    return found


def region(document: Mapping[str, Any]) -> str:
    """The region of a stack's AWS provider.

    Raises:
        UsageError: it names none.
    """
    providers = document.get("provider", {}).get("aws", [])
    providers = providers if isinstance(providers, list) else [providers]
    for one in providers:
        if "region" in one:
            return str(one["region"])
    raise UsageError(
        "the stack's AWS provider names no region; name the one to estimate with: --prices-of REGION"
    )

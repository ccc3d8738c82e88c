"""Run flows as their users do: as a command, in a folder of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping
from pathlib import Path

FLOWS = Path(__file__).parent / "flows"


def environment(home: Path, **more: str) -> dict[str, str]:
    """A process's environment in which everything local lies in `home`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("STEPWELL_", "AWS_"))}
    return {**kept, "STEPWELL_HOME": str(home), "STEPWELL_USER": "tester", **more}


def flow_command(file: Path, *arguments: str) -> list[str]:
    return [sys.executable, str(file), *arguments]


def run_flow(file: Path, home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """``python FILE ARGUMENTS``; its output is text."""
    return subprocess.run(
        flow_command(file, *arguments),
        env=environment(home, **more), cwd=file.parent, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def in_production(file: Path, home: Path, environ: Mapping[str, str], *parameters: str) -> tuple[str, str]:
    """Deploy a flow, trigger it and wait for its end: the run's id and its status."""
    created = run_flow(file, home, "step-functions", "create", **environ)
    assert created.returncode == 0, created.stderr
    triggered = run_flow(file, home, "step-functions", "trigger", *parameters, **environ)
    assert triggered.returncode == 0, triggered.stderr
    run = triggered.stdout.split()[-1]
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        listed = run_flow(file, home, "step-functions", "list-runs", **environ)
        assert listed.returncode == 0, listed.stderr
        found = re.search(rf"{run} +(\w+)", listed.stdout)
        if found and found[1] != "RUNNING":
            return run, found[1]
        time.sleep(1)
    raise AssertionError(f"run {run} did not end: {listed.stdout}")


def write_flow(folder: Path, body: str, head: str = "") -> Path:
    """A file ``made.py`` with a flow ``Made`` whose class body is `body`."""
    file = folder / "made.py"
    file.write_text(
        "import os, time\nfrom stepwell import FlowSpec, Parameter, current, step\n"
        f"{textwrap.dedent(head)}\n\n"
        f"class Made(FlowSpec):\n{textwrap.indent(textwrap.dedent(body).strip(), '    ')}\n\n\n"
        'if __name__ == "__main__":\n    Made()\n'
    )
    return file

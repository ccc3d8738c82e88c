"""Run flows as their users do: as a command, in a folder of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
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

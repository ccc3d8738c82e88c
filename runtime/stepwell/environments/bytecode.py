"""Modules of environments, compiled when they are built: a task in a container compiles nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path


def compile_modules(interpreter: str, root: Path, files: Iterable[str]) -> None:
    """Compile modules among the files of the folder `root`, but for tests, by a Python of their version."""
    modules = [str(root / file) for file in files if file.endswith(".py") and "/tests/" not in file]
    # hashes in place of times, so that the same source gives the same file; paths as in any environment
    mode = ["-qq", "-j", "0", "-s", str(root), "--invalidation-mode", "unchecked-hash", "-i", "-"]
    # one that is not of this Python is left as it is
    subprocess.run(
        [interpreter, "-m", "compileall", *mode], input="\n".join(modules), text=True, capture_output=True
    )

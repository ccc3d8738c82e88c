"""The commit of git that a flow's code is at, and whether it was changed since."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

_PATIENCE = 5.0
"""Seconds for which a large work tree is looked at; what is not known by then is not said."""

Revision = dict[str, Any]
"""``commit``, and ``dirty``: whether anything but hidden files is changed, or not committed yet."""


def ask(flow_file: Path) -> Callable[[], Revision | None]:
    """Ask git, which answers meanwhile; what is returned waits for it: None outside of a work tree."""
    folder = flow_file.resolve().parent
    if not any((above / ".git").exists() for above in (folder, *folder.parents)):
        return lambda: None
    words = ["git", "status", "--porcelain=v2", "--branch", "-z"]
    try:
        process = subprocess.Popen(
            words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        )
    except OSError:
        return lambda: None

    def answer() -> Revision | None:
        try:
            text = process.communicate(timeout=_PATIENCE)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return None
        return read(text) if process.returncode == 0 else None

    return answer


def read(status: str) -> Revision | None:
    """What ``git status --porcelain=v2 --branch -z`` says (git-status(1)); None before the first commit."""
    lines = [line for line in status.split("\0") if line]
    heads = [line.removeprefix("# branch.oid ") for line in lines if line.startswith("# branch.oid ")]
    changed = [line for line in lines if line[:2] in ("1 ", "2 ", "u ") or _is_new(line)]
    if not heads or heads[0] == "(initial)":
        return None
    return {"commit": heads[0], "dirty": bool(changed)}


def _is_new(line: str) -> bool:
    # hidden ones are never code: the datastore .stepwell is one
    return line.startswith("? ") and not any(part.startswith(".") for part in line[2:].split("/"))


def ignored(folder: Path) -> frozenset[str]:
    """What git ignores in a folder, relative to it; the names of folders end with ``/``."""
    if not any((above / ".git").exists() for above in (folder, *folder.parents)):
        return frozenset()
    words = ["git", "ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z"]
    with suppress(OSError):
        done = subprocess.run(words, cwd=folder, capture_output=True, stdin=subprocess.DEVNULL)
        return frozenset(done.stdout.decode(errors="surrogateescape").split("\0")) - {""}
    return frozenset()

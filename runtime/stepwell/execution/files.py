"""The files of a flow's code: those in the folder of its own file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from stepwell.errors import UsageError
from stepwell.flow.spec import FlowSpec
from stepwell.store.keys import STAGING

SUFFIXES = (".py", ".sql", ".toml", ".json", ".yaml", ".yml", ".txt")
"""Which files go into a package: code, and the small text files that code reads."""
MAX_BYTES = 50_000_000
MAX_FILES = 10_000
_NO_CODE = ("pyvenv.cfg", STAGING)
"""What the folder of a virtual environment, and that of a datastore, have in them."""


def source_file(flow_class: type[FlowSpec]) -> Path:
    """The file that a flow is defined in. Raises `UsageError` where there is none."""
    file = getattr(sys.modules.get(flow_class.__module__), "__file__", None)
    if file is None:
        raise UsageError(f"flow {flow_class.__name__}: its source file can't be found; define it in a file")
    return Path(file)


def code_files(flow_file: Path) -> list[Path]:
    """The files that are packed with a flow's file, itself among them, sorted by where they lie.

    Raises:
        UsageError: they are too many, or too large together; the message names the largest.
    """
    folder = flow_file.resolve().parent
    files = list(islice(_files(folder), MAX_FILES + 1))
    if len(files) > MAX_FILES:
        raise UsageError(
            f"{folder}: more than {MAX_FILES:,} files of code; a flow's code is all of its folder: "
            "move the flow to a folder of its own"
        )
    total = sum(path.stat().st_size for path in files)
    if total > MAX_BYTES:
        largest = sorted(files, key=lambda path: -path.stat().st_size)[:3]
        named = ", ".join(f"{path.relative_to(folder)} ({path.stat().st_size:,} bytes)" for path in largest)
        raise UsageError(
            f"{folder}: {total:,} bytes of code, above the limit of {MAX_BYTES:,}; the largest files are "
            f"{named}; a flow's code is all of its folder: move the flow to a folder of its own"
        )
    return sorted(files, key=lambda path: path.relative_to(folder).as_posix())


def _files(folder: Path) -> Iterator[Path]:
    for current, folders, names in os.walk(folder):
        here = Path(current)
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".")
            and name not in ("__pycache__", "node_modules")
            and not any((here / name / sign).exists() for sign in _NO_CODE)
        ]
        for name in names:
            path = here / name
            if path.suffix in SUFFIXES and not name.startswith(".") and path.is_file():
                yield path

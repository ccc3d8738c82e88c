"""The files of a flow's code: those in the folder of its own file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from stepwell.errors import UsageError
from stepwell.execution.revision import ignored
from stepwell.flow.spec import FlowSpec
from stepwell.store.keys import STAGING

SUFFIXES = (".py", ".sql", ".toml", ".json", ".yaml", ".yml", ".txt")
"""Which files go into a package: code, and the small text files that code reads."""
MAX_BYTES = 50_000_000
MAX_FILES = 10_000
_ALSO = "_stepwell_package_suffixes"
_NO_CODE = ("pyvenv.cfg", STAGING)
"""What the folder of a virtual environment, and that of a datastore, have in them."""


def source_file(flow_class: type[FlowSpec]) -> Path:
    """The file that a flow is defined in. Raises `UsageError` where there is none."""
    file = getattr(sys.modules.get(flow_class.__module__), "__file__", None)
    if file is None:
        raise UsageError(f"flow {flow_class.__name__}: its source file can't be found; define it in a file")
    return Path(file)


def pack_also(flow_class: type[FlowSpec], suffixes: Iterable[str]) -> None:
    """From now on files with these suffixes are a part of the flow's code as well."""
    for suffix in suffixes:
        if not suffix.startswith(".") or "/" in suffix:
            raise UsageError(
                f"--package-suffixes: received {suffix!r}; it takes suffixes of files separated by commas, "
                "such as .csv,.html"
            )
    setattr(flow_class, _ALSO, tuple(suffixes))


def package_suffixes(flow_class: type[FlowSpec]) -> tuple[str, ...]:
    """What `pack_also` was told."""
    also: tuple[str, ...] = getattr(flow_class, _ALSO, ())
    return also


def code_files(flow_file: Path, suffixes: Iterable[str] = ()) -> list[Path]:
    """The files that are packed with a flow's file, itself among them, sorted by where they lie.

    Args:
        suffixes: of files that count besides `SUFFIXES`.

    Raises:
        UsageError: they are too many, or too large together; the message names the largest.
    """
    folder = flow_file.resolve().parent
    files = list(islice(_files(folder, (*SUFFIXES, *suffixes)), MAX_FILES + 1))
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


def _files(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    out = ignored(folder)
    for current, folders, names in os.walk(folder):
        here = Path(current)
        at = "" if here == folder else here.relative_to(folder).as_posix() + "/"
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".")
            and name not in ("__pycache__", "node_modules")
            and f"{at}{name}/" not in out
            and not any((here / name / sign).exists() for sign in _NO_CODE)
        ]
        for name in names:
            path = here / name
            if name.endswith(suffixes) and name[0] != "." and at + name not in out and path.is_file():
                yield path

"""Pythons of environments: one of this machine or image, or one that uv fetches, which goes along.

What uv fetches (python-build-standalone) runs wherever it lies. It is packed as an environment is, and a
container unpacks it where its image has no Python of the version that was asked for.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from stepwell.environments import platforms, uv
from stepwell.errors import PackagesError

_KEYS = {
    "linux-x86_64": "linux-x86_64-gnu",
    "linux-aarch64": "linux-aarch64-gnu",
    "macos-x86_64": "macos-x86_64-none",
    "macos-arm64": "macos-aarch64-none",
}
"""By platform, how uv's names of Pythons end."""
_LEFT_OUT = re.compile(
    r"^(include|share)/|^lib/(pkgconfig|tcl|tk|itcl|thread)|\.a$|/__pycache__/|"
    r"^lib/python[\d.]+/(test|idlelib|tkinter|turtledemo|ensurepip|site-packages|config-[^/]*)/"
)
"""What no task needs of a Python: sources for compilers, tests, windows, and pip."""


def found(python: str | None) -> str | None:
    """The path of a Python that is here, outside of all packages; by default of this process's version.

    Only what can be found without uv is looked for, as in a container.
    """
    if python is None or _fits(python, sys.version_info[:3]):
        return os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    path = shutil.which(f"python{'.'.join(python.split('.')[:2])}")
    if path is None:
        return None
    words = [path, "-c", "import sys; print(*sys.version_info[:3]); print(sys._base_executable)"]
    asked = subprocess.run(words, capture_output=True, text=True)
    if asked.returncode:  # a shim of pyenv, for example
        return None
    version, base = asked.stdout.splitlines()
    return os.path.realpath(base) if _fits(python, tuple(map(int, version.split()))) else None


def _fits(python: str, version: tuple[int, ...]) -> bool:
    asked = tuple(map(int, python.split(".")))
    return version[: len(asked)] == asked


def interpreter(python: str | None) -> str:
    """`found`, or a Python that uv finds, or else fetches.

    Raises:
        PackagesError: there is none of that version, or it can't be fetched.
    """
    if here := found(python):
        return here
    assert python is not None
    if path := uv.find_python(python):
        return os.path.realpath(path)
    return str(fetched(python, platforms.here()) / "bin" / f"python{'.'.join(python.split('.')[:2])}")


def fetched(python: str, platform: str) -> Path:
    """The folder of a Python that uv has fetched, now or earlier.

    Raises:
        PackagesError: it can't be fetched.
    """
    end = _KEYS[platform]
    folder = uv.fetch_python(f"cpython-{python}-{end}")
    there = [
        path
        for path in folder.glob(f"cpython-{python}*-{end}")
        if re.fullmatch(rf"cpython-{re.escape(python)}(\.\d+)*-{end}", path.name) and not path.is_symlink()
    ]
    if not there:
        raise PackagesError(f"Python {python}: uv has put none into {folder}; see uv python list")
    return max(there, key=lambda path: [int(number) for number in re.findall(r"\d+", path.name)])


def copy(python: Path, root: Path) -> list[str]:
    """Copy what tasks need of a Python into the folder `root`; returns the names of the files."""
    files = {path.relative_to(python).as_posix(): path for path in python.rglob("*") if not path.is_dir()}
    kept = [name for name in files if not _LEFT_OUT.search(name)]
    for name in kept:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(files[name], root / name, follow_symlinks=False)
    return kept

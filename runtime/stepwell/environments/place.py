"""Where environments lie on a machine that keeps them: each unpacked once, for all runs of this user."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import stepwell
from stepwell import config
from stepwell.environments.pack import Pack


def site_packages(python: str) -> str:
    """The folder of packages in an environment of this version of Python."""
    return f"lib/python{'.'.join(python.split('.')[:2])}/site-packages"


def home() -> Path:
    """Where all of them lie."""
    return config.cache() / "environments"


def tree(name: str) -> Path:
    """Where a pack is unpacked, if it is."""
    return home() / name[:32]


@contextmanager
def staged(name: str) -> Iterator[Path]:
    """A folder that becomes a pack's `tree` at the end of the block, unless somebody was faster."""
    place = tree(name)
    place.parent.mkdir(parents=True, exist_ok=True)
    folder = place.with_name(f"{place.name}.{os.urandom(4).hex()}")
    try:
        yield folder
        with suppress(OSError):
            folder.rename(place)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unpack(pack: Pack, interpreter: str | None) -> None:
    """Unpack all of a pack to where it lies on this machine.

    Args:
        interpreter: the Python of this machine that it is for; None where it has its own.
    """
    if not tree(pack.name).exists():
        with staged(pack.name) as folder:
            if interpreter:
                furnish(folder, interpreter)
            pack.unpack(folder, lies_in=tree(pack.name))


def furnish(folder: Path, interpreter: str) -> None:
    """Make a folder a virtual environment of an interpreter of this machine; it has no packages yet."""
    (folder / "bin").mkdir(parents=True)
    for name in ("python", "python3"):
        (folder / "bin" / name).symlink_to(interpreter)
    (folder / "pyvenv.cfg").write_text(
        f"home = {Path(interpreter).parent}\ninclude-system-site-packages = false\n"
    )


def command_environment(folder: Path, environ: Mapping[str, str], runtime: Path) -> dict[str, str]:
    """The environment variables of a process in an environment: its own programs first, and Stepwell.

    Stepwell itself is in no environment: it is the one that starts the task. What it needs is in each.

    Args:
        runtime: a folder in which it is put.
    """
    runtime.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        (runtime / "stepwell").symlink_to(Path(stepwell.__file__).parent)
    kept: dict[str, Any] = {name: value for name, value in environ.items() if name not in _OTHERS}
    path = os.pathsep.join([str(folder / "bin"), environ.get("PATH", os.defpath)])
    return {**kept, "PATH": path, "PYTHONPATH": str(runtime), "PYTHONNOUSERSITE": "1"}


_OTHERS = frozenset({"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX"})

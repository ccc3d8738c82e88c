"""How long a task in a container waits for scikit-learn: from a pack, and from wheels that are there already.

Ours is a pack in a store, of which nothing is unpacked. Beside it stands a new virtual environment into which
pip installs the same locked wheels, without an index: what a bootstrap in each task comes to, of which
Metaflow's users report 10 to 28 s. Both are measured until the step has imported scikit-learn; the start-up
is what is left of that without the same imports once more, of files that lie there::

    python benchmarks/environments.py [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from report import Comparison, show

from stepwell.datastore import Datastore
from stepwell.environments import place, platforms, pythons
from stepwell.environments.container import unpacking
from stepwell.environments.pack import Pack
from stepwell.environments.prepare import prepare
from stepwell.flow.decorators.packages import Wanted
from stepwell.store import keys
from stepwell.store.folder import open_folder

PACKAGES = (("scikit-learn", "1.7.2"),)
USE = "import stepwell.execution.task, stepwell.store.opening, sklearn.cluster"
LIMIT = 2.0
"""Seconds that an environment adds to the step's imports."""


def from_pack(folder: Path, about: dict[str, Any], datastore: Datastore) -> tuple[float, float]:
    """Seconds from nothing to the step's first use, and of the same imports once more, all unpacked."""
    name = about["packs"][platforms.CONTAINER]
    began = time.perf_counter()
    file = datastore.store.open(keys.environments(datastore.namespace) + keys.pack(name))
    with file, unpacking(Pack(file, name), folder, os.environ, about["asked"]) as (python, environ):
        subprocess.run([python, "-c", USE], env=environ, check=True)
        took, began = time.perf_counter() - began, time.perf_counter()
        subprocess.run([python, "-c", USE], env=environ, check=True)
        return took, time.perf_counter() - began


def from_wheels(folder: Path, wheels: Path) -> tuple[float, float]:
    """Seconds of a new virtual environment with these wheels, to the step's first use; and that once more."""
    began = time.perf_counter()
    subprocess.run([str(pythons.found(None)), "-m", "venv", folder], check=True)
    words = ["install", "--quiet", "--no-index", "--no-deps", "--disable-pip-version-check"]
    pip = [f"{folder}/bin/pip", *words, *map(str, wheels.glob("*.whl"))]
    subprocess.run(pip, check=True, capture_output=True)
    environ = place.command_environment(folder, os.environ, folder / "runtime")
    subprocess.run([f"{folder}/bin/python", "-c", USE], env=environ, check=True)
    took, began = time.perf_counter() - began, time.perf_counter()
    subprocess.run([f"{folder}/bin/python", "-c", USE], env=environ, check=True)
    return took, time.perf_counter() - began


def medians(measure: Callable[[Path], tuple[float, float]], where: Path, rounds: int) -> list[float]:
    """Medians of what is measured in a new folder each time.

    Folders stay until the end: ext4 is slow to make files where many were removed a moment ago, and in a new
    container none were.
    """
    taken = [measure(where / str(number)) for number in range(rounds)]
    return [statistics.median(times) for times in zip(*taken, strict=True)]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--rounds", type=int, default=3)
    rounds = arguments.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="stepwell-") as folder:
        datastore = Datastore(open_folder(Path(folder, "store")), "user/bench")
        said = prepare({"fit": Wanted("pypi", None, PACKAGES)}, datastore, print)
        locked, wheels = Path(folder, "lock.txt"), Path(folder, "wheels")
        locked.write_text(*said["locks"].values())
        download = ["download", "--quiet", "--no-deps", "-r", str(locked), "-d", str(wheels)]
        done = subprocess.run([sys.executable, "-m", "pip", *download], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        measure = partial(from_pack, about=said["steps"]["fit"], datastore=datastore)
        measure(Path(folder, "warm"))
        ours, imports = medians(measure, Path(folder, "packs"), rounds)
        theirs, again = medians(partial(from_wheels, wheels=wheels), Path(folder, "venvs"), 1)
    show(
        "A step in a container that uses scikit-learn", "pack", "pip",
        [
            Comparison("start-up of its environment", "s", ours - imports, theirs - again, limit=LIMIT),
            Comparison("until it is imported", "s", ours, theirs),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()

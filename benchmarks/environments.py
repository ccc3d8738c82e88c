"""How long a task in a container waits for scikit-learn: from a pack, and from wheels that are there already.

Ours is from the start of the job's environment to the step's first use of scikit-learn: the pack lies in a
store, and nothing of it is unpacked. Beside it stands a new virtual environment into which pip installs the
same locked wheels, without an index: what a bootstrap in each task comes to, of which Metaflow's users report
10 to 28 s. The import itself is a part of both, and is measured alone as well::

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
from pathlib import Path

from report import Comparison, show

from stepwell.datastore import Datastore
from stepwell.environments import place, platforms, uv
from stepwell.environments.container import unpacking
from stepwell.environments.pack import Pack
from stepwell.environments.prepare import prepare
from stepwell.flow.decorators.packages import Wanted
from stepwell.store import keys
from stepwell.store.folder import open_folder

PACKAGES = (("scikit-learn", "1.7.2"),)
USE = "import sklearn.cluster, stepwell.execution.task, stepwell.store.opening"
LIMIT = 2.0
"""Seconds until a step can use scikit-learn."""


def from_pack(datastore: Datastore, name: str) -> tuple[float, float]:
    """Seconds from nothing to the step's first use, and of the same imports once more, all unpacked."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="stepwell-") as folder:
        file = datastore.store.open(keys.environments(datastore.namespace) + keys.pack(name))
        with file, unpacking(Pack(file, name), Path(folder), os.environ) as (python, environ):
            subprocess.run([python, "-c", USE], env=environ, check=True)
            took, began = time.perf_counter() - began, time.perf_counter()
            subprocess.run([python, "-c", USE], env=environ, check=True)
            return took, time.perf_counter() - began


def from_wheels(wheels: Path) -> float:
    """Seconds of a new virtual environment with these wheels, to the step's first use."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="stepwell-") as folder:
        subprocess.run([uv.interpreter(None), "-m", "venv", folder], check=True)
        words = ["install", "--quiet", "--no-index", "--no-deps", "--disable-pip-version-check"]
        pip = [f"{folder}/bin/pip", *words, *map(str, wheels.glob("*.whl"))]
        subprocess.run(pip, check=True, capture_output=True)
        environ = place.command_environment(Path(folder), os.environ, Path(folder, "runtime"))
        subprocess.run([f"{folder}/bin/python", "-c", USE], env=environ, check=True)
    return time.perf_counter() - began


def medians(measure: Callable[[], tuple[float, ...]], rounds: int) -> list[float]:
    measure()  # fills caches
    return [statistics.median(times) for times in zip(*(measure() for _ in range(rounds)), strict=True)]


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
        subprocess.run([sys.executable, "-m", "pip", *download], check=True)
        pack = said["steps"]["fit"]["packs"][platforms.CONTAINER]
        ours, imports = medians(lambda: from_pack(datastore, pack), rounds)
        theirs = from_wheels(wheels)
    show(
        "Until a step in a container uses scikit-learn", "pack", "pip",
        [
            Comparison("start of an environment", "s", ours, theirs, limit=LIMIT),
            Comparison("... without the imports", "s", ours - imports, theirs - imports),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()

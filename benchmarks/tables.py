"""Stepwell beside Metaflow, in one run on one machine: a table as an artifact, saved, loaded, a column of it.

Both are measured at their own datastore on a local folder, without the processes of a run around
it, each time in a fresh process, where a table of one row went before; the two take turns, and
what counts is the median and the ratio.
``make bench`` runs it where both are installed from wheels::

    python benchmarks/tables.py [--rows 10000000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from report import Comparison, show

# How many times smaller ours is to be, and how often each is measured a round.
TARGETS = {"save": 6.0, "load": 10.0, "column": 30.0}
TIMES = {"save": 1, "load": 3, "column": 3}
MEMORY = 1.2
"""Peak memory of our load at most, as a multiple of the table's size in Arrow."""


def stepwell_save(folder: Path, table: Any) -> Callable[[], object]:
    from stepwell.artifacts.codec import encode
    from stepwell.artifacts.manifest import Manifest
    from stepwell.store.opening import open_store

    store = open_store(str(folder))

    def save() -> None:
        row = encode("table", table, where="step start", store=store, namespace="user/bench")
        store.put("manifest.parquet", Manifest({}, {"table": row}).to_bytes(), if_absent=True)

    return save


def stepwell_load(folder: Path) -> Callable[[], object]:
    from stepwell.artifacts.codec import decode
    from stepwell.artifacts.manifest import Manifest
    from stepwell.store.opening import open_store

    store = open_store(str(folder))

    def load() -> object:
        manifest = Manifest.from_bytes(store.get("manifest.parquet"), "manifest.parquet")
        return decode(manifest.rows["table"], store)

    return load


def stepwell_column(folder: Path) -> Callable[[], object]:
    from stepwell.artifacts.lazy import Artifact
    from stepwell.artifacts.manifest import Manifest
    from stepwell.store.opening import open_store

    store = open_store(str(folder))

    def load() -> object:
        manifest = Manifest.from_bytes(store.get("manifest.parquet"), "manifest.parquet")
        return Artifact(manifest.rows["table"], store).table(columns=["x"])

    return load


def _metaflow(folder: Path) -> Any:
    from metaflow.datastore import FlowDataStore
    from metaflow.plugins.datastores.local_storage import LocalStorage

    return FlowDataStore("Bench", storage_impl=LocalStorage, ds_root=str(folder))


def metaflow_save(folder: Path, table: Any) -> Callable[[], object]:
    task = _metaflow(folder).get_task_datastore("1", "start", "1", attempt=0, mode="w")
    task.init_task()

    def save() -> None:
        task.save_artifacts(iter([("table", table)]))
        task.done()

    return save


def metaflow_load(folder: Path) -> Callable[[], object]:
    store = _metaflow(folder)
    return lambda: store.get_task_datastore("1", "start", "1")["table"]


def metaflow_column(folder: Path) -> Callable[[], object]:
    load = metaflow_load(folder)
    return lambda: load().select(["x"])  # type: ignore[attr-defined]


def sample(rows: int) -> Any:
    """A table of one integer and two floating-point columns."""
    import numpy as np
    import pyarrow as pa

    random = np.random.default_rng(0)
    return pa.table({"id": np.arange(rows), "x": random.random(rows), "y": random.normal(size=rows)})


def peak() -> int:
    """The most memory that this process has had since `forget_peak`, in bytes."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) << 10


def forget_peak() -> int:
    """Begin to measure `peak` anew; what there is now (Linux: proc(5), ``clear_refs``)."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def measure(framework: str, what: str, folder: Path, rows: int) -> tuple[float, float]:
    """Seconds that one save or load takes in this process, after one of a single row, and the memory that
    it takes at its peak, as a multiple of the whole table's size in Arrow."""
    prepare = globals()[f"{framework}_{what}"]
    seconds = memory = 0.0
    for count in (1, rows):
        place = folder / str(count)
        work = prepare(place, sample(count)) if what == "save" else prepare(place)
        before = forget_peak()
        start = time.perf_counter()
        result = work()
        seconds = time.perf_counter() - start
        memory = peak() - before
        # Made only now: fresh memory is slow at first touch, and what was taken before would be counted.
        whole = sample(count)
        assert what == "save" or result.equals(whole if what == "load" else whole.select(["x"]))
    return seconds, memory / whole.nbytes


def compare(rows: int, rounds: int) -> list[Comparison]:
    seconds: dict[tuple[str, str], list[float]] = {}
    memory: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for framework in ("stepwell", "metaflow"):
            with tempfile.TemporaryDirectory() as folder:
                for what in (what for what, times in TIMES.items() for _ in range(times)):
                    one = ["--one", framework, what, folder, "--rows", str(rows)]
                    output = subprocess.check_output([sys.executable, __file__, *one], text=True)
                    took, most = map(float, output.split())
                    seconds.setdefault((framework, what), []).append(took)
                    memory.setdefault((framework, what), []).append(most)
    medians = {which: statistics.median(times) for which, times in seconds.items()}
    peaks = [statistics.median(memory[framework, "load"]) for framework in ("stepwell", "metaflow")]
    return [
        *(
            Comparison(
                f"{what} {rows:,} rows", "s", medians["stepwell", what], medians["metaflow", what], target
            )
            for what, target in TARGETS.items()
        ),
        Comparison("peak memory of a load", "x", *peaks, limit=MEMORY),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", nargs=3, metavar=("FRAMEWORK", "WHAT", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        framework, what, folder = arguments.one
        print(*measure(framework, what, Path(folder), arguments.rows))
    else:
        show("A table as an artifact", "Stepwell", "Metaflow", compare(arguments.rows, arguments.rounds))


if __name__ == "__main__":
    main()

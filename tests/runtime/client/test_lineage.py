"""Which tables a run used, and its code."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from stepwell import Flow, Run
from stepwell.client.lineage import TableUse
from stepwell.datastore import Datastore
from stepwell.execution.package import pack
from tests.runtime.client.support import claim, finish
from tests.support import run_flow, write_flow


def test_lineage(ada: Datastore) -> None:
    """Each snapshot that a run read or wrote is told once, without those that it wrote itself and read."""
    claim(ada, "one")

    def pin(snapshot: int | None) -> dict[str, int | None]:
        return {"snapshot_id": snapshot, "sequence_number": 1}

    finish(ada, "one", "start/0", table_reads={"facts.b": pin(1), "facts.new": pin(None)})
    wrote = {"table": "train.out", "mode": "append", **pin(7)}
    finish(ada, "one", "fit/0", minute=1, table_reads={"facts.a": pin(2)}, table_writes=[wrote])
    finish(ada, "one", "end/0", minute=2, table_reads={"facts.b": pin(1), "train.out": pin(7)})
    lineage = Run("Train/one").lineage
    assert lineage.reads == (
        TableUse("facts.a", 2, "read", "fit", "0"),
        TableUse("facts.b", 1, "read", "start", "0"),
        TableUse("facts.new", None, "read", "start", "0"),
    )
    assert lineage.writes == (TableUse("train.out", 7, "append", "fit", "0"),)


def test_who_wrote_what_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run's lineage leads to the task of another run that wrote the snapshot it read."""
    home = tmp_path / "home"
    monkeypatch.setenv("STEPWELL_HOME", str(home))
    monkeypatch.setenv("STEPWELL_USER", "tester")
    body = """
        make = Parameter("make", default=False)

        @step
        def start(self):
            if self.make:
                write_table("facts.numbers", pa.table({"n": [1, 2]}))
            else:
                self.rows = table("facts.numbers").rows
            self.next(self.end)

        @step
        def end(self):
            pass
    """
    flow = write_flow(tmp_path, body, "import pyarrow as pa\nfrom stepwell import table, write_table")
    assert run_flow(flow, home, "run", "--make", "true").returncode == 0
    assert run_flow(flow, home, "run").returncode == 0
    reader, writer = Flow("Made")
    assert writer.lineage.writes[0].snapshot_id == reader.lineage.reads[0].snapshot_id
    assert reader.lineage.written_by == {"facts.numbers": f"Made/{writer.id}/start/0"}
    assert writer.lineage.written_by == {}


def test_code(ada: Datastore, tmp_path: Path) -> None:
    """The code of a deployed run is listed, and unpacked as it was; a local run has none."""
    folder = tmp_path / "flow"
    (folder / "sub").mkdir(parents=True)
    (folder / "flow.py").write_text("print('hello')\n")
    (folder / "sub/query.sql").write_text("select 1\n")
    package = pack(folder / "flow.py")
    ada.put_code(package.sha256, package.data)
    claim(ada, "one", code=package.sha256)
    claim(ada, "local")
    code = Run("Train/one").code
    assert code is not None
    assert code.files == ["flow.py", "sub/query.sql"]
    assert code.sha256 == hashlib.sha256(package.data).hexdigest()
    assert (code.extract(tmp_path / "out") / "sub/query.sql").read_text() == "select 1\n"
    with code.tarball as tar:
        member = tar.extractfile("flow.py")
        assert member is not None and member.read() == b"print('hello')\n"
    assert Run("Train/local").code is None

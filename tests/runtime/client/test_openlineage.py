"""Which runs used a table, as text and as events of OpenLineage."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

import stepwell
from stepwell import FlowSpec, step
from stepwell.cli.main import group
from stepwell.datastore import Datastore, RunInfo, utc_now
from stepwell.flow.graph import TaskId
from stepwell.store.opening import open_store
from stepwell.testing.task import RUN, run_task_here


class Copies(FlowSpec):
    @step
    def start(self) -> None:
        stepwell.write_table("flights.copy", stepwell.table("facts.flights").to_arrow())
        self.next(self.end)

    @step
    def end(self) -> None: ...


def test_lineage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run's reads and writes are found from the table and from the run; events name both with snapshots."""
    monkeypatch.setenv("STEPWELL_HOME", str(tmp_path))
    monkeypatch.setenv("STEPWELL_USER", "ada")
    monkeypatch.delenv("STEPWELL_ENVIRONMENT", raising=False)
    read = stepwell.write_table("facts.flights", pa.table({"n": [1]})).snapshot_id
    datastore = Datastore(open_store(str(tmp_path)), "user/ada")
    datastore.claim_run(RunInfo("Copies", RUN, "user/ada", "ada", utc_now(), "local"))
    for task in ("start", "end"):
        run_task_here(Copies, TaskId(task, "0"), datastore, "ada", {})
    written = stepwell.table("flights.copy").snapshot_id

    def said(*arguments: str) -> str:
        done = CliRunner().invoke(group, ["lineage", *arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    assert f"facts.flights  {read}  read by  Copies/test  user/ada" in " ".join(
        said("facts.flights").split(" ")
    )
    of_run = said("Copies/test")
    assert f"{read}" in of_run and f"{written}" in of_run and "written by" in of_run
    (event,) = [json.loads(line) for line in said("Copies/test", "--openlineage").splitlines()]
    assert event["eventType"] == "COMPLETE" and datetime.fromisoformat(event["eventTime"])
    assert uuid.UUID(event["run"]["runId"]) and event["job"]["name"] == "Copies"
    used = event["inputs"] + event["outputs"]
    found = [(one["name"], one["facets"]["version"]["datasetVersion"]) for one in used]
    assert found == [("facts.flights", str(read)), ("flights.copy", str(written))]
    assert said("facts.flights", "--openlineage").count("\n") == 1

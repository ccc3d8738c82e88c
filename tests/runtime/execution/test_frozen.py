"""What a code package takes along besides code, as a Batch job finds it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from stepwell import FlowSpec
from stepwell.datastore import Datastore
from stepwell.execution import package
from stepwell.execution.job import run_job
from stepwell.execution.run import portable_parameters
from stepwell.flow.graph import TaskId
from stepwell.store.opening import open_store
from tests.support import environment, write_flow

BODY = """
cfg = Config("cfg", default="cfg.toml")
kept = IncludeFile("kept", default="kept.csv")
given = IncludeFile("given", is_text=False)
@resources(memory=cfg.memory)
@step
def start(self):
    self.seen = (self.cfg.memory, self.kept, self.given)
    self.next(self.end)
@step
def end(self): pass
"""


@pytest.fixture
def flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[FlowSpec]:
    """The flow, made in a folder with its files."""
    folder = tmp_path / "flow"
    folder.mkdir()
    (folder / "cfg.toml").write_text("memory = 8192")
    (folder / "kept.csv").write_text("a,b")
    monkeypatch.chdir(folder)
    file = write_flow(folder, BODY, head="from stepwell import Config, IncludeFile, resources")
    spec = importlib.util.spec_from_file_location("made", file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "made", module)
    spec.loader.exec_module(module)
    made: type[FlowSpec] = module.Made
    return made


def test_a_job_sees_what_was_frozen(flow: type[FlowSpec], tmp_path: Path) -> None:
    """A job has the config and the default file of when the flow was packed, and the file a trigger read."""
    packed = package.pack_flow(flow)
    Path("cfg.toml").write_text("memory = 1")
    Path("kept.csv").unlink()
    Path("blob").write_bytes(b"\xff")
    store = tmp_path / "store"
    datastore = Datastore(open_store(str(store)), "user/tester")
    datastore.put_code(packed.sha256, packed.data)
    datastore.put_parameters("Made", "sfn-1", portable_parameters(flow, {"given": "blob"}))
    Path("blob").unlink()
    variables = {
        "DATASTORE": str(store), "NAMESPACE": "user/tester", "CODE": packed.sha256, "FLOW": "Made",
        "FLOW_FILE": packed.flow_file, "RUN": "sfn-1", "STEP": "start", "TASK": "0",
    }  # fmt: skip
    more = {f"STEPWELL_{name}": value for name, value in variables.items()}
    assert run_job(environment(tmp_path / "home", **more)) == 0
    (manifest,) = datastore.load("Made", "sfn-1", [TaskId("start", "0")])
    assert datastore.data(manifest).seen == (8192, "a,b", b"\xff")
    assert datastore.data(manifest).cfg == {"memory": 8192}


def test_the_same_values_give_the_same_package(flow: type[FlowSpec]) -> None:
    """A package's hash changes with a default file that is no code, and with nothing else."""
    first = package.pack_flow(flow)
    assert package.pack_flow(flow) == first
    Path("kept.csv").write_text("a,c")
    assert package.pack_flow(flow).sha256 != first.sha256

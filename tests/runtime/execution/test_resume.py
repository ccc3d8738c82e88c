"""Resumed runs: what was done is taken over, the rest is run, with the same parameters."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepwell import Flow
from stepwell.client.objects import Run
from tests.support import run_flow, write_flow

FLOW = """
scale = Parameter("scale", default=1)
@step
def start(self):
    self.items = [1, 2, 3]
    self.at = time.time()
    self.next(self.fetch, foreach="items")
@step
def fetch(self):
    if self.input == 2 and not os.path.exists(os.environ["MENDED"]):
        raise ValueError("broken")
    self.result = self.input * self.scale
    self.at = time.time()
    self.next(self.join)
@step
def join(self, inputs):
    self.total = sum(one.result for one in inputs)
    self.next(self.end)
@step
def end(self): pass
"""


@pytest.fixture
def failed(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A flow's file, of which a run with ``--scale 10`` failed in one item; it would not fail again."""
    monkeypatch.setenv("MENDED", str(tmp_path / "mended"))
    file = write_flow(tmp_path, FLOW)
    assert run_flow(file, home, "run", "--scale", "10", "--max-workers", "1").returncode == 1
    (tmp_path / "mended").touch()
    return file


def resumed(file: Path, *arguments: str) -> Run:
    ended = run_flow(file, file.parent / "home", "resume", *arguments)
    assert ended.returncode == 0, ended.stderr
    return Flow("Made").latest_run


def artifacts(run: Run, step: str, name: str) -> list[object]:
    return [task[name].load() for task in run[step] if task.successful]


def test_resume_takes_over_what_was_done(failed: Path) -> None:
    """Finished tasks keep their artifacts and objects; the failed one and what follows it run."""
    origin = Flow("Made").latest_run
    run = resumed(failed)
    assert run.data.total == 60
    assert run["start"].task.data.at == origin["start"].task.data.at
    assert artifacts(run, "fetch", "at")[0] == artifacts(origin, "fetch", "at")[0]
    assert run["start"].task.manifest.meta["taken_from"] == f"Made/{origin.id}/start/0"
    assert "taken_from" not in run["fetch"]["0-1"].manifest.meta
    assert run.info.origin == origin.id
    assert run.info.parameters == origin.info.parameters == {"scale": "10"}


def test_resume_from_a_step(failed: Path) -> None:
    """`resume STEP` runs the step and all that follow it again, and nothing before it."""
    first = resumed(failed)
    run = resumed(failed, "fetch", "--origin-run-id", first.id)
    assert run["start"].task.data.at == first["start"].task.data.at
    assert not set(artifacts(run, "fetch", "at")) & set(artifacts(first, "fetch", "at"))
    assert run.data.total == 60


def test_resume_of_start_has_the_parameters(failed: Path) -> None:
    """Even where `start` itself runs again, the run has the parameters of its origin."""
    assert resumed(failed, "start").data.total == 60


def test_a_resumed_run_can_be_resumed(failed: Path) -> None:
    """What a resumed run has taken over is taken over from it in turn."""
    first = resumed(failed)
    second = resumed(failed, "end")
    assert second["fetch"]["0-0"].manifest.meta["taken_from"] == f"Made/{first.id}/fetch/0-0"
    assert second.data.total == 60


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fecth"], "received the step 'fecth', which flow Made does not have; did you mean 'fetch'?"),
        (["--origin-run-id", "nope"], "run Made/nope is not in namespace 'user/tester'"),
    ],
)
def test_bad_origins_are_one_line(arguments: list[str], message: str, failed: Path) -> None:
    """A step or run that does not exist is one line, and nothing starts."""
    before = len(list(Flow("Made")))
    ended = run_flow(failed, failed.parent / "home", "resume", *arguments)
    assert ended.returncode != 0 and ended.stderr.startswith(f"Error: {message}")
    assert ended.stderr.count("\n") == 1
    assert len(list(Flow("Made"))) == before

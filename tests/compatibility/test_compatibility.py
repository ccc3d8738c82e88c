"""The same flow under Metaflow and under Stepwell, by changing the one import line."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from stepwell import Run, Runner
from stepwell.runner.arguments import arguments

FLOWS = Path(__file__).parent / "flows"
GIVEN: dict[str, dict[str, Any]] = {
    "parameters.py": {"alpha": 0.5, "title": "two words", "verbose": True, "options": {"depth": 3}},
    "switch.py": {"number": 30},
}
OWN = {
    "name",  # an artifact that Metaflow makes of the flow's own name
    "problem",  # what @catch leaves is of a class of its own under each
}
Tasks = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="session")
def metaflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """Metaflow, keeping everything in a folder of this session."""
    folder = tmp_path_factory.mktemp("metaflow")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("METAFLOW_DATASTORE_SYSROOT_LOCAL", str(folder / "store"))
        patch.setenv("METAFLOW_HOME", str(folder / "home"))
        patch.setenv("METAFLOW_USER", "tester")
        import metaflow

        metaflow.namespace(None)
        yield metaflow


def under_metaflow(file: Path, given: dict[str, Any], metaflow: ModuleType) -> Tasks:
    """Run a flow with its import line changed, and give what each task left, by step."""
    text = file.read_text()
    assert text.count("from stepwell import ") == 1
    file.write_text(text.replace("from stepwell import ", "from metaflow import "))
    command = [sys.executable, str(file), "--quiet", "--no-pylint", "run", "--run-id-file", "run"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("STEPWELL_")}
    done = subprocess.run(
        [*command, *arguments(given)], cwd=file.parent, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (flow,) = (
        line.split("(")[0].removeprefix("class ") for line in text.splitlines() if "(FlowSpec)" in line
    )
    run = metaflow.Run(f"{flow}/{(file.parent / 'run').read_text()}")
    return by_step(
        (step.id, {artifact.id: artifact.data for artifact in task if not artifact.id.startswith("_")})
        for step in run
        for task in step
    )


def under_stepwell(file: Path, given: dict[str, Any], home: Path) -> Tasks:
    """Run a flow as it is, and give what each task left, by step."""
    variables = {"STEPWELL_HOME": str(home), "STEPWELL_USER": "tester"}
    with Runner(file, show_output=False, env=variables, cwd=file.parent).run(**given) as running:
        assert running.status == "successful", running.stdout + running.stderr
        run: Run = running.run
        return by_step(
            (step.id, {artifact.id: artifact.load() for artifact in task}) for step in run for task in step
        )


def by_step(tasks: Iterator[tuple[str, dict[str, Any]]]) -> Tasks:
    """Tasks have other ids under each, so those of a step are ordered by what they left."""
    found: Tasks = {}
    for step, artifacts in tasks:
        kept = {name: value for name, value in artifacts.items() if name not in OWN}
        found.setdefault(step, []).append(dict(sorted(kept.items())))
    return {step: sorted(left, key=repr) for step, left in found.items()}


def same(left: Any, right: Any) -> bool:
    """Equal in value and in the name of the type; NaN equals NaN."""
    if type(left).__name__ != type(right).__name__:
        return False
    if hasattr(left, "dtype") and hasattr(left, "tobytes"):
        return bool(left.dtype == right.dtype and left.tobytes() == right.tobytes())
    if isinstance(left, float):
        return left == right or (math.isnan(left) and math.isnan(right))
    if hasattr(left, "equals"):
        return bool(left.equals(right))
    return bool(left == right)


@pytest.mark.parametrize("file", sorted(path.name for path in FLOWS.glob("*.py")))
def test_artifacts_are_the_same(file: str, metaflow: ModuleType, tmp_path: Path) -> None:
    """Each flow leaves the same tasks with the same artifacts under both."""
    given = GIVEN.get(file, {})
    shutil.copytree(FLOWS, tmp_path / "flows")
    ours = under_stepwell(tmp_path / "flows" / file, given, tmp_path / "home")
    theirs = under_metaflow(tmp_path / "flows" / file, given, metaflow)
    assert {step: len(left) for step, left in ours.items()} == {
        step: len(left) for step, left in theirs.items()
    }
    for step, left in ours.items():
        for mine, other in zip(left, theirs[step], strict=True):
            assert mine.keys() == other.keys(), step
            for name, value in mine.items():
                assert same(value, other[name]), (step, name, value, other[name])

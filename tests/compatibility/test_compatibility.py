"""The same flow under Metaflow and under Stepwell, by changing the one import line."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import stepwell
from stepwell import Run, Runner
from stepwell.absent import ABSENT
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
    # nodes of a gang are started as `python`
    environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environ["PATH"]])
    done = subprocess.run(
        [*command, *arguments(given)], cwd=file.parent, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (flow,) = (
        line.split("(")[0].removeprefix("class ") for line in text.splitlines() if "(FlowSpec)" in line
    )
    run = metaflow.Run(f"{flow}/{(file.parent / 'run').read_text()}")
    return by_step(
        (step.id, {artifact.id: artifact.data for artifact in task if artifact.id[0] != "_"})
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
            (step.id, {artifact.id: artifact.load() for artifact in task if artifact.id[0] != "_"})
            for step in run
            for task in step
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


INTERNAL = re.compile(r"(.*_internal|R|EXT_PKG)")
"""Names of Metaflow that are no part of what it documents: decorators of its schedulers, constants."""
COMPATIBILITY = (FLOWS.parents[2] / "docs/compatibility.md").read_text()


def test_every_name_is_there_or_says_the_way_out(metaflow: ModuleType) -> None:
    """Each public name of the installed Metaflow is one of ours or is refused with what to do instead,
    and stands in the table; nothing is refused that Metaflow has not, or that is ours by now."""
    theirs = {
        name
        for name, value in vars(metaflow).items()
        if name[0] != "_" and not isinstance(value, ModuleType) and not INTERNAL.fullmatch(name)
    }
    assert theirs - set(stepwell.__all__) - ABSENT.keys() == set()
    assert ABSENT.keys() - theirs == ABSENT.keys() & set(stepwell.__all__) == set()
    named = set(re.findall(r"`@?(\w+)", COMPATIBILITY.partition("## Commands")[0]))
    assert theirs - named == set()


def test_every_command_is_in_the_table(metaflow: ModuleType, tmp_path: Path) -> None:
    """Each command and option of the installed Metaflow's command line stands in the table."""
    shutil.copy(FLOWS / "hello.py", tmp_path)
    file = tmp_path / "hello.py"
    file.write_text(file.read_text().replace("from stepwell import ", "from metaflow import "))

    def said(*words: str) -> set[str]:
        command = [sys.executable, str(file), *words, "--help"]
        text = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        listed = re.findall(r"^  (--?[\w-]+|[a-z][\w-]+)", text.partition("Options:")[2], re.MULTILINE)
        return set(listed) - {"--help"}

    documented = set(re.findall(r"`?(--[\w-]+|\b[a-z][\w-]+)", COMPATIBILITY.partition("## Commands")[2]))
    assert said() - documented == set()
    commands = ["run", "resume", "spin", "dump", "logs show", "tag", "tag list", "package", "step-functions"]
    commands += [
        f"step-functions {name}" for name in ("create", "trigger", "list-runs", "delete", "terminate")
    ]
    for command in commands:
        assert said("--no-pylint", *command.split()) - documented == set(), command


def test_a_name_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """A flow that imports what Stepwell has not is told where, and what to do instead."""
    file = tmp_path / "made.py"
    file.write_text("from stepwell import FlowSpec, step\nfrom stepwell import card\n")
    ended = subprocess.run([sys.executable, str(file)], capture_output=True, text=True)
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1
    assert ended.stderr.startswith("Error: made.py:2: stepwell has no 'card', which Metaflow has; show")
    with pytest.raises(ImportError, match=r"stepwell has no 'profile', which Metaflow has; "):
        from stepwell import profile  # type: ignore[attr-defined]  # noqa: F401

"""One step of a past run, run again."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepwell import Flow, Run
from tests.support import FLOWS, run_flow


@pytest.fixture
def home(home: Path) -> Path:
    """A home with a finished run of the nested flow."""
    assert run_flow(FLOWS / "nested.py", home, "run").returncode == 0
    return home


@pytest.mark.parametrize(
    ("task", "name", "value"),
    [
        ("inner/0-2-1", "square", 25),
        ("inner", "square", 1),
        ("inner_join/0-2", "sum", 77),
        ("end", "sums", [5, 9, 77]),
    ],
)
def test_a_step_has_the_inputs_it_had(task: str, name: str, value: object, home: Path) -> None:
    """Any task of a past run runs again by itself: in a foreach, a join, or the end."""
    before = Flow("Nested").latest_run
    ended = run_flow(FLOWS / "nested.py", home, "spin", task)
    assert ended.returncode == 0, ended.stderr
    run = Run(ended.stdout.splitlines()[-1].removeprefix("Done: ").rsplit("/", 2)[0])
    assert run.id.startswith("spin-") and run.info.origin == before.id
    step, _, path = task.partition("/")
    done = run[step][path] if path else run[step].task
    assert done[name].load() == value
    assert "taken_from" not in done.manifest.meta


def test_the_newest_run_is_one_that_was_run(home: Path) -> None:
    """What `spin` leaves is not among the flow's runs: the next `spin` starts from a whole run."""
    before = [run.id for run in Flow("Nested")]
    assert run_flow(FLOWS / "nested.py", home, "spin", "inner").returncode == 0
    assert [run.id for run in Flow("Nested")] == before
    assert run_flow(FLOWS / "nested.py", home, "spin", "end").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["iner"], "received the step 'iner', which flow Nested does not have; did you mean 'inner'?"),
        (["inner/0-9-0"], "has no task 'inner/0-9-0': the foreach of start/0 had 3 items"),
        (["inner/0-2-9"], "has no task 'inner/0-2-9': the foreach of outer/0-2 had "),
        (["inner/0"], "spin: received the task 'inner/0'; one of that step is named like inner/0-0-0"),
        (["inner/0-0-r0"], "received the task 'inner/0-0-r0'; one of that step is named like inner/0-0-0"),
        (["inner/x"], "received the task 'inner/x'; one of that step is named like inner/0-0-0"),
    ],
)
def test_what_is_not_there_is_one_line(arguments: list[str], message: str, home: Path) -> None:
    """A step or task that does not exist is one line, and no run is begun."""
    ended = run_flow(FLOWS / "nested.py", home, "spin", *arguments)
    assert ended.returncode != 0 and message in ended.stderr and ended.stderr.count("\n") == 1
    assert len(list(Flow("Nested"))) == 1

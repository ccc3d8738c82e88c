"""What a run writes is on a branch of its own until the run has ended successfully."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

import stepwell
from stepwell.errors import TableError
from stepwell.tables import branches
from tests.runtime.tables.conftest import Task

pytestmark = pytest.mark.usefixtures("catalog")


def numbers(*values: int) -> pa.Table:
    return pa.table({"n": values, "word": ["x"] * len(values)})


def read(**options: Any) -> list[int]:
    return sorted(stepwell.table("facts.numbers", **options).to_arrow()["n"].to_pylist())


def publish(run: str = "r1") -> str | None:
    return branches.publish(f"Load/{run}", "facts.numbers")


def test_nobody_sees_what_is_not_published(task: Task) -> None:
    """Rows that a run has written are its own, until they are published, at once and once."""
    stepwell.write_table("facts.numbers", numbers(1))
    with task():
        stepwell.write_table("facts.numbers", numbers(2))
        stepwell.write_table("facts.numbers", numbers(3))
        assert read() == [1, 2, 3]
    with task(run="r2"):
        assert read() == [1]
    assert read() == [1]
    assert read(branch="Load/r1") == [1, 2, 3]
    said = publish()
    assert said and said.startswith("Published facts.numbers: 3 rows, snapshot ")
    assert publish() is None
    assert read() == [1, 2, 3]
    with pytest.raises(TableError, match="received branch='Load/r1', which the table has not"):
        read(branch="Load/r1")


def test_a_table_that_a_run_makes(task: Task) -> None:
    """A table that is made by a run is without rows for others until then."""
    with task():
        stepwell.write_table("facts.numbers", numbers(1))
    assert read() == []
    publish()
    assert read() == [1]


def write(mode: str, *values: int, **options: Any) -> Callable[[], object]:
    return lambda: stepwell.write_table("facts.numbers", numbers(*values), mode, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("writes", "expected"),
    [
        ([write("append", 2), write("append", 3)], [1, 2, 3, 9]),
        ([write("append", 2), write("overwrite", 3)], [3]),
        ([write("overwrite", 3), write("append", 4)], [3, 4]),
    ],
)
def test_others_wrote_meanwhile(task: Task, writes: list[Callable[[], object]], expected: list[int]) -> None:
    """Appends are kept with what others have written, and an overwrite replaces that too."""
    stepwell.write_table("facts.numbers", numbers(1))
    for number, one in enumerate(writes):
        with task(path=f"0-{number}"):
            one()
    stepwell.write_table("facts.numbers", numbers(9))
    publish()
    assert read() == expected
    assert stepwell.table("facts.numbers").rows == len(expected)


def test_an_upsert_does_not_go_with_what_others_wrote(task: Task) -> None:
    """An upsert is published where the table is as the run read it; else it is refused."""
    stepwell.write_table("facts.numbers", numbers(1))
    for run in ("r1", "r2"):
        with task(run=run):
            write("upsert", 1, 2, keys=["n"])()
    publish("r1")
    with pytest.raises(TableError, match="nothing of it is published: run it again"):
        publish("r2")
    assert read() == [1, 2]


@pytest.mark.parametrize("published", [False, True])
def test_what_is_taken_over_is_published_once(task: Task, published: bool) -> None:
    """A resumed run's branch has what its tasks that are taken over had written, in whatever order."""
    stepwell.write_table("facts.numbers", numbers(1))
    with task(claimed=True, path="0-0") as first:
        write("append", 2)()
    with task(path="0-1") as second:
        write("append", 3)()
    with task(path="0-2"):
        write("append", 4)()  # of a task that never was done
    if published:
        publish()
    with task(run="r2", claimed=True, origin="r1", path="0-2") as context:
        write("append", 5)()
        for one in (second, first, first):
            branches.adopt(context, one.table_writes)
        assert read(branch="Load/r2") == [1, 2, 3, 5]
    publish("r2")
    assert read() == [1, 2, 3, 4, 5] if published else [1, 2, 3, 5]


def test_two_publish_at_once(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two that publish a run at once, one does; rows are not doubled."""
    stepwell.write_table("facts.numbers", numbers(1))
    with task():
        write("append", 2)()
    stepwell.write_table("facts.numbers", numbers(9))
    pick = branches._pick

    def outrun(*arguments: Any) -> None:
        monkeypatch.setattr(branches, "_pick", pick)
        publish()
        pick(*arguments)

    monkeypatch.setattr(branches, "_pick", outrun)
    assert publish() is None
    assert read() == [1, 2, 9]

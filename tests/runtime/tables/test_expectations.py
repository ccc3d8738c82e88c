"""What `@expect` takes for a check, and what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import stepwell
from stepwell import FlowSpec, expect, step
from stepwell.errors import FlowError, TableError
from stepwell.testing import isolated_home, run_step


def flow(*arguments: Any) -> type[FlowSpec]:
    class Checked(FlowSpec):
        @expect(*arguments)
        @expect("facts.numbers", lambda table: table.rows < 3)
        @step
        def start(self) -> None:
            stepwell.write_table("facts.numbers", pa.table({"n": [1, -1]}))
            self.next(self.end)

        @step
        def end(self) -> None: ...

    return Checked


def no_negative(table: Any) -> None:
    assert table.to_arrow(where="n < 0").num_rows == 0


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (no_negative, "does not pass no_negative: assert 1 == 0;"),
        (lambda table: False, r"does not pass <lambda>: it returned False"),
    ],
)
def test_functions(check: Any, message: str, tmp_path: Path) -> None:
    """A function fails by an assertion or by False; the rows are not published."""
    with isolated_home(tmp_path):
        with pytest.raises(TableError, match=message):
            run_step(flow("facts.numbers", check), "start")
        assert stepwell.table("facts.numbers").rows == 0
        run_step(flow("facts.numbers", lambda table: table.rows == 2), "start")
        assert stepwell.table("facts.numbers").rows == 2


@pytest.mark.parametrize("library", ["polars", "pandas"])
def test_pandera(library: str) -> None:
    """A schema of pandera validates the rows as a frame of its library, and its first failure is told."""
    pandera = pytest.importorskip(f"pandera.{library}")
    schema = pandera.DataFrameSchema({"n": pandera.Column(int, pandera.Check.ge(0))}, name="numbers")
    with pytest.raises(
        TableError, match=r"does not pass numbers: 1 failures, such as column 'n', .*value '?-1"
    ):
        run_step(flow("facts.numbers", schema), "start")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("numbers", no_negative), "@expect: table 'numbers': a table's name is DATABASE.TABLE"),
        (("facts.numbers",), "@expect: received 'no check' for facts.numbers; a check is a function"),
        (("facts.numbers", 3), "@expect: received 3 for facts.numbers; a check is a function"),
    ],
)
def test_mistakes(arguments: tuple[Any, ...], message: str) -> None:
    """What is no table or no check is told when the graph is read."""
    with pytest.raises(FlowError, match=message):
        flow(*arguments).graph()

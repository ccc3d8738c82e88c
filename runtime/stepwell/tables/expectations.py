"""``@expect``: what must be true of a table that a step has written, before anybody else sees it."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from typing import Any, ClassVar

from stepwell.errors import FlowError, TableError
from stepwell.flow.current import current
from stepwell.flow.decorators.base import StepCall, StepDecorator
from stepwell.tables.name import TableName


class expect(StepDecorator):
    """Check a table after the step, as the run sees it; where a check fails, the step fails.

    What a run has written is published when the run ends successfully, so nobody sees rows that a check
    has refused. May stand above a step several times, for several tables::

        @expect("flights.late", no_early_flights, LateFlights)

    Args:
        table: ``DATABASE.TABLE``.
        checks: functions of the `stepwell.table`, which fail by an assertion or by returning False; or
            schemas of pandera, for polars or pandas, that the rows are validated with.
    """

    name = "expect"
    defaults: ClassVar[dict[str, Any]] = {"table": None, "checks": ()}
    repeatable = True

    def __new__(cls, table: Any = None, /, *checks: Any) -> Any:
        made = object.__new__(cls)
        if inspect.isfunction(table) and not checks:  # without parentheses
            made.__init__()  # type: ignore[misc]
            return made(table)
        return made

    def __init__(self, table: Any = None, /, *checks: Any) -> None:
        super().__init__(table=table, checks=checks)

    def check(self) -> None:
        try:
            TableName.parse(self.attributes["table"])
        except TableError as error:
            raise FlowError(f"@expect: {error}") from None
        checks = self.attributes["checks"]
        odd = [one for one in checks if not callable(one) and not hasattr(one, "validate")]
        if odd or not checks:
            raise FlowError(
                f"@expect: received {odd[0] if odd else 'no check'!r} for {self.attributes['table']}; "
                "a check is a function of the table, or a schema of pandera"
            )

    def around(self, call: StepCall, run: Callable[[], None]) -> None:
        run()
        table, branch = self.attributes["table"], f"{current.flow_name}/{current.run_id}"
        for check in self.attributes["checks"]:
            if why := _failing(check, table):
                name = getattr(check, "__name__", "") or getattr(check, "name", "") or type(check).__name__
                raise TableError(
                    f"{table}: what step '{call.step.name}' left does not pass {name}: {why}; nothing is "
                    f"published, the rows are on branch={branch!r}"
                )


def _failing(check: Any, name: str) -> str | None:
    """Why a check fails; None where it passes."""
    from stepwell.tables.reading import open_table

    table = open_table(name)
    if not hasattr(check, "validate"):
        try:
            return "it returned False" if check(table) is False else None
        except AssertionError as error:
            line = traceback.extract_tb(error.__traceback__)[-1].line
            return str(error).partition("\n")[0] or line or "an assertion failed"
    bases = check.__mro__ if isinstance(check, type) else type(check).__mro__
    polars = any(base.__module__.startswith(("pandera.api.polars", "pandera.polars")) for base in bases)
    rows = table.to_polars() if polars else table.to_pandas()
    try:
        check.validate(rows, lazy=True)
    except Exception as error:
        if not type(error).__module__.startswith("pandera"):
            raise
        cases = getattr(error, "failure_cases", None)
        return f"{len(cases)} failures, such as {_first(cases)}" if cases is not None else str(error)
    return None


def _first(cases: Any) -> str:
    row = cases.row(0, named=True) if hasattr(cases, "row") else cases.iloc[0].to_dict()
    return f"column '{row.get('column')}', {row.get('check')}, value {row.get('failure_case')!r}"

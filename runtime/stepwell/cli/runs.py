"""``stepwell runs``: the newest runs of all flows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from stepwell.cli.place import place, place_options
from stepwell.errors import UsageError
from stepwell.terminal import paint, paints, tame

if TYPE_CHECKING:
    from stepwell.client.runs import RunSummary

COLORS = {"succeeded": "32", "failed": "31", "running": "36"}
_STATUSES = ("running", "succeeded", "failed")
_HEAD = ("RUN", "STATUS", "STARTED", "TOOK", "WHO", "WHERE", "TAGS")


def runs(datastore: str | None, flow: tuple[str, ...], limit: int, as_json: bool, **wanted: bool) -> None:
    from stepwell.client.runs import MOST_LOOKED_AT, RunList
    from stepwell.production.status import why_it_is_over

    chosen = [status for status in _STATUSES if wanted[status]]
    if len(chosen) > 1:
        raise UsageError(f"received --{' and --'.join(chosen)}; a run has one status: name one of them")
    where = place(datastore)
    status = chosen[0] if chosen else None
    page = RunList(where, why_it_is_over).newest(limit, flow or None, status)  # type: ignore[arg-type]
    if as_json:
        click.echo(json.dumps([one.to_json() for one in page.runs], indent=2))
        return
    if page.runs:
        _print(page.runs)
    else:
        click.echo(
            f"No {f'{status} ' if status else ''}runs in namespace '{where.namespace}' of {where.store.url}."
        )
    if page.more and status and len(page.runs) < limit:
        click.echo(f"Only the newest {MOST_LOOKED_AT:,} runs were looked at.")


def _print(found: list[RunSummary]) -> None:
    now = datetime.now(UTC)
    rows = [_HEAD, *(_row(one, now) for one in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD) - 1)]
    for number, row in enumerate(rows):
        cells = [f"{cell:<{width}}" for cell, width in zip(row[:-1], widths, strict=True)]
        if number and paints():
            cells[1] = paint(cells[1], COLORS[row[1]])
        click.echo("  ".join([*cells, row[-1]]).rstrip())


def _row(one: RunSummary, now: datetime) -> tuple[str, ...]:
    from stepwell.execution.tally import duration

    ended = one.ended or (now if one.status == "running" else None)
    took = duration(max((ended - one.started).total_seconds(), 0)) if ended else ""
    started = one.started.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    cells = (f"{one.flow}/{one.run}", one.status, started, took, one.user, one.runtime, ", ".join(one.tags))
    return tuple(map(tame, cells))


command = click.Command(
    "runs",
    callback=runs,
    help="List the newest runs of all flows of a namespace, newest first.",
    params=[
        click.Option(
            ["--flow"], multiple=True, metavar="NAME", help="Only of this flow; may be given several times."
        ),
        *(
            click.Option([f"--{status}"], is_flag=True, help=f"Only runs that {verb}.")
            for status, verb in zip(
                _STATUSES, ("run", "succeeded", "failed or were interrupted"), strict=True
            )
        ),
        click.Option(
            ["--limit"], type=click.IntRange(1, 1000), default=20, show_default=True, help="How many runs."
        ),
        *place_options(),
        click.Option(["--json", "as_json"], is_flag=True, help="One JSON array in place of a table."),
    ],
)

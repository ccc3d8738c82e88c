"""``stepwell tables``, ``describe``, ``history``, ``diff``, ``maintain``: the catalog of tables."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from stepwell.cli.grid import ago, grid, size
from stepwell.cli.place import place_options

if TYPE_CHECKING:
    from stepwell.tables.about import Version

_SHOWN = 5
_JSON = click.Option(["--json", "as_json"], is_flag=True, help="JSON in place of text.")
_TABLE = click.Argument(["table"], metavar="DATABASE.TABLE")


def tables(database: str | None, as_json: bool) -> None:
    from stepwell.tables.about import about
    from stepwell.tables.opening import open_catalog

    catalog = open_catalog()
    names = [name for name in catalog.names() if database in (None, name.database)]
    found = [about(catalog, name) for name in names]
    if as_json:
        click.echo(_json([dataclasses.asdict(one) for one in found]))
        return
    if not found:
        click.echo(f"No tables in {catalog.where}; stepwell load FILE DATABASE.TABLE makes one.")
        return
    rows = [
        (
            one.name,
            one.now and one.now.rows,
            size(one.now.bytes if one.now else None),
            ago(one.now.written) if one.now else None,
            one.owner,
            one.description,
        )
        for one in found
    ]
    click.echo(grid(("TABLE", "ROWS", "SIZE", "WRITTEN", "OWNER", "DESCRIPTION"), rows))


def describe(table: str, owner: str | None, description: str | None, as_json: bool) -> None:
    from stepwell.tables import about
    from stepwell.tables.name import TableName
    from stepwell.tables.opening import open_catalog

    catalog, name = open_catalog(), TableName.parse(table)
    about.describe(catalog, name, owner, description)
    found = about.about(catalog, name)
    if as_json:
        click.echo(_json(dataclasses.asdict(found)))
        return
    facts = [
        ("description", found.description),
        ("owner", found.owner),
        ("partitions", ", ".join(found.partition_by) or None),
        ("branches", ", ".join(found.branches) or None),
    ]
    if found.now:
        facts += [
            ("rows", f"{found.now.rows:,}" if found.now.rows is not None else None),
            ("size", size(found.now.bytes)),
            ("snapshot", str(found.now.snapshot_id)),
            ("written", f"{found.now.written:%Y-%m-%d %H:%M:%S} UTC, {ago(found.now.written)}"),
            ("by", found.now.by),
        ]
    click.echo(f"{found.name} in {catalog.where}")
    click.echo(grid(("", ""), [(f"  {key}", value) for key, value in facts if value]).lstrip("\n"))
    click.echo("")
    click.echo(grid(("COLUMN", "TYPE"), list(found.columns.items())))


def history(table: str, branch: str, limit: int, as_json: bool) -> None:
    from itertools import islice

    from stepwell.tables import about
    from stepwell.tables.name import TableName
    from stepwell.tables.opening import open_catalog

    found = list(islice(about.history(open_catalog(), TableName.parse(table), branch), limit))
    if as_json:
        click.echo(_json([dataclasses.asdict(one) for one in found]))
    elif found:
        click.echo(
            grid(
                ("SNAPSHOT", "WRITTEN (UTC)", "MODE", "ROWS", "SIZE", "BY"), [_version(one) for one in found]
            )
        )
    else:
        click.echo(f"{table}: nothing was written to {branch} yet, or it is not there.")


def _version(one: Version) -> tuple[object, ...]:
    written = f"{one.written:%Y-%m-%d %H:%M:%S}"
    return str(one.snapshot_id), written, one.mode, one.rows, size(one.bytes), one.by


def diff(table: str, first: int, second: int, as_json: bool) -> None:
    from stepwell.tables import about
    from stepwell.tables.name import TableName
    from stepwell.tables.opening import open_catalog

    found = about.diff(open_catalog(), TableName.parse(table), first, second)
    if as_json:
        counts = {"columns": found.columns, "added": len(found.added), "removed": len(found.removed)}
        click.echo(_json(counts))
        return
    for column in found.columns:
        click.echo(f"column {column}")
    for sign, rows in (("+", found.added), ("-", found.removed)):
        click.echo(
            f"{sign} {rows.num_rows:,} rows" + (f", the first {_SHOWN}:" if rows.num_rows > _SHOWN else "")
        )
        if rows.num_rows:
            shown = rows.slice(0, _SHOWN).to_pylist()
            click.echo(grid(rows.column_names, [[str(cell) for cell in row.values()] for row in shown]))


def maintain(table: str, days: float, sort_by: tuple[str, ...], dry_run: bool, datastore: str | None) -> None:
    from stepwell.client.census import stores, table_uses
    from stepwell.tables.maintenance import maintain as maintained
    from stepwell.tables.name import TableName
    from stepwell.tables.opening import open_catalog

    name = TableName.parse(table)
    uses = [use for store in stores(datastore) for use in table_uses(store, {table})]
    pinned = {use.snapshot_id for use in uses if use.snapshot_id is not None}
    limit = datetime.now(UTC) - timedelta(days=days)
    done = maintained(open_catalog(), name, limit, pinned, sort_by=sort_by, dry_run=dry_run)
    verb = "would be" if dry_run else "were"
    click.echo(f"{done.compacted} files {verb} written again as fewer.")
    click.echo(f"{len(done.branches)} branches of runs {verb} removed{_names(done.branches)}.")
    click.echo(
        f"{len(done.expired)} snapshots {verb} expired; {len(pinned)} stay, as runs are pinned to them."
    )
    click.echo(
        f"{len(done.orphans)} files that nothing needs {verb} removed, {size(sum(done.orphans.values()))}."
    )


def _names(names: list[str]) -> str:
    return f": {', '.join(names)}" if names else ""


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, default=lambda one: one.isoformat())


tables_command = click.Command(
    "tables",
    callback=tables,
    help="List the tables there are: here, or in the environment that STEPWELL_ENVIRONMENT names.",
    params=[click.Option(["--database"], metavar="NAME", help="Only of this database."), _JSON],
)
describe_command = click.Command(
    "describe",
    callback=describe,
    help="Say what a table is: columns, rows, owner, freshness.",
    params=[
        _TABLE,
        click.Option(["--owner"], metavar="NAME", help="Say whose it is."),
        click.Option(["--description"], metavar="TEXT", help="Say what it holds."),
        _JSON,
    ],
)
history_command = click.Command(
    "history",
    callback=history,
    help="List a table's snapshots, newest first, each with the task that wrote it.",
    params=[
        _TABLE,
        click.Option(["--branch"], default="main", show_default=True, help="Of this branch: FLOW/RUN."),
        click.Option(["--limit"], type=click.IntRange(1), default=20, show_default=True, help="How many."),
        _JSON,
    ],
)
diff_command = click.Command(
    "diff",
    callback=diff,
    help="Show what differs between two snapshots of a table: columns, and rows added and removed.",
    params=[
        _TABLE,
        click.Argument(["first"], type=int, metavar="SNAPSHOT"),
        click.Argument(["second"], type=int, metavar="SNAPSHOT"),
        _JSON,
    ],
)
maintain_command = click.Command(
    "maintain",
    callback=maintain,
    help="Make a table's small files few, expire old snapshots, and remove files that nothing needs.\n\n"
    "Snapshots that a run has read or written stay, as do branches of runs, while they are young.",
    params=[
        _TABLE,
        click.Option(
            ["--older-than", "days"], type=click.FloatRange(0), default=30.0, show_default=True,
            metavar="DAYS", help="Leave younger snapshots, branches and files alone.",
        ),
        click.Option(
            ["--sort-by"], multiple=True, metavar="COLUMN",
            help="Write all of it again in this order, so that filters read less; several times for several.",
        ),
        click.Option(["--dry-run"], is_flag=True, help="Only say what would be done."),
        place_options()[1],
    ],
)  # fmt: skip

"""``stepwell gc``: remove old runs, and objects that no other run refers to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from stepwell.cli.grid import grid, size
from stepwell.cli.place import place, place_options

_SHOWN = 20


@click.command()
@click.option(
    "--older-than", "days", type=click.FloatRange(0), default=30.0, show_default=True, metavar="DAYS",
    help="Leave runs alone in which anything has happened since.",
)  # fmt: skip
@click.option(
    "--keep-newest", type=click.IntRange(0), default=5, show_default=True, help="So many of each flow stay."
)
@click.option(
    "--keep-tag", multiple=True, default=("keep",), show_default=True, metavar="TAG",
    help="Runs with this tag stay; may be given several times.",
)  # fmt: skip
@click.option("--production", is_flag=True, help="Also in a project's production, where otherwise all stays.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def gc(
    days: float,
    keep_newest: int,
    keep_tag: tuple[str, ...],
    production: bool,
    dry_run: bool,
    datastore: str | None,
) -> None:
    """Remove old runs of a namespace, and objects that no run that stays refers to.

    Artifacts are shared: one that a run that stays refers to is never removed, whichever run made it. A run
    that another one resumes stays with it. Snapshots of tables are `stepwell maintain`'s.
    """
    from stepwell.client.garbage import Keep, find, remove

    where = place(datastore)
    keep = Keep(datetime.now(UTC) - timedelta(days=days), keep_newest, frozenset(keep_tag), not production)
    found = find(where, keep)
    gone = [one for one in found.runs if not one.stays]
    if gone:
        rows = [(f"{one.flow}/{one.run}", size(one.size)) for one in gone[:_SHOWN]]
        click.echo(grid(("RUN", "SIZE"), rows))
        if len(gone) > _SHOWN:
            click.echo(f"... and {len(gone) - _SHOWN:,} more")
    verb = "would be" if dry_run else "were"
    if not dry_run:
        remove(where, found)
    runs, objects = size(sum(one.size for one in gone)), size(sum(found.objects.values()))
    click.echo(f"{len(gone):,} of {len(found.runs):,} runs {verb} removed, {runs}.")
    if found.busy and found.objects:
        click.echo(
            f"{len(found.objects):,} objects, {objects}, stay though nothing refers to them: {found.busy[0]} "
            "may be going on and need one; run gc again when it is over."
        )
    else:
        click.echo(f"{len(found.objects):,} objects that no other run refers to {verb} removed, {objects}.")
    click.echo(f"{found.code[0]:,} code packages stay, {size(found.code[1])}: deployments refer to them.")


gc.params += place_options()

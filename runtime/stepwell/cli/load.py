"""``stepwell load``: files into a table."""

from __future__ import annotations

from pathlib import Path

import click

from stepwell.cli.grid import grid
from stepwell.errors import UsageError


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE... ")
@click.argument("table", metavar="DATABASE.TABLE")
@click.option(
    "--mode", type=click.Choice(["append", "overwrite", "upsert", "replace_partition"]), default="append",
    show_default=True, help="Whether rows are added, or replace others.",
)  # fmt: skip
@click.option("--key", "keys", multiple=True, metavar="COLUMN", help="Which row is meant, for --mode=upsert.")
@click.option(
    "--type", "types", multiple=True, metavar="COLUMN=TYPE",
    help="Arrow's type of a column, in place of the inferred one; may be given several times.",
)  # fmt: skip
@click.option("--evolve", is_flag=True, help="Let the table get new columns and wider types.")
@click.option(
    "--bad-rows", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Where rows go that can't be read.  [default: DATABASE.TABLE.bad.jsonl]",
)  # fmt: skip
@click.option(
    "--most-bad", type=click.FloatRange(0, 100), default=1.0, show_default=True, metavar="PERCENT",
    help="Load nothing where more rows than that can't be read.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only read the files, and show the types.")
def load(
    paths: tuple[Path, ...],
    table: str,
    mode: str,
    keys: tuple[str, ...],
    types: tuple[str, ...],
    evolve: bool,
    bad_rows: Path | None,
    most_bad: float,
    dry_run: bool,
) -> None:
    """Load CSV, JSON lines and Parquet files, or folders of them, into a table; all rows at once, or none.

    The table's types count, for a new table those of the files' beginnings, which are shown. A row that can't
    be read is put aside with the reason, and counted.
    """
    from stepwell.tables.loading import load as loaded

    odd = [one for one in types if "=" not in one]
    if odd:
        raise UsageError(f"--type: received {odd[0]!r}; it is COLUMN=TYPE, such as delay=double")
    bad_rows = bad_rows or Path(f"{table}.bad.jsonl")
    done = loaded(
        paths, table, bad_rows, mode=mode, keys=keys, types=dict(one.split("=", 1) for one in types),
        most_bad=most_bad, evolve=evolve, dry_run=dry_run,
    )  # fmt: skip
    click.echo(grid(("COLUMN", "TYPE"), [(field.name, str(field.type)) for field in done.schema]))
    verb = "would be loaded" if dry_run else "loaded"
    click.echo(f"{done.rows:,} rows of {done.files:,} files {verb} into {table}.")
    if done.bad:
        click.echo(f"{done.bad:,} rows can't be read: they are in {bad_rows}, each with why.", err=True)
    if done.table:
        click.echo(f"The table has {done.table.rows:,} rows, snapshot {done.table.snapshot_id}.")

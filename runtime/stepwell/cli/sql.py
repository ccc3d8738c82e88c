"""``stepwell sql``: a query over tables, at a terminal."""

from __future__ import annotations

import sys

import click

from stepwell.cli.grid import grid

_MOST = 1000


@click.command()
@click.argument("query")
@click.option(
    "--engine",
    type=click.Choice(["duckdb", "athena"]),
    help="What runs it; by default what fits how much it reads.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print all rows as CSV.")
def sql(query: str, engine: str | None, as_csv: bool) -> None:
    """Run a query over tables: stepwell sql "select carrier, count(*) from facts.flights group by all".

    create table DATABASE.TABLE as select ... makes a table of its rows. At most 1,000 rows are shown.
    """
    from stepwell.tables.querying.run import run

    rows = run(query, engine, quiet=False)
    if as_csv:
        import pyarrow.csv

        pyarrow.csv.write_csv(rows, sys.stdout.buffer)
        return
    shown = rows.slice(0, _MOST)
    columns = [column.to_pylist() for column in shown.columns]
    click.echo(grid(rows.column_names, [[_cell(one) for one in row] for row in zip(*columns, strict=True)]))
    if rows.num_rows > _MOST:
        click.echo(f"... and {rows.num_rows - _MOST:,} more; --csv prints all")


def _cell(value: object) -> str | None:
    return None if value is None else str(value)

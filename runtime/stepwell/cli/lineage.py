"""``stepwell lineage``: who wrote a table and who read it, or what a run read and wrote."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from stepwell.cli.grid import grid
from stepwell.cli.place import place, place_options

if TYPE_CHECKING:
    from stepwell.client.census import TableUse
    from stepwell.datastore import Datastore


@click.command()
@click.argument("name", metavar="DATABASE.TABLE|RUN")
@click.option("--openlineage", is_flag=True, help="Print events of OpenLineage, a line of JSON for each run.")
def lineage(name: str, openlineage: bool, datastore: str | None) -> None:
    """Say which runs wrote and read the snapshots of a table, or which snapshots a run has read and written.

    Of a table all runs of all namespaces count that are in the datastore; RUN is Flow/run or the run's id.
    """
    from stepwell.tables.opening import open_catalog

    where = place(datastore)
    of_table = "." in name and "/" not in name
    uses = _of_table(name, where) if of_table else _of_run(name, where)
    if openlineage:
        from stepwell.client.openlineage import events

        for event in events(where.store, uses, f"stepwell://{open_catalog().where}"):
            click.echo(json.dumps(event))
        return
    if not uses:
        click.echo(f"{name}: no run in {where.store.url} has {'used' if of_table else 'read or written'} it.")
        return
    rows = [
        (use.table, str(use.snapshot_id), _did(use), f"{use.flow}/{use.run}", use.namespace) for use in uses
    ]
    click.echo(grid(("TABLE", "SNAPSHOT", "", "RUN", "NAMESPACE"), rows))


def _did(use: TableUse) -> str:
    return "written by" if use.written else "read by"


def _of_table(name: str, where: Datastore) -> list[TableUse]:
    from stepwell.client.census import table_uses
    from stepwell.tables.name import TableName

    found = table_uses(where.store, {str(TableName.parse(name))})
    return sorted(found, key=lambda use: (use.run, use.written))


def _of_run(name: str, where: Datastore) -> list[TableUse]:
    from stepwell.client.census import TableUse
    from stepwell.client.runs import locate

    flow, run = locate(where, name)
    where.run_info(flow, run)
    uses = []
    for table, pins in sorted(where.table_pins(flow, run).items()):
        for key in [*([pins.read] if pins.read else []), *pins.written]:
            snapshot = where.pin_at(key)["snapshot_id"]
            uses.append(TableUse(where.namespace, flow, run, table, snapshot, key != pins.read))
    return uses


lineage.params += place_options()

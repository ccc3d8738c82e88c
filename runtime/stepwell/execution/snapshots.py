"""Whether the tables that a run has read can be read again as it saw them."""

from __future__ import annotations

from stepwell.datastore import Datastore
from stepwell.errors import TableError


def check_snapshots(datastore: Datastore, flow: str, run: str) -> None:
    """Look up every snapshot that a run is pinned to; one request where it has read no table.

    Raises:
        TableError: some have expired; names them all.
    """
    pins = datastore.table_pins(flow, run)
    wanted = {table: datastore.pin_at(pin.read)["snapshot_id"] for table, pin in pins.items() if pin.read}
    if not wanted:
        return
    from stepwell.tables.name import TableName
    from stepwell.tables.opening import open_catalog

    catalog = open_catalog()
    gone = [
        f"{table} at snapshot {snapshot}"
        for table, snapshot in sorted(wanted.items())
        if snapshot is not None and catalog.load(TableName.parse(table)).snapshot_by_id(snapshot) is None
    ]
    if gone:
        raise TableError(
            f"run {flow}/{run} can't be read again with the data that it saw: it has read {', '.join(gone)}, "
            "which has expired; start a new run to read the tables as they are now"
        )

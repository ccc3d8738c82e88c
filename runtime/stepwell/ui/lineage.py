"""Lineage for the browser: the snapshots of tables that a run is pinned to, and which tasks made them."""

from __future__ import annotations

from typing import Any

from stepwell.datastore import Datastore
from stepwell.errors import PlatformError, TableError
from stepwell.ui.place import Place
from stepwell.ui.query import Query

_MOST_TABLES, _MOST_WRITES = 50, 20


def lineage(place: Place, query: Query) -> dict[str, Any]:
    """The tables that a run has read and written, each snapshot with the task that made it.

    Costs a request for the list and one for each snapshot, of at most so many tables, and what the tables'
    catalog takes. The tables are looked up as they are now, where STEPWELL_ENVIRONMENT says.
    """
    reader = place.followed(query).reader
    pins = reader.datastore.table_pins(reader.flow, reader.run)
    uses: list[dict[str, Any]] = []
    for table, (read, written) in sorted(pins.items())[:_MOST_TABLES]:
        made = [_snapshot(reader.datastore, key) for key in written[-_MOST_WRITES:]]
        first = _snapshot(reader.datastore, read) if read else None
        if read and (first is None or first not in made):  # what it has made itself it does not depend on
            uses.append({"table": table, "use": "read", "snapshot": first})
        uses += [{"table": table, "use": "written", "snapshot": one} for one in made]
        if len(written) > _MOST_WRITES:
            uses.append(
                {"table": table, "use": f"{len(written) - _MOST_WRITES} earlier writes", "snapshot": None}
            )
    unknown = _add_writers(uses)
    for use in uses:  # an id has more digits than a browser's numbers
        use["snapshot"] = use["snapshot"] and str(use["snapshot"])
    return {"uses": uses, "more_tables": max(len(pins) - _MOST_TABLES, 0), "unknown": unknown}


def _snapshot(datastore: Datastore, key: str) -> int | None:
    found: int | None = datastore.pin_at(key)["snapshot_id"]
    return found


def _add_writers(uses: list[dict[str, Any]]) -> dict[str, str]:
    """Say of each use who made the snapshot; returns by table why that can't be known."""
    unknown: dict[str, str] = {}
    if not uses:
        return unknown
    from stepwell.tables.catalog import open_catalog
    from stepwell.tables.pins import writers

    try:
        catalog = open_catalog()
    except (TableError, PlatformError) as error:
        return {use["table"]: str(error) for use in uses}
    for table in {use["table"] for use in uses}:
        its = [use for use in uses if use["table"] == table]
        try:
            found = writers(catalog, table, [use["snapshot"] for use in its])
        except (TableError, PlatformError) as error:
            unknown[table] = str(error)
            continue
        for use, writer in zip(its, found, strict=True):
            use["writer"] = writer and writer._asdict()
    return unknown

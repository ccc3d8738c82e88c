"""Every run that is pinned to a snapshot of a table, in a whole datastore."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from typing import NamedTuple

from stepwell.location import datastore_url
from stepwell.store.base import Store
from stepwell.store.keys import of_table_pin
from stepwell.store.opening import open_store


class TableUse(NamedTuple):
    """A snapshot of a table that a run has read first, or written."""

    namespace: str
    flow: str
    run: str
    table: str
    snapshot_id: int | None
    written: bool


def table_uses(store: Store, tables: Collection[str] = ()) -> Iterator[TableUse]:
    """What all runs of all namespaces have read and written of tables; lists the whole datastore.

    Args:
        tables: only of these.
    """
    found = [(info.key, pin) for info in store.list("ns/") if (pin := of_table_pin(info.key))]
    wanted = [(key, pin) for key, pin in found if not tables or pin[3] in tables]
    for (_, (namespace, flow, run, table, name)), data in zip(
        wanted, store.get_many([key for key, _ in wanted]), strict=True
    ):
        yield TableUse(namespace, flow, run, table, json.loads(data)["snapshot_id"], name != "first")


def stores(datastore: str | None) -> list[Store]:
    """Where runs may be that use the tables: the datastore that is meant, and that of the environment."""
    urls = {datastore_url(datastore), datastore_url("local")}
    if os.environ.get("STEPWELL_ENVIRONMENT"):
        urls.add(datastore_url("s3"))
    return [open_store(url) for url in sorted(urls)]

"""Which runs read and wrote which snapshots, as events of OpenLineage: https://openlineage.io/spec/2-0-2."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import stepwell
from stepwell.client.census import TableUse
from stepwell.datastore import Datastore
from stepwell.errors import NoSuchObject
from stepwell.flow.graph import END_TASK
from stepwell.records import RunInfo
from stepwell.store.base import Store

_SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_VERSION = "https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json"
_PRODUCER = f"https://pypi.org/project/stepwell/{stepwell.__version__}"


def events(store: Store, uses: Iterable[TableUse], where: str) -> Iterator[dict[str, Any]]:
    """An event for each run that has used tables, oldest first.

    Args:
        where: namespace of the tables, such as the catalog's place.
    """
    by_run: dict[tuple[str, str, str], list[TableUse]] = defaultdict(list)
    for use in uses:
        by_run[use.namespace, use.flow, use.run].append(use)
    for (namespace, flow, run), its in sorted(by_run.items(), key=lambda item: item[0][2]):
        datastore = Datastore(store, namespace)
        try:
            info = datastore.run_info(flow, run)
        except NoSuchObject:
            continue
        yield _event(info, *_ended(datastore, info), its, store.url, where)


def _ended(datastore: Datastore, info: RunInfo) -> tuple[str, str]:
    """How a run ended, in OpenLineage's words, and when; of one that goes on, when it began."""
    done = datastore.find(info.flow, info.run, [END_TASK])
    if done:
        return "COMPLETE", done[END_TASK].meta["ended"]
    ended = datastore.run_ended(info.flow, info.run)
    return ("FAIL", ended.isoformat()) if ended else ("RUNNING", info.started.isoformat())


def _event(
    info: RunInfo, how: str, time: str, uses: list[TableUse], store: str, where: str
) -> dict[str, Any]:
    facet = {"_producer": _PRODUCER, "_schemaURL": f"{_PRODUCER}#run"}
    about = {**facet, "run": info.run, "user": info.user, "runtime": info.runtime, "code": info.code}
    return {
        "eventType": how,
        "eventTime": time,
        "producer": _PRODUCER,
        "schemaURL": _SCHEMA,
        "run": {
            "runId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{store}/{info.namespace}/{info.flow}/{info.run}")),
            "facets": {"stepwell": about},
        },
        "job": {"namespace": f"{store}/{info.namespace}", "name": info.flow},
        "inputs": [_dataset(use, where) for use in uses if not use.written],
        "outputs": [_dataset(use, where) for use in uses if use.written],
    }


def _dataset(use: TableUse, where: str) -> dict[str, Any]:
    version = {"_producer": _PRODUCER, "_schemaURL": _VERSION, "datasetVersion": str(use.snapshot_id)}
    return {"namespace": where, "name": use.table, "facets": {"version": version}}

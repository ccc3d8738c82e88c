"""Runs as their tasks leave them, without running anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from stepwell.artifacts.codec import encode
from stepwell.artifacts.manifest import Manifest
from stepwell.datastore import Datastore, Failure, RunInfo
from stepwell.flow.graph import TaskId

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def claim(datastore: Datastore, run: str, hours: int = 0, **more: Any) -> None:
    """A run of the flow Train that started so many hours after noon."""
    user = datastore.namespace.split("/")[1]
    info = {"runtime": "local", "user": user, "started": NOON + timedelta(hours=hours), **more}
    datastore.claim_run(RunInfo("Train", run, datastore.namespace, **info))


def finish(
    datastore: Datastore,
    run: str,
    task: str,
    values: Mapping[str, object] | None = None,
    *,
    minute: int = 0,
    parents: Sequence[str] = (),
    **meta: Any,
) -> None:
    """A finished task such as ``fit/0-3``: it began so many minutes after noon and took 30 seconds."""
    place = TaskId(*task.split("/"))
    began = NOON + timedelta(minutes=minute)
    rows = {
        name: encode(name, value, where=task, store=datastore.store, namespace=datastore.namespace)
        for name, value in (values or {}).items()
    }
    known = {
        "flow": "Train", "run": run, "step": place.step, "task": place.path, "parents": list(parents),
        "started": began.isoformat(), "ended": (began + timedelta(seconds=30)).isoformat(),
        "index": [], "table_reads": {}, "table_writes": [], **meta,
    }  # fmt: skip
    datastore.commit("Train", run, place, Manifest(known, rows))


def fail(datastore: Datastore, run: str, task: str, attempt: int = 0, reason: str = "KeyError: 'x'") -> None:
    """An attempt of a task that failed."""
    step, path = task.split("/")
    failure = Failure(step, path, attempt, reason, "", NOON + timedelta(minutes=attempt))
    datastore.put_failure("Train", run, failure)


def finished_run(datastore: Datastore, run: str, hours: int = 0) -> None:
    """A run whose ``start`` split into two ``fit`` that were joined in ``end``."""
    claim(datastore, run, hours)
    finish(datastore, run, "start/0", {"alpha": 3})
    for index in (0, 1):
        values = {"model": [index], "score": 0.5 + index}
        finish(datastore, run, f"fit/0-{index}", values, minute=1 + index, parents=["start/0"], index=[index])
    finish(datastore, run, "end/0", {"best": 1}, minute=5, parents=["fit/0-0", "fit/0-1"])

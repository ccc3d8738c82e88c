"""Runs for the browser: the list, and one with its steps and its graph."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any, cast

from stepwell.artifacts import plain
from stepwell.client.following import Status, pause
from stepwell.datastore import Failure
from stepwell.errors import UsageError
from stepwell.ui.layout import layout
from stepwell.ui.place import Place
from stepwell.ui.query import Query

_PAGE = 50
_STATUSES = ("running", "succeeded", "failed")
_FAILURES = 5
_CALM = 4
"""A list of runs changes more slowly than a run."""
_LONGEST_PARAMETER = 500


def places(place: Place, query: Query) -> dict[str, Any]:
    """Where runs are looked for."""
    return {"store": place.store.url, "namespace": place.namespace, "namespaces": place.namespaces()}


def runs(place: Place, query: Query) -> dict[str, Any]:
    """A page of the list of runs: of one flow or all, with a status or any, after an entry."""
    status = query.get("status") or None
    if status not in (None, *_STATUSES):
        raise UsageError(f"status: received {status!r}; it must be {', '.join(_STATUSES)}")
    runs, flow = place.runs(query), query.get("flow")
    began = time.monotonic()
    page = runs.newest(_PAGE, [flow] if flow else None, cast(Status | None, status), query.get("after", ""))
    return {
        "runs": [one.to_json() for one in page.runs], "more": page.more, "flows": runs.datastore.flows(),
        "again": round(pause(time.monotonic() - began, 0) * _CALM, 1),
    }  # fmt: skip


def run(place: Place, query: Query) -> dict[str, Any]:
    """A run, and how far each step is."""
    followed = place.followed(query)
    look, info = followed.look(), followed.reader.info
    steps = [
        {
            "step": name, "state": step.state, "counts": dict(step.counts),
            "items": step.items, "grows": step.grows,
        }
        for name, step in look.progress.steps.items()
    ]  # fmt: skip
    return {
        "flow": info.flow, "run": info.run, "namespace": info.namespace, "user": info.user,
        "runtime": info.runtime, "started": text_of(info.started), "ended": text_of(look.ended),
        "now": text_of(datetime.now(UTC)), "status": look.status, "reason": look.reason,
        "origin": info.origin, "code": info.code, "has_graph": followed.reader.graph is not None,
        "parameters": {name: _parameter(value) for name, value in info.parameters.items()},
        "tags": sorted(followed.reader.datastore.tags(info.flow, info.run)), "steps": steps,
        "failures": [_failure(one) for one in followed.follower.failures(look, _FAILURES)],
        "again": followed.again(look),
    }  # fmt: skip


def graph(place: Place, query: Query) -> dict[str, Any]:
    """The picture of a run's graph; without a step where the run did not keep it."""
    found = place.followed(query).reader.graph
    return layout(found) if found else {"width": 0, "height": 0, "nodes": [], "frames": [], "lines": []}


def _failure(failure: Failure) -> dict[str, Any]:
    return {**failure._asdict(), "ended": text_of(failure.ended)}


def _parameter(value: Any) -> str:
    try:
        text = plain.to_json(value)
    except plain.NotPlain:
        text = str(value)
    return text[:_LONGEST_PARAMETER]


def text_of(moment: datetime | None) -> str | None:
    """A moment for the browser."""
    return moment.isoformat() if moment else None

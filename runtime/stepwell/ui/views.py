"""All that a browser may ask for, by name."""

from __future__ import annotations

from functools import partial

from stepwell.ui import lineage, runs, tasks, timeline
from stepwell.ui.place import Place
from stepwell.ui.query import Query
from stepwell.ui.query import task as task_of
from stepwell.ui.routes import View
from stepwell.ui.values import in_full


def artifact(place: Place, query: Query) -> dict[str, object]:
    """The beginning of an artifact's content."""
    row = tasks.artifact_row(place.followed(query), task_of(query), query.get("name", ""))
    return in_full(row, place.store)


def views(place: Place) -> dict[str, View]:
    """What is answered under ``api/``."""
    answers = {
        "places": runs.places, "runs": runs.runs, "run": runs.run, "graph": runs.graph,
        "timeline": timeline.timeline, "tasks": tasks.tasks, "task": tasks.task, "artifact": artifact,
        "log": tasks.log, "lineage": lineage.lineage,
    }  # fmt: skip
    return {name: partial(answer, place) for name, answer in answers.items()}

"""When the steps of a run ran, for the browser, and of a small run its tasks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from stepwell.client.following import Look, Span
from stepwell.client.reader import MANIFEST
from stepwell.flow.graph import TaskId
from stepwell.ui.place import Place
from stepwell.ui.query import Query
from stepwell.ui.runs import text_of
from stepwell.ui.tasks import rows_of

SMALL = 200
"""So many tasks of a run are shown one by one at once; of others a step at a time, page by page."""
_SAMPLE = 20
"""So many tasks of a step are looked at to know when it began."""
_BINS = 60


def timeline(place: Place, query: Query) -> dict[str, Any]:
    """When the steps of a run ran; of a small run all tasks as well."""
    followed = place.followed(query)
    look, info = followed.look(), followed.reader.info
    tasks_of: dict[str, list[TaskId]] = {name: [] for name in look.progress.steps}
    for task in look.progress.tasks:
        tasks_of[task.step].append(task)
    small = len(look.progress.tasks) <= SMALL
    sample = {name: tasks if small else _sample(look, tasks) for name, tasks in tasks_of.items()}
    spans = followed.follower.spans(look, [task for tasks in sample.values() for task in tasks])
    return {
        "began": text_of(info.started), "ended": text_of(look.ended), "now": text_of(datetime.now(UTC)),
        "small": small,
        "steps": [_step(look, name, tasks, spans) for name, tasks in tasks_of.items() if tasks],
        "tasks": rows_of(followed.follower, look, spans, look.progress.tasks) if small else [],
        "again": followed.again(look),
    }  # fmt: skip


def _step(look: Look, name: str, tasks: list[TaskId], spans: Mapping[TaskId, Span]) -> dict[str, Any]:
    progress = look.progress.steps[name]
    known = [spans[task] for task in tasks if task in spans]
    done = _ends(look, tasks)
    is_open = progress.counts["running"] or progress.counts["waiting"] or progress.state == "running"
    began = min((span.began for span in known), default=None)
    # what is listed is dated by the store's clock, which is none of the tasks'
    listed = done[-1:] if len(known) < len(tasks) else []
    ends = [*listed, *(span.ended for span in known if span.ended)]
    ended = None if is_open or not ends else max(ends)
    return {
        "step": name, "state": progress.state, "tasks": len(tasks), "done": progress.counts["done"],
        "items": progress.items, "grows": progress.grows, "began": text_of(began), "ended": text_of(ended),
        "density": _density(done, began, ended) if began and len(tasks) > SMALL else None,
    }  # fmt: skip


def _sample(look: Look, tasks: list[TaskId]) -> list[TaskId]:
    """The tasks of a step that were done first, and some that run."""
    if len(tasks) <= _SAMPLE:
        return tasks
    done = sorted(
        (end, task) for task in tasks if (end := _end(look, task)) and look.progress.tasks[task] == "done"
    )
    open_ones = [task for task in tasks if look.progress.tasks[task] in ("running", "failed", "stopped")]
    return [task for _, task in done[: _SAMPLE // 2]] + open_ones[: _SAMPLE // 2]


def _ends(look: Look, tasks: list[TaskId]) -> list[datetime]:
    """When the tasks that are done were, as their listing tells, in order."""
    return sorted(end for task in tasks if (end := _end(look, task)))


def _end(look: Look, task: TaskId) -> datetime | None:
    files = look.files.get(task, [])
    return next((file.modified for file in files if file.name == MANIFEST), None)


def _density(ends: list[datetime], began: datetime, ended: datetime | None) -> list[int]:
    """How many tasks were done in each of so many parts of the time that a step took, or has taken by now."""
    width = (max([ended or datetime.now(UTC), *ends[-1:]]) - began) / _BINS
    passed = [bisect_right(ends, began + (part + 1) * width) for part in range(_BINS - 1)] + [len(ends)]
    return [after - before for before, after in pairwise([0, *passed])]

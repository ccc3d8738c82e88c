"""Tasks for the browser: pages of them, one with its attempts and artifacts, and what it prints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stepwell.artifacts.row import Row
from stepwell.client.following import Follower, Look, Span
from stepwell.client.progress import STATES
from stepwell.client.reader import FAILURE, LOG, attempts_with
from stepwell.errors import NoSuchObject, NotFound, UsageError
from stepwell.flow.graph import TaskId
from stepwell.logs import lines
from stepwell.ui import query as asked
from stepwell.ui.place import Followed, Place
from stepwell.ui.query import Query
from stepwell.ui.values import in_short

_PAGE = 100
_MOST_ARTIFACTS, _MOST_PARENTS = 300, 50
_LOG_PART = 1 << 18
"""Bytes of a log that are sent at once."""


def tasks(place: Place, query: Query) -> dict[str, Any]:
    """A page of the tasks of a step, with a state or any, whose id begins with something."""
    followed = place.followed(query)
    look = followed.look()
    step, state, begin = asked.name(query, "step"), query.get("state", ""), query.get("find", "")
    if state not in ("", *STATES):
        raise UsageError(f"state: received {state!r}; it must be {', '.join(STATES)}")
    found = [
        task for task, its in look.progress.tasks.items()
        if task.step == step and state in ("", its) and task.path.startswith(begin)
    ]  # fmt: skip
    page = min(max(asked.number(query, "page"), 0), max(len(found) - 1, 0) // _PAGE)
    shown = found[page * _PAGE : (page + 1) * _PAGE]
    spans = followed.follower.spans(look, shown)
    return {
        "tasks": rows_of(followed.follower, look, spans, shown), "total": len(found), "page": page,
        "pages": -(-len(found) // _PAGE), "again": followed.again(look),
    }  # fmt: skip


def rows_of(
    follower: Follower, look: Look, spans: Mapping[TaskId, Span], tasks: Iterable[TaskId]
) -> list[dict[str, Any]]:
    """Tasks as lines of a table."""
    return [
        {
            "step": task.step, "task": task.path, "state": look.progress.tasks[task],
            "attempts": len(_attempts(look, task)), **_times(spans.get(task)),
            "taken": follower.is_taken_over(task),
        }
        for task in tasks
    ]  # fmt: skip


def task(place: Place, query: Query) -> dict[str, Any]:
    """A task: its attempts, and if it is done what it left."""
    followed, task = place.followed(query), asked.task(query)
    look = followed.look()
    state = look.progress.tasks.get(task)
    if state is None:
        raise NoSuchObject(f"run {followed.reader.pathspec} has no task {task}")
    reader = followed.reader
    files = look.files.get(task, [])
    logs, failures = attempts_with(files, LOG), set(attempts_with(files, FAILURE))
    failure = reader.failure(task, files)
    if failure:
        failures.add(failure.attempt)
    found: dict[str, Any] = {
        "step": task.step, "task": task.path, "state": state,
        **_times(followed.follower.spans(look, [task]).get(task)),
        "attempts": [
            {"attempt": one, "log": one in logs, "failed": one in failures}
            for one in sorted(failures.union(logs))
        ],
        "failure": None, "artifacts": [], "more_artifacts": 0, "parents": [], "more_parents": 0, "facts": {},
        "again": followed.again(look) if state in ("running", "waiting", "failed") else None,
    }  # fmt: skip
    if failure:
        found["failure"] = {
            "attempt": failure.attempt,
            "reason": failure.reason,
            "traceback": failure.traceback,
        }
    if state == "done":
        (manifest,) = reader.datastore.load(reader.flow, reader.run, [task])
        rows = sorted(manifest.rows.values())
        parents = manifest.meta["parents"]
        found |= {
            "artifacts": [in_short(row) for row in rows[:_MOST_ARTIFACTS]],
            "more_artifacts": max(len(rows) - _MOST_ARTIFACTS, 0),
            "parents": [
                dict(zip(("step", "task"), one.split("/"), strict=True)) for one in parents[:_MOST_PARENTS]
            ],
            "more_parents": max(len(parents) - _MOST_PARENTS, 0),
            "facts": _facts(manifest.meta),
        }
    return found


def artifact_row(followed: Followed, task: TaskId, name: str) -> Row:
    """An artifact's row of the manifest. Raises `NoSuchObject`."""
    reader = followed.reader
    try:
        (manifest,) = reader.datastore.load(reader.flow, reader.run, [task])
        return manifest.rows[name]
    except (KeyError, NotFound):
        raise NoSuchObject(f"task {reader.pathspec}/{task} has no artifact '{name}'") from None


def log(place: Place, query: Query) -> dict[str, Any]:
    """Whole lines of what an attempt has printed: from a byte on, which is counted from the end where it is
    negative, or those that end before byte `until`."""
    followed, task = place.followed(query), asked.task(query)
    reader, attempt = followed.reader, asked.number(query, "attempt")
    start, until = asked.number(query, "from"), asked.number(query, "until")
    length = _LOG_PART
    if until > 0:
        start, length = max(until - _LOG_PART, 0), min(until, _LOG_PART)
    try:
        data, size = reader.datastore.log_part(reader.flow, reader.run, task, attempt, start, length)
    except NotFound:
        return {"lines": [], "from": 0, "next": 0, "size": 0}
    first = max(size + start, 0) if start < 0 else min(start, size)
    if first and (start < 0 or until):  # it may begin in the middle of a line
        cut = data.find(b"\n") + 1
        first, data = first + cut, data[cut:]
    whole = data[: data.rfind(b"\n") + 1]
    if not whole and len(data) == _LOG_PART:
        whole = data  # a line that is longer than a part is passed over
    shown = [[time.isoformat(), stream, text] for time, stream, text in lines(whole)]
    return {"lines": shown, "from": first, "next": first + len(whole), "size": size}


def _attempts(look: Look, task: TaskId) -> list[int]:
    files = look.files.get(task, [])
    return sorted({*attempts_with(files, LOG), *attempts_with(files, FAILURE)})


def _times(span: Span | None) -> dict[str, str | None]:
    return {
        "began": span.began.isoformat() if span else None,
        "ended": span.ended.isoformat() if span and span.ended else None,
    }


def _facts(meta: Mapping[str, Any]) -> dict[str, str]:
    """What is known of a task besides, for people."""
    said = {
        "attempt": meta.get("attempt"), "user": meta.get("user"), "code": meta.get("code"),
        "Batch job": meta.get("job"), "Python": meta.get("python"), "Stepwell": meta.get("stepwell"),
        "taken over from": meta.get("taken_from"),
        "items": (meta.get("foreach") or {}).get("splits"),
        "leads to": (meta.get("switch") or {}).get("chosen"),
    }  # fmt: skip
    return {name: str(value) for name, value in said.items() if value is not None}

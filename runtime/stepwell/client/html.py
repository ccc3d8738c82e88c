"""A run as a small HTML table, for a notebook's cell."""

from __future__ import annotations

from datetime import datetime

from stepwell.client.reader import MANIFEST, RunReader, has_failed, is_done
from stepwell.datastore import TaskFile
from stepwell.flow.graph import TaskId
from stepwell.html import table


def run_table(reader: RunReader) -> str:
    """Its steps: how many tasks each has, how they stand, and how long it took from the first to the last.

    Reads one manifest a step.
    """
    info, files = reader.info, reader.files()
    rows = []
    for step in reader.steps(files):
        tasks = {task: files[task] for task in files if task.step == step}
        rows.append([step, len(tasks), _state(list(tasks.values())), _took(reader, tasks)])
    caption = f"{reader.pathspec} of {info.user}, started {info.started:%Y-%m-%d %H:%M:%S} UTC"
    return table(caption, ["step", "tasks", "state", "seconds"], rows)


def _state(tasks: list[list[TaskFile]]) -> str:
    """Such as ``done``, or ``3 done, 1 failed``."""
    done = sum(map(is_done, tasks))
    failed = sum(not is_done(files) and has_failed(files) for files in tasks)
    counts = {"done": done, "failed": failed, "not done": len(tasks) - done - failed}
    if len(tasks) in counts.values():
        return next(state for state, count in counts.items() if count)
    return ", ".join(f"{count} {state}" for state, count in counts.items() if count)


def _took(reader: RunReader, tasks: dict[TaskId, list[TaskFile]]) -> str:
    """From the start of the step's first task to the last manifest, of whose time S3 keeps the second."""
    done = [task for task, files in tasks.items() if is_done(files)]
    if not done:
        return ""
    began = datetime.fromisoformat(reader.manifest(done[0]).meta["started"])
    ended = max(file.modified for task in done for file in tasks[task] if file.name == MANIFEST)
    return f"{max((ended - began).total_seconds(), 0):.1f}"

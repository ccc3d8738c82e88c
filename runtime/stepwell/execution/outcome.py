"""How the process of a task ended."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, NamedTuple

from stepwell.datastore import Failure

if TYPE_CHECKING:
    from stepwell.execution.key import Key

TASK_FAILED = 113
"""Exit status of a task that failed and has itself said why; no shell or Python uses it."""


def death(status: int) -> str | None:
    """Why a process is gone that has not said so itself, by its exit status; None where it has.

    A negative status is the signal that killed it, as `subprocess` has it.
    """
    if status in (0, TASK_FAILED):
        return None
    if status > 0:
        return f"the task's process exited with status {status} before its step was done"
    name = signal.Signals(-status).name
    hint = "; the machine may have run out of memory" if name == "SIGKILL" else ""
    return f"the task's process was killed by {name}{hint}"


class Outcome(NamedTuple):
    """How an attempt ended: done, with the number of splits of a foreach or the step that a switch
    chose, or failed.

    It goes from the task's process to the scheduler, which would otherwise import nothing of a task.

    Attributes:
        key: by which later runs know when they need not run the task.
        taken_from: the pathspec of the task whose artifacts it has, if it was not run.
    """

    splits: int | None = None
    chosen: str | None = None
    failure: Failure | None = None
    key: Key | None = None
    taken_from: str | None = None

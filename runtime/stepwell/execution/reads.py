"""What a task reads of what it is given, each with its hash: the inputs on which its work depends.

Everything a step is given comes through its flow's attributes, so it is known what it has asked for.
The names are those of artifacts, and:

* ``self.index``, ``self.input``, ``self.foreach_stack``: its place in the foreaches around it;
* ``inputs[]``: the steps that a join joins, ``inputs[].input``: the items of a foreach that they worked
  on, ``inputs.*``: the names of all their artifacts, and ``inputs.x``: the artifact ``x`` of each of them;
* ``current.task_id``.

What was asked for and not there is read as well.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from stepwell.artifacts.manifest import VERSION
from stepwell.artifacts.plain import NotPlain, to_json
from stepwell.artifacts.row import Row
from stepwell.execution.key import ITEM, digest
from stepwell.flow.graph import TaskId
from stepwell.flow.state import Frame, TaskState, frames

INDEX, STACK = "self.index", "self.foreach_stack"
JOINED, ITEMS, NAMES, OF_INPUTS = "inputs[]", "inputs[].input", "inputs.*", "inputs."
TASK_ID = "current.task_id"
_LARGEST = 1 << 20
"""Bytes of a list whose items are hashed one by one; of a longer one, each task would read all of it."""


def runtime() -> str:
    """What else than its code and what it reads a task's work depends on."""
    return f"Python {sys.version_info.major}.{sys.version_info.minor}, manifest {VERSION}"


class Reads:
    """What one task has read so far, and what it would read under any name.

    Attributes:
        rows: the artifacts that it inherits.

    Args:
        state: the task before it has begun.
        joined: the tasks that it joins, and their artifacts.
    """

    def __init__(self, state: TaskState, joined: Sequence[tuple[TaskId, Mapping[str, Row]]]) -> None:
        self.noted: dict[str, str] = {}
        self.rows = dict(state.rows)
        self._state, self._joined = state, joined

    def note(self, name: str) -> None:
        """Keep that the task reads something, with its hash of now: the step may change it afterwards."""
        if name not in self.noted:
            self.noted[name] = self.digest(name)

    def digest(self, name: str) -> str:
        """The hash of what is read under a name."""
        stack = self._state.stack()
        if name == TASK_ID:
            return digest(self._state.task.path)
        if name == INDEX:
            return digest(*(str(frame.index) for frame in stack[-1:]))
        if name == ITEM:
            return digest(*map(self._of_item, stack[-1:]))
        if name == STACK:
            return digest(*(f"{frame.index} {self._of_items(frame)}" for frame in stack))
        if name == JOINED:
            return digest(*(task.step for task, _ in self._joined))
        if name == ITEMS:
            around = (frames(self._state.graph, task)[-1:] for task, _ in self._joined)
            return digest(*(self._of_item(frame) for innermost in around for frame in innermost))
        if name == NAMES:
            return digest(*sorted({name for _, rows in self._joined for name in rows}))
        if name.startswith(OF_INPUTS):
            wanted = name.removeprefix(OF_INPUTS)
            return digest(*(_of_row(rows.get(wanted)) for _, rows in self._joined))
        return digest(_of_row(self.rows.get(name)))

    def is_parameter(self, name: str) -> bool:
        """Whether an artifact is a parameter of the flow."""
        return name in self._state.parameters

    def _of_item(self, frame: Frame) -> str:
        """Of the item itself where that is plain, so that it may stand elsewhere in another list."""
        if self._state.items(frame).bytes <= _LARGEST:
            try:
                return to_json(self._state.item(frame))
            except NotPlain:
                pass
        return f"{frame.index} {self._of_items(frame)}"

    def _of_items(self, frame: Frame) -> str:
        return _of_row(self._state.items(frame))


def _of_row(row: Row | None) -> str:
    return f"{row.type} {row.encoding} {row.sha256}" if row else ""

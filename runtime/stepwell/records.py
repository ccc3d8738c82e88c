"""What is kept of runs and tasks beside their artifacts: plain records, as JSON where they are objects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from stepwell.flow.decorators.project import Project
from stepwell.flow.document import Document
from stepwell.flow.graph import TaskId

_LAST_MILLISECOND = 10**14
"""Above every time in milliseconds until the year 5138: what times in the index count down from."""
SYSTEM_TAGS = ("user:", "runtime:", "date:", "project:", "project_branch:")
"""What the tags that every run has begin with."""


class RunInfo(NamedTuple):
    """What is known of a run when it starts.

    Attributes:
        started: when, in UTC.
        code: sha256 of its code package; None where the code was run from where it lies.
        runtime: ``local`` or ``step-functions``.
        parameters: what it was given, by name; a run that resumes it is given the same.
        origin: the run that it resumes, if it does.
        graph: the steps of its flow (`stepwell.flow.document`); None where nobody said.
        publishes: whether others see what it writes to tables once it has ended successfully.
        project: of a flow with ``@project``, and the branch it is in.
        revision: ``commit`` of git and whether the tree was ``dirty``; None outside of a work tree.
    """

    flow: str
    run: str
    namespace: str
    user: str
    started: datetime
    runtime: str
    code: str | None = None
    parameters: Mapping[str, Any] = MappingProxyType({})
    origin: str | None = None
    graph: Document | None = None
    publishes: bool = True
    project: Project | None = None
    revision: Mapping[str, Any] | None = None

    @property
    def system_tags(self) -> frozenset[str]:
        """Tags it has by what it is: ``user:NAME``, ``runtime:local``, ``date:2026-11-23`` (UTC)."""
        project = self.project[:2] if self.project else ()
        facts = (self.user, self.runtime, f"{self.started:%Y-%m-%d}", *project)
        return frozenset(kind + fact for kind, fact in zip(SYSTEM_TAGS, facts, strict=False))

    @property
    def _entry(self) -> str:
        """Its name in an index: that of a newer run comes first in a listing."""
        return f"{_LAST_MILLISECOND - int(self.started.timestamp() * 1000):014d}.{self.run}"

    def to_json(self) -> bytes:
        return json.dumps(
            {**self._asdict(), "parameters": dict(self.parameters), "started": self.started.isoformat()}
        ).encode()

    @classmethod
    def from_json(cls, data: bytes) -> RunInfo:
        fields = json.loads(data)
        started = datetime.fromisoformat(fields["started"])
        project = Project(*fields["project"]) if fields.get("project") else None
        return cls(**{**fields, "started": started, "project": project})


class Failure(NamedTuple):
    """Why an attempt of a task failed.

    Attributes:
        reason: one line, such as ``ValueError: no rows``.
        traceback: the user's own frames; empty where the process was killed.
    """

    step: str
    task: str
    attempt: int
    reason: str
    traceback: str
    ended: datetime

    def to_json(self) -> bytes:
        return json.dumps({**self._asdict(), "ended": self.ended.isoformat()}).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Failure:
        fields = json.loads(data)
        return cls(**{**fields, "ended": datetime.fromisoformat(fields["ended"])})


class TaskFile(NamedTuple):
    """A file that a task of a run has left; `modified` in UTC, to the second or finer."""

    task: TaskId
    name: str
    modified: datetime


class TablePins(NamedTuple):
    """Keys of the snapshots of a table that a run is pinned to.

    Attributes:
        read: of the one that it read first; empty where it has not read the table.
        written: of those that it has made, in their order.
    """

    read: str
    written: list[str]

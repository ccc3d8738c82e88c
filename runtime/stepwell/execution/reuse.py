"""Which task of an earlier run may stand for a task of this one: pure, from hashes to a place.

A task is a function of its code and of what it reads of what it is given. A run leaves, for each of
its tasks, the names of what that read and one hash of all of it. In a later run with the same code, a
task that would read the same has done its work already; what it is given but never reads makes no
difference.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from stepwell.execution.key import ITEM, Key
from stepwell.flow.graph import TaskId

VERSION = 1
"""Of `Left` as JSON."""


class Code(NamedTuple):
    """A flow's code as hashes, by the name of the part: what all steps share, and what is each step's own."""

    shared: dict[str, str]
    steps: dict[str, dict[str, str]]

    def of(self, step: str) -> dict[str, str]:
        """All that counts for a step."""
        return {**self.steps[step], **self.shared}


class Left:
    """What a run leaves: its code, and the keys of its finished tasks by step and path."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.tasks: dict[str, dict[str, Key]] = {}

    def add(self, task: TaskId, key: Key) -> None:
        self.tasks.setdefault(task.step, {})[task.path] = key

    def to_document(self) -> dict[str, Any]:
        """Its form as JSON: the tasks of a step together that read the same names."""
        tasks: dict[str, list[dict[str, Any]]] = {}
        for step, keys in self.tasks.items():
            groups: dict[tuple[str, ...], dict[str, str | None]] = {}
            for path, key in keys.items():
                groups.setdefault(key.reads, {})[path] = key.digest
            tasks[step] = [{"reads": list(reads), "done": done} for reads, done in groups.items()]
        return {"version": VERSION, "code": self.code._asdict(), "tasks": tasks}

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Left | None:
        """From that form; None where another version of Stepwell left it."""
        if document["version"] != VERSION:
            return None
        left = cls(Code(**document["code"]))
        for step, groups in document["tasks"].items():
            for group in groups:
                for path, hashed in group["done"].items():
                    left.add(TaskId(step, path), Key(tuple(group["reads"]), hashed))
        return left


class Places(NamedTuple):
    """Where earlier runs have done one and the same work.

    Attributes:
        at: by path, the last run that has done it there.
        alone: the last run that has done it at one path only, while at others it did other work, and that
            path; None where there is none.
    """

    at: dict[str, str]
    alone: tuple[str, str] | None = None


class Earlier:
    """What earlier runs have done of one step, with the code that it has now.

    A task of a wide foreach finds its own lines in `text` and reads no others.

    Args:
        text: lines of JSON: first `changed` and the names that tasks have read; then, by path, the last
            run that has done that task, and by hash its `Places`.
    """

    def __init__(self, text: str) -> None:
        header, _, _ = text.partition("\n")
        self.text = text
        self.changed: str | None
        self.changed, self._reads = json.loads(header)

    @classmethod
    def of(cls, step: str, code: Code, left: Mapping[str, Left]) -> Earlier:
        """For a step of a run, from its code and what earlier runs left, the newest first.

        `changed` says why no earlier run has done anything with this code, where one has with another.
        """
        changed: str | None = None
        newest: dict[str, str] = {}
        reads: dict[tuple[str, ...], None] = {}
        done: dict[str, Places] = {}
        for run, one in left.items():
            if step not in one.tasks:
                continue
            if changes := differences(one.code.of(step), code.of(step)):
                changed = changed or f"{changes} since run {run}"
                continue
            found: dict[Key, list[str]] = {}
            for path, key in one.tasks[step].items():
                newest.setdefault(path, run)
                found.setdefault(key, []).append(path)
            for key, paths in found.items():
                if key.digest is None:
                    continue
                reads[key.reads] = None
                at, alone = done.get(key.digest, Places({}))
                if len(paths) == 1 and (ITEM in key.reads or len(found) > 1):
                    alone = alone or (run, paths[0])
                done[key.digest] = Places({**dict.fromkeys(paths, run), **at}, alone)
        header = (None if newest else changed, list(reads))
        lines: list[Any] = [header, *newest.items(), *((hashed, *places) for hashed, places in done.items())]
        return cls("".join(json.dumps(line) + "\n" for line in lines))

    @classmethod
    def never(cls, why: str) -> Earlier:
        """Nothing, for a step that is run in every run."""
        return cls(json.dumps((why, [])) + "\n")

    def newest(self, path: str) -> str | None:
        """The last run that has done a task."""
        line = self._line(path)
        return line[0] if line else None

    def find(self, path: str, hashed: Callable[[Sequence[str]], str]) -> tuple[str, str] | None:
        """The run and the path of a task that may stand for the one at `path`; its own path is preferred.

        Another path may where no other task did the same work: an item of a foreach that now stands
        elsewhere in its list. What several tasks do alike, such as beginning at random, is each one's own.

        Args:
            hashed: the hash of what the task at `path` would read under some names.
        """
        places = [Places(*line) for names in self._reads if (line := self._line(hashed(names)))]
        own = next((one.at[path] for one in places if path in one.at), None)
        if own:
            return own, path
        alone = next((one.alone for one in places if one.alone), None)
        return (alone[0], alone[1]) if alone else None

    def _line(self, key: str) -> list[Any] | None:
        """What stands behind the first word of the line that begins with `key`."""
        start = self.text.find(f"\n[{json.dumps(key)}, ")
        if start < 0:
            return None
        line: list[Any] = json.loads(self.text[start + 1 : self.text.index("\n", start + 1)])
        return line[1:]


def differences(before: Mapping[str, str], now: Mapping[str, str], most: int = 3) -> str:
    """Which parts of a task's code have changed, in words; empty where none has."""
    told = [f"{name} changed" for name in now if name in before and before[name] != now[name]]
    told += [f"{name} is new" for name in now if name not in before]
    told += [f"{name} is gone" for name in before if name not in now]
    more = [f"{len(told) - most} other parts of its code"] if len(told) > most else []
    return ", ".join(told[:most] + more)

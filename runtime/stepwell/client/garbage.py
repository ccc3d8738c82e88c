"""What of a namespace nobody needs any more: old runs, and objects that no run that stays refers to.

See ``docs/decisions/0147-gc-counts-references.md``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from stepwell.artifacts.manifest import Manifest
from stepwell.datastore import Datastore, RunInfo
from stepwell.store import keys
from stepwell.store.base import ObjectInfo

_CONCURRENT = 32
_LONGEST = timedelta(days=7)
"""How long nothing may happen in a run that has not ended before it counts as over."""
_RUN = re.compile(r"flows/([^/]+)/runs/([^/]+)/(.*)", re.DOTALL)


class Keep(NamedTuple):
    """Which runs stay.

    Attributes:
        after: those in which anything has happened since.
        newest: so many of each flow.
        tags: those that have one of these.
        production: all of a project's production.
    """

    after: datetime
    newest: int
    tags: frozenset[str]
    production: bool


class Run(NamedTuple):
    """A run: its size without the objects that it may share, and why it stays; empty if it goes."""

    flow: str
    run: str
    size: int
    stays: str


class Garbage(NamedTuple):
    """What `find` has found.

    Attributes:
        runs: all runs, newest first by flow.
        objects: keys of objects that no run that stays refers to, with their sizes.
        busy: runs that may be going on: while there are any, objects stay.
        code: number and bytes of code packages, which always stay: a deployment may refer to them.
    """

    runs: list[Run]
    objects: dict[str, int]
    busy: list[str]
    code: tuple[int, int]


def find(datastore: Datastore, keep: Keep) -> Garbage:
    """Look for garbage: one listing of the namespace, a request for each run and each task that stays."""
    root = keys.namespace_root(datastore.namespace)
    runs: dict[tuple[str, str], list[ObjectInfo]] = defaultdict(list)
    objects: dict[str, ObjectInfo] = {}
    code: list[int] = []
    for info in datastore.store.list(root):
        key = info.key.removeprefix(root)
        found = _RUN.fullmatch(key)
        if found:
            runs[found[1], found[2]].append(info)
        elif key.startswith("objects/"):
            objects[info.key] = info
        elif key.startswith("code/"):
            code.append(info.size)
    with ThreadPoolExecutor(_CONCURRENT) as pool:
        infos = dict(zip(runs, pool.map(lambda one: _info(datastore, one, runs[one]), runs), strict=True))
    why = _why(datastore, runs, infos, keep)
    kept = [info.key for one in why for info in runs[one] if info.key.endswith("/manifest.parquet")]
    needed: set[str] = set()
    for start in range(0, len(kept), 1000):
        some = kept[start : start + 1000]
        for key, data in zip(some, datastore.store.get_many(some), strict=True):
            needed |= {row.object for row in Manifest.from_bytes(data, key).rows.values() if row.object}
    busy = [f"{flow}/{run}" for flow, run in runs if _may_go_on(runs[flow, run])]
    return Garbage(
        [
            Run(*one, sum(info.size for info in runs[one]), why.get(one, ""))
            for one in sorted(runs, key=lambda one: _age(infos[one], runs[one]), reverse=True)
        ],
        {key: info.size for key, info in objects.items() if key not in needed and info.modified < keep.after},
        busy,
        (len(code), sum(code)),
    )


def remove(datastore: Datastore, garbage: Garbage) -> None:
    """Remove runs, each first from the lists that lead to it; then objects, if no run goes on."""
    gone = {(one.flow, one.run) for one in garbage.runs if not one.stays}
    store, root = datastore.store, keys.namespace_root(datastore.namespace)
    listed, theirs = [], []
    for info in store.list(root + "flows/"):
        flow, kind, rest = info.key.removeprefix(root + "flows/").split("/", 2)
        if kind == "runs" and (flow, rest.partition("/")[0]) in gone:
            theirs.append(info.key)
        elif kind in ("index", "tags") and (flow, rest.rpartition("/")[2].partition(".")[2]) in gone:
            listed.append(info.key)
    with ThreadPoolExecutor(_CONCURRENT) as pool:
        for some in (listed, theirs, [] if garbage.busy else list(garbage.objects)):
            list(pool.map(store.delete, some))


def _info(datastore: Datastore, one: tuple[str, str], files: Collection[ObjectInfo]) -> RunInfo | None:
    began = keys.run_root(datastore.namespace, *one) + "run.json"
    return datastore.run_info(*one) if any(info.key == began for info in files) else None


def _age(info: RunInfo | None, files: Collection[ObjectInfo]) -> datetime:
    return info.started if info else max(one.modified for one in files)


def _why(
    datastore: Datastore,
    runs: dict[tuple[str, str], list[ObjectInfo]],
    infos: dict[tuple[str, str], RunInfo | None],
    keep: Keep,
) -> dict[tuple[str, str], str]:
    """Of each run that stays, why; also of those that such a one resumes, for it reads what they read."""
    why: dict[tuple[str, str], str] = {}
    count: dict[str, int] = defaultdict(int)
    for one in sorted(runs, key=lambda one: _age(infos[one], runs[one]), reverse=True):
        count[one[0]] += 1
        tags = {keys.tag_of(info.key) for info in runs[one] if "/tags/" in info.key}
        if _may_go_on(runs[one]):
            why[one] = "it may be going on"
        elif keep.production and datastore.namespace.endswith("/prod"):
            why[one] = "production"
        elif tags & keep.tags:
            why[one] = f"tagged {', '.join(sorted(tags & keep.tags))}"
        elif count[one[0]] <= keep.newest:
            why[one] = f"one of the newest {keep.newest}"
        elif max(info.modified for info in runs[one]) >= keep.after:
            why[one] = "young"
    for one in list(why):
        info = infos[one]
        while info and info.origin and (info.flow, info.origin) in runs:
            why.setdefault((info.flow, info.origin), f"{info.run} resumes it")
            info = infos[info.flow, info.origin]
    return why


def _may_go_on(files: Collection[ObjectInfo]) -> bool:
    names = {one.key.rpartition("/runs/")[2].partition("/")[2] for one in files}
    over = "tasks/end/0/manifest.parquet" in names or "ended.json" in names
    return not over and datetime.now(UTC) - max(one.modified for one in files) < _LONGEST

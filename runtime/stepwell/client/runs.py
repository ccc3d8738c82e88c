"""The newest runs of a namespace, over all its flows, with a bounded number of requests."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import chain, islice
from typing import Any, NamedTuple

from stepwell.client.following import Elsewhere, Status, nowhere_else
from stepwell.client.reader import done_at
from stepwell.datastore import Datastore, RunInfo, run_of
from stepwell.errors import NoSuchObject, NotFound, UsageError, did_you_mean
from stepwell.flow.graph import END_TASK

MOST_LOOKED_AT = 1000
"""So many of the newest runs are looked at for those with a status."""
_TAGS_HOLD = 60.0
"""Seconds for which the tags of a run that has ended are not looked up again."""
_SUGGESTED = 50
_CONCURRENT_READS = 32


class RunSummary(NamedTuple):
    """A run in a list.

    Attributes:
        started, ended: in UTC; `ended` is None while it runs, and where that is not known.
        runtime: ``local`` or ``step-functions``.
        tags: those that people gave it.
        entry: its place in the list, for what comes after it.
    """

    flow: str
    run: str
    namespace: str
    status: Status
    started: datetime
    ended: datetime | None
    user: str
    runtime: str
    tags: tuple[str, ...]
    entry: str

    def to_json(self) -> dict[str, Any]:
        """What is known of the run, times as text."""
        times = {"started": self.started.isoformat(), "ended": self.ended and self.ended.isoformat()}
        known = {**self._asdict(), **times, "tags": list(self.tags)}
        del known["entry"]
        return known


class RunPage(NamedTuple):
    """Some runs, newest first.

    Attributes:
        more: the entry after which there may be more; None where these were the last.
    """

    runs: list[RunSummary]
    more: str | None


class RunList:
    """Lists runs, and keeps what can't change any more of those that have ended.

    A page costs a request to know the flows, one for each flow, and at most four for each run looked at.
    """

    def __init__(self, datastore: Datastore, elsewhere: Elsewhere = nowhere_else) -> None:
        self.datastore, self._elsewhere = datastore, elsewhere
        self._ended: dict[tuple[str, str], tuple[float, RunSummary]] = {}

    def newest(
        self, limit: int, flows: Sequence[str] | None = None, status: Status | None = None, after: str = ""
    ) -> RunPage:
        """The newest runs, at most `limit`.

        Args:
            flows: of these flows only.
            status: only those with that status, of the thousand newest that come after `after`.
            after: only those that come after this entry.
        """
        most = MOST_LOOKED_AT if status else limit
        names = self.datastore.flows() if flows is None else flows
        found: list[RunSummary] = []
        looked_at = 0
        with ThreadPoolExecutor(_CONCURRENT_READS) as pool:
            listed = pool.map(lambda flow: self._entries(flow, after, most + 1), names)
            entries = sorted(chain.from_iterable(listed))[: most + 1]
            while len(found) < limit and looked_at < min(len(entries), most):
                some = entries[looked_at : min(looked_at + _CONCURRENT_READS, most)]
                for summary in pool.map(lambda entry: self._summary(*entry), some):
                    looked_at += 1
                    if summary and (status is None or summary.status == status):
                        found.append(summary)
                        if len(found) == limit:
                            break
        return RunPage(found, entries[looked_at - 1][0] if looked_at < len(entries) else None)

    def _entries(self, flow: str, after: str, most: int) -> list[tuple[str, str]]:
        return [(entry, flow) for entry in islice(self.datastore.entries(flow, after=after), most)]

    def _summary(self, entry: str, flow: str) -> RunSummary | None:
        """A run; None where it is gone."""
        run, now = run_of(entry), time.monotonic()
        since, known = self._ended.get((flow, run), (-_TAGS_HOLD, None))
        if known and now - since < _TAGS_HOLD:
            return known
        tags = tuple(sorted(self.datastore.tags(flow, run)))
        if known:
            found = known._replace(tags=tags)
        else:
            try:
                info = self.datastore.run_info(flow, run)
            except NoSuchObject:
                return None
            status, ended = self._status(info)
            found = RunSummary(
                flow, run, info.namespace, status, info.started, ended, info.user, info.runtime, tags, entry
            )
        if found.status != "running":
            self._ended[flow, run] = now, found
        return found

    def _status(self, info: RunInfo) -> tuple[Status, datetime | None]:
        try:
            (manifest,) = self.datastore.load(info.flow, info.run, [END_TASK])
            files = self.datastore.task_files(info.flow, info.run, END_TASK)  # not listed unless looked into
            return "succeeded", done_at(manifest, files)
        except NotFound:
            ended = self.datastore.run_ended(info.flow, info.run)
        return ("failed", ended) if ended or self._elsewhere(info) else ("running", None)


def locate(datastore: Datastore, pathspec: str | None) -> tuple[str, str]:
    """The flow and the id of a run; it is enough that it was triggered.

    With two requests for each flow, where the flow is not named.

    Args:
        pathspec: ``Flow/run``, or the run's id; None for the newest run of all flows.

    Raises:
        NoSuchObject: there is no such run, or none at all.
        UsageError: it is no pathspec, or several flows have a run of that id.
    """
    if pathspec is None:
        newest = RunList(datastore).newest(1).runs
        if not newest:
            raise NoSuchObject(f"no flow has run in {_place(datastore)}")
        return newest[0].flow, newest[0].run
    parts = pathspec.strip("/").split("/")
    if len(parts) > 2 or not all(parts):
        raise UsageError(f"RUN: received {pathspec!r}; it must be Flow/run, or the run's id")
    flows = datastore.flows() if len(parts) == 1 else parts[:1]
    run = parts[-1]
    with ThreadPoolExecutor(_CONCURRENT_READS) as pool:
        known = pool.map(lambda flow: datastore.is_run(flow, run), flows)
        found = [flow for flow, is_there in zip(flows, known, strict=True) if is_there]
    if len(found) > 1:
        raise UsageError(
            f"RUN: received {run!r}, which {' and '.join(found)} have; name one: {found[0]}/{run}"
        )
    if not found:
        newest = RunList(datastore).newest(_SUGGESTED, flows if len(parts) == 2 else None).runs
        close = did_you_mean(run, [one.run for one in newest])
        raise NoSuchObject(
            f"run {pathspec} is not in {_place(datastore)}{close}; list the runs there with `stepwell runs`, "
            "or look elsewhere with --namespace and --datastore"
        )
    return found[0], run


def _place(datastore: Datastore) -> str:
    return f"namespace '{datastore.namespace}' of {datastore.store.url}"

"""What a task has come to whose Batch job is over: from what it left in the datastore, else from Batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from stepwell.compute.ending import container_of, why_it_ended
from stepwell.datastore import Datastore, Failure, utc_now
from stepwell.errors import NotFound, PlatformError
from stepwell.execution.outcome import Outcome
from stepwell.execution.queue import Attempt
from stepwell.execution.workers import Settled
from stepwell.flow.graph import Graph

LAST_LINES = 20
"""Lines of a container's own log that are shown of a job that died without a word."""


class JobOutcomes:
    """Finds the outcomes of one run's tasks.

    Args:
        settled: looks whether a task is done whose job has failed.
        container_log: the last lines of a container's log, by the name of its stream.
    """

    def __init__(
        self,
        datastore: Datastore,
        graph: Graph,
        run: str,
        settled: Settled,
        container_log: Callable[[str], list[str]],
    ) -> None:
        self._datastore, self._graph, self._run, self._settled = datastore, graph, run, settled
        self._container_log = container_log

    def of(self, attempt: Attempt, detail: Mapping[str, Any]) -> tuple[Outcome, list[str]]:
        """The outcome, and lines to show of a container that can't have kept them; raises `StoreError`.

        Args:
            detail: the job as Batch describes it.
        """
        flow, task = self._graph.flow, attempt.task
        if detail["status"] == "SUCCEEDED":
            if self._graph[task.step].kind not in ("foreach", "switch"):
                return Outcome(), []
            decided = self._datastore.split(flow, self._run, task)
            return (Outcome(chosen=decided) if isinstance(decided, str) else Outcome(splits=decided)), []
        done = self._settled(task, attempt)
        if done is not None:
            return done, []
        number = attempt.number + max(len(detail.get("attempts", ())) - 1, 0)  # Batch has tried it again
        try:
            return Outcome(failure=self._datastore.failure(flow, self._run, task, number)), []
        except NotFound:
            failure = Failure(task.step, task.path, number, why_it_ended(detail), "", utc_now())
        self._datastore.put_failure(flow, self._run, failure)
        return Outcome(failure=failure), self._last_words(detail)

    def _last_words(self, detail: Mapping[str, Any]) -> list[str]:
        stream = container_of(detail).get("logStreamName")
        with suppress(PlatformError):
            return self._container_log(stream) if stream else []
        return []

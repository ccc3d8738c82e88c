"""The local scheduler: decides which task is next, has it run, and hears what became of it."""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack

from stepwell.datastore import Failure
from stepwell.errors import RunFailed
from stepwell.execution.outcome import Outcome
from stepwell.execution.queue import Attempt, Queue
from stepwell.execution.reporter import Reporter
from stepwell.execution.workers import Workers
from stepwell.flow.decorators.attempts import attempts
from stepwell.flow.frontier import Frontier
from stepwell.flow.graph import TaskId
from stepwell.flow.spec import FlowSpec
from stepwell.logs import Stream


class LocalRun:
    """One run that this process schedules, wherever its tasks run.

    Args:
        workers: what runs the tasks of each step.
        max_workers: how many tasks run at once.
        keep: is told how each task that is done has ended.
    """

    def __init__(
        self,
        flow_class: type[FlowSpec],
        run: str,
        workers: Mapping[str, Workers],
        reporter: Reporter,
        max_workers: int,
        keep: Callable[[TaskId, Outcome], None],
    ) -> None:
        self._graph = flow_class.graph()
        self._pathspec = f"{self._graph.flow}/{run}"
        self._functions = flow_class.step_functions()
        self._workers, self._all_workers = workers, list(dict.fromkeys(workers.values()))
        self._report, self._max_workers, self._keep = reporter, max_workers, keep
        self._frontier = Frontier(self._graph)
        self._waiting = Queue()
        self._running: set[Attempt] = set()
        self._by: dict[TaskId, str] = {}
        self._selector = selectors.DefaultSelector()
        self._failures: list[Failure] = []

    def execute(self) -> None:
        """Run to the end.

        Raises:
            RunFailed: a task failed; what was running was ended, what was done stays readable.
        """
        self._waiting.push(Attempt(self._frontier.first()))
        with ExitStack() as ending:
            ending.callback(self._selector.close)
            for workers in self._all_workers:
                workers.open(self._selector, self)
                ending.callback(workers.close)
            while (self._waiting or self._running) and not self._failures:
                self._start_what_fits()
                for key, _ in self._selector.select(self._patience()):
                    if key.fd in self._selector.get_map():
                        key.data()
        if self._failures:
            raise RunFailed(self._sum_up())

    def _start_what_fits(self) -> None:
        while len(self._running) < self._max_workers and not self._failures:
            attempt = self._waiting.pop(time.monotonic())
            if attempt is None:
                return
            self._running.add(attempt)
            self._workers[attempt.task.step].start(attempt)

    def _patience(self) -> float | None:
        """Seconds for which nothing but a task can change anything; None for any time."""
        if self._failures:  # of what could not even start: nobody else may have anything to say
            return 0.0
        now = time.monotonic()
        times = [self._waiting.next_time, *(workers.look(now) for workers in self._all_workers)]
        soonest = min((when for when in times if when is not None), default=None)
        return None if soonest is None else max(0.0, soonest - now)

    # -- what workers tell

    def started(self, task: TaskId, by: str) -> None:
        self._by[task] = by
        self._report.started(task, by)

    def printed(self, task: TaskId, line: str, stream: Stream) -> None:
        self._report.line(task, self._by.get(task, ""), line, stream)

    def ended(self, attempt: Attempt, outcome: Outcome) -> None:
        self._running.remove(attempt)
        by = {task: self._by.pop(task, "") for task in attempt.tasks}
        if outcome.failure:
            self._failed(attempt, by, outcome.failure)
            return
        self._keep(attempt.task, outcome)
        for task in attempt.tasks:
            self._report.finished(task, by[task], taken_over=outcome.taken_from is not None)
            free = self._frontier.done(task, outcome.splits, outcome.chosen)
            if self._graph[task.step].num_parallel:
                self._waiting.push(Attempt(free[0], nodes=len(free)))
                continue
            for one in free:
                self._waiting.push(Attempt(one))

    def gone(self, cause: str) -> None:
        if not self._failures:
            raise RunFailed(f"run {self._pathspec}: {cause}")

    def _failed(self, attempt: Attempt, by: Mapping[TaskId, str], failure: Failure) -> None:
        """Try the task again, or let the run fail; of a gang all nodes, whichever of them has failed."""
        failed = TaskId(failure.step, failure.task)
        for task in attempt.tasks:
            if task == failed:
                self._report.failed(task, by[task], failure)
            else:
                self._report.ended(task, by[task])
        wait = attempts(self._functions[attempt.task.step]).wait(failure.attempt)
        if wait is None or self._frontier.is_lost(attempt.task):
            lost = self._frontier.failed(attempt.task)
            if lost is None:
                self._failures.append(failure)
                return
            self._waiting.drop(self._frontier.is_lost)
            self._report.tolerated(lost)
            for task in lost.free:
                self._waiting.push(Attempt(task))
            return
        following = attempt._replace(number=failure.attempt + 1)
        self._report.retrying(failed, following.number, wait)
        self._waiting.push_later(following, time.monotonic() + wait)

    def _sum_up(self) -> str:
        first = self._failures[0]
        more = len(self._failures) - 1
        others = f" (and {more} more)" if more else ""
        return (
            f"run {self._pathspec} failed in step '{first.step}', "
            f"task {first.step}/{first.task}{others}: {first.reason}"
        )

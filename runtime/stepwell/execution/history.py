"""What a run on this machine finds of earlier runs, and what it leaves to later ones."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

from stepwell.datastore import Datastore
from stepwell.errors import StepwellError
from stepwell.execution.outcome import Outcome
from stepwell.flow.graph import TaskId
from stepwell.flow.spec import FlowSpec

if TYPE_CHECKING:  # the scheduler imports nothing of this before its first task runs
    from stepwell.execution.reuse import Code

RUNS = 20
"""How many runs `look_back` looks at: the newest of the namespace."""


class History:
    """The flow's code is hashed on a thread of its own, so that only `look_back` waits for it."""

    def __init__(self, flow_class: type[FlowSpec], datastore: Datastore) -> None:
        self._flow_class, self._datastore = flow_class, datastore
        self._done: dict[TaskId, Outcome] = {}
        pool = ThreadPoolExecutor(1, thread_name_prefix="stepwell-code")
        self._code = pool.submit(_code, flow_class)
        pool.shutdown(wait=False)

    def look_back(self) -> dict[str, str]:
        """For each step, what earlier runs have done of it, as `Datastore.put_earlier` takes it.

        Raises:
            UsageError: the files around the flow can't be read, are too many or too large.
        """
        from stepwell.execution.reuse import Earlier, Left

        flow, code = self._flow_class.__name__, self._code.result()
        runs = list(islice(self._datastore.runs(flow), RUNS))
        found = {run: Left.from_document(left) for run, left in self._datastore.reuses(flow, runs).items()}
        known = {run: left for run, left in found.items() if left}
        earlier = {
            step: Earlier.never(why) if (why := _always(function)) else Earlier.of(step, code, known)
            for step, function in self._flow_class.step_functions().items()
        }
        return {step: one.text for step, one in earlier.items()}

    def keep(self, task: TaskId, outcome: Outcome) -> None:
        """Keep how a task was done, for `leave`."""
        self._done[task] = outcome

    def leave(self, run: str) -> None:
        """Leave to later runs what they need to reuse the tasks that were done.

        A run that can't do that was as good a run, and serves no later one.
        """
        from stepwell.execution.key import key_of
        from stepwell.execution.reuse import Left

        flow = self._flow_class.__name__
        # the key of a task that ran on another machine is in its manifest alone
        silent = [task for task, one in self._done.items() if one.key is None and one.taken_from is None]
        with suppress(StepwellError):
            keys = {task: outcome.key for task, outcome in self._done.items()}
            if silent:
                manifests = self._datastore.load(flow, run, silent)
                keys |= {task: key_of(one.meta) for task, one in zip(silent, manifests, strict=True)}
            left = Left(self._code.result())
            for task, key in keys.items():
                if key:
                    left.add(task, key)
            self._datastore.put_reuse(flow, run, left.to_document())


def _always(function: Callable[..., Any]) -> str:
    """Why a step is always run; empty where it is not."""
    from stepwell.flow.decorators.no_reuse import no_reuse
    from stepwell.flow.decorators.parallel import parallel

    if no_reuse.of(function):
        return "its step is marked @no_reuse"
    return "its nodes run together or not at all" if parallel.of(function) else ""


def _code(flow_class: type[FlowSpec]) -> Code:
    from stepwell.execution.code import code_of

    return code_of(flow_class)

"""The runs of a deployed flow: start one, list them, end one, and see its history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stepwell import aws
from stepwell.execution.origin import Origin
from stepwell.execution.run import Resume, find_origin, new_run_id, parameter_values, portable_parameters
from stepwell.production.target import Target
from stepwell.store.keys import PRODUCTION_RUN


@dataclass(frozen=True, slots=True)
class Execution:
    """A production run as Step Functions sees it.

    Attributes:
        status: RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED.
        stopped: None while it runs.
        error, cause: what it failed with, where it did.
    """

    run: str
    status: str
    started: datetime
    stopped: datetime | None
    error: str | None = None
    cause: str | None = None


class Executions:
    """The runs of one deployment."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def trigger(self, given: dict[str, Any], tags: Sequence[str] = ()) -> str:
        """Start a run with these parameters, by name, and with these tags; returns its id.

        Raises:
            ParameterError: a parameter is wrong or missing, or a file can't be read.
            UsageError: the flow is not deployed, or what is given can't be a tag.
        """
        flow_class = self._target.flow_class
        parameter_values(flow_class, given)
        return self._start(portable_parameters(flow_class, given), tags=tags)

    def resume(self, resume: Resume) -> str:
        """Start a run of what is deployed that takes over what another run has done; returns its id.

        Raises:
            NoSuchObject: there is no such run.
            UsageError: the flow is not deployed, or has no such step.
        """
        target = self._target
        origin = find_origin(target.datastore, target.graph, resume)
        return self._start(target.datastore.run_info(target.flow, origin.run).parameters, origin)

    def _start(
        self, portable: Mapping[str, Any], origin: Origin | None = None, tags: Sequence[str] = ()
    ) -> str:
        target = self._target
        target.required_machine()
        execution = new_run_id()
        run = PRODUCTION_RUN + execution
        target.datastore.put_tags(target.flow, run, tags)
        target.datastore.put_parameters(target.flow, run, portable)
        if origin:
            target.datastore.put_origin(target.flow, run, origin.to_meta())
        with aws.translated(f"state machine {target.name}"):
            # under its name a request that is sent again starts nothing twice
            target.states.start_execution(stateMachineArn=target.arn, name=execution, input="{}")
        return run

    def list(self, status: str | None = None) -> Iterator[Execution]:
        """The flow's production runs, newest first.

        Args:
            status: RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED; None for all.
        """
        target = self._target
        target.required_machine()
        wanted = {"statusFilter": status} if status else {}
        with aws.translated(f"state machine {target.name}"):
            pages = target.states.get_paginator("list_executions")
            for page in pages.paginate(stateMachineArn=target.arn, **wanted):
                for one in page["executions"]:
                    yield Execution(
                        PRODUCTION_RUN + one["name"], one["status"], one["startDate"], one.get("stopDate")
                    )

    def get(self, run: str) -> Execution:
        """One production run as it is now."""
        with aws.translated(f"run {run}"):
            one = self._target.states.describe_execution(executionArn=self._arn(run))
        return Execution(
            run, one["status"], one["startDate"], one.get("stopDate"), one.get("error"), one.get("cause")
        )

    def terminate(self, run: str) -> str:
        """Stop a production run and its jobs; one that has ended stays as it is. Returns what it was "
        "before."""
        status = self.get(run).status
        if status == "RUNNING":
            with aws.translated(f"run {run}"):
                self._target.states.stop_execution(executionArn=self._arn(run))
            self._target.datastore.end_run(self._target.flow, run)
        return status

    def history(self, run: str) -> Iterator[dict[str, Any]]:
        """The events of a run, the first one first, as Step Functions has them."""
        with aws.translated(f"run {run}"):
            pages = self._target.states.get_paginator("get_execution_history")
            for page in pages.paginate(executionArn=self._arn(run)):
                yield from page["events"]

    def _arn(self, run: str) -> str:
        return self._target.execution_arn(run.removeprefix(PRODUCTION_RUN))

"""AWS Step Functions: Distributed Map."""

from __future__ import annotations

import datetime
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
    distributed_iteration_component,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor import (
    distributed_item_processor_worker,
)

from stepwell.cloud.iam.evaluator import Access
from stepwell.cloud.identities import Refused
from stepwell.cloud.jobs import LocalJob
from stepwell.cloud.patches.replacing import replaces

Worker = distributed_item_processor_worker.DistributedItemProcessorWorker

CAUSE = "The specified tolerated failure threshold was exceeded"


def failed_children_fail_their_map() -> None:
    """moto's Distributed Map succeeds, with nulls, whatever happens to its children.

    AWS: Developer Guide, "Setting failure thresholds for Distributed Map states": once more children
    failed than are tolerated (none by default; by count or by percentage, whichever is passed
    first), the Map Run fails with ``States.ExceedToleratedFailureThreshold`` and the other
    children are aborted.
    """

    @replaces(Worker, "_eval_job")
    def _eval_job(original: Any, self: Any, env: Any, job: Any) -> None:
        original(self, env, job)
        record, pool = self._map_run_record, self._job_pool
        failed = record.item_counter.failed.get() + record.item_counter.timed_out.get()
        if _exceeds(
            failed, pool._jobs_number, record.tolerated_failure_count, record.tolerated_failure_percentage
        ):
            job.job_output = _threshold_exceeded(env)
            pool.close_job(job)  # from here on no child is started
            for frame in list(self._env._frames):
                frame.set_stop(stop_date=datetime.datetime.now(tz=datetime.UTC), cause=CAUSE, error=None)


def _exceeds(failed: int, total: int, count: int, percentage: float) -> bool:
    """A threshold of zero is one not given: with neither given, one failure is too many."""
    if not count and not percentage:
        return failed > 0
    return bool(count and failed > count) or bool(percentage and failed * 100 > percentage * total)


def _threshold_exceeded(env: Any) -> FailureEventException:
    return _failed(env, StatesErrorNameType.StatesExceedToleratedFailureThreshold, CAUSE)


def _failed(env: Any, error: StatesErrorNameType, cause: str) -> FailureEventException:
    name = StatesErrorName(typ=error)
    details: Any = {"taskFailedEventDetails": {"error": name.error_name, "cause": cause}}
    return FailureEventException(
        FailureEvent(
            env=env, error_name=name, event_type=HistoryEventType.MapRunFailed, event_details=details
        )
    )


def children_are_started_by_the_role() -> None:
    """moto starts a map's children whatever the role of the state machine may do.

    AWS: Developer Guide, "IAM policies for using Distributed Map states": the role needs
    ``states:StartExecution`` on its own state machine. (What the map fails with is not said; here it is
    ``States.Permissions``.)
    """

    @replaces(distributed_iteration_component.DistributedIterationComponent, "_map_run")
    def _map_run(original: Any, self: Any, env: Any, **given: Any) -> None:
        details = env.aws_execution_details
        machine = env.states.context_object.context_object_data["StateMachine"]["Id"]
        starting = Access("states:StartExecution", machine, details.account)
        try:
            LocalJob.host.identities.require(details.role_arn, "states.amazonaws.com", [starting])
        except Refused as error:
            raise _failed(env, StatesErrorNameType.StatesPermissions, str(error)) from error
        original(self, env, **given)


def long_maps_do_not_nest() -> None:
    """moto's worker calls itself for its next item: past about 900 items it dies of RecursionError.

    AWS: Developer Guide, "Distributed Map state": MaxConcurrency bounds children at once, not items.
    """

    @replaces(Worker, "_eval_pool")
    def _eval_pool(original: Any, self: Any, job: Any, worker_frame: Any) -> None:
        while job is not None:
            frame = worker_frame.open_inner_frame()
            self._eval_job(env=frame, job=job)
            worker_frame.delete_frame(frame)
            following = None
            if not isinstance(job.job_output, Exception) and not self.stopped():
                following = self._job_pool.next_job()
            self._job_pool.close_job(job)
            job = following


PATCHES = (failed_children_fail_their_map, children_are_started_by_the_role, long_maps_do_not_nest)

"""The life of one Batch job on the local cloud, told to moto as Batch tells it.

moto would run jobs in Docker, poll them twice a second, try each once, and keep why one failed to
itself. This class takes the place of moto's: states, attempts, reasons, time limits and logs are
those of the AWS Batch API Reference (``JobDetail``, ``AttemptDetail``).
"""

from __future__ import annotations

import contextvars
import logging
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from moto.batch.models import Job, datetime2int_milliseconds
from moto.batch.utils import JobStatus

from stepwell.cloud.containers import CannotStart, Container
from stepwell.cloud.guardian import Guardian
from stepwell.cloud.iam.evaluator import Access
from stepwell.cloud.identities import Identities, Refused
from stepwell.cloud.retries import Ending, attempts_of, tries_again
from stepwell.cloud.slots import Slots

DEFAULT_LOG_GROUP = "/aws/batch/job"
EXITED = "Essential container in task exited"
TIMED_OUT = "Job attempt duration exceeded timeout"

retry_strategy_of_submission: contextvars.ContextVar[Mapping[str, Any] | None] = contextvars.ContextVar(
    "retry_strategy_of_submission", default=None
)
"""``SubmitJob``'s own retryStrategy, which moto's `submit_job` has no parameter for."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobHost:
    """What jobs run on: the endpoint they call AWS at, the means of this machine, and who they are there."""

    endpoint: str
    guardian: Guardian
    slots: Slots
    identities: Identities


class LocalJob(Job):
    """A Batch job whose container is a local process."""

    host: ClassVar[JobHost]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.finished = threading.Event()
        self._strategy = retry_strategy_of_submission.get() or self.job_definition.retry_strategy
        self._container: Container | None = None
        self._container_lock = threading.Lock()
        self._timed_out = False

    def run(self) -> None:
        try:
            self._run()
        except Exception as error:
            logger.exception("Batch job %s failed for a fault of the local cloud", self.job_id)
            self._end(Ending(f"{type(error).__name__}: {error}"))

    def terminate(self, reason: str) -> None:
        super().terminate(reason)
        self._stop_container()
        self.host.slots.wake()

    def _run(self) -> None:
        self.status = JobStatus.PENDING
        if self.depends_on and not self._wait_for_dependencies():
            return
        if self.job_definition.container_properties is None:
            self._end(Ending("the local cloud runs container jobs only, neither multi-node nor EKS jobs"))
            return
        for attempt in range(1, attempts_of(self._strategy) + 1):
            ending = self._attempt(attempt)
            if not tries_again(self._strategy, attempt, ending):
                break
        self._end(ending)

    def _attempt(self, number: int) -> Ending:
        self.status = JobStatus.RUNNABLE
        if not self.host.slots.acquire(cancelled=lambda: self.stop):
            return Ending(str(self.job_stopped_reason), final=True)
        try:
            self.status = JobStatus.STARTING
            self.job_started_at = datetime.now()
            ending = self._run_as_its_role(number)
        finally:
            self.host.slots.release()
        self._record_attempt(ending)
        return ending

    def _run_as_its_role(self, number: int) -> Ending:
        role = self._get_container_property("jobRoleArn", None)
        try:
            with self.host.identities.container(role, self.job_id) as credentials:
                return self._run_container({**self._environment(number), **credentials})
        except Refused as error:
            reason = f"ECS was unable to assume the role {role!r} that was provided for this task: {error}"
            return Ending(reason, container_reason=reason)

    def _run_container(self, environment: Mapping[str, str]) -> Ending:
        try:
            log = self._open_log()
            with self._container_lock:
                self._container = Container(
                    self._add_parameters_to_command(self._get_container_property("command", [])),
                    environment,
                    self.host.guardian,
                    log,
                )
        except CannotStart as error:
            reason = f"CannotStartContainerError: {error}"
            return Ending(reason, container_reason=reason)
        self.status = JobStatus.RUNNING
        if self.stop:  # terminated while the container was being started
            self._stop_container()
        seconds = self._get_attempt_duration()
        limit = threading.Timer(seconds or 0, self._time_out)
        limit.daemon = True
        if seconds:
            limit.start()
        code = self._container.wait()
        limit.cancel()
        self.exit_code = code
        if self.stop:
            return Ending(str(self.job_stopped_reason), code, final=True)
        return Ending(TIMED_OUT if self._timed_out else EXITED, code, final=self._timed_out)

    def _time_out(self) -> None:
        self._timed_out = True
        self._stop_container()

    def _stop_container(self) -> None:
        with self._container_lock:
            if self._container is not None:
                self._container.stop()

    def _environment(self, attempt: int) -> dict[str, str]:
        """Later ones win: the job role and Batch (AWS Batch User Guide, "Job environment variables")."""
        region = self.backend.region_name
        variables = {v["name"]: v["value"] for v in self._get_container_property("environment", [])}
        index = self.array_properties.get("index")
        return {
            **variables,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL": self.host.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_BATCH_JOB_ID": self.job_id,
            "AWS_BATCH_JOB_ATTEMPT": str(attempt),
            "AWS_BATCH_JQ_NAME": self.job_queue.name,
            "AWS_BATCH_CE_NAME": self.job_queue.environments[0].name,
            **({} if index is None else {"AWS_BATCH_JOB_ARRAY_INDEX": str(index)}),
        }

    def _open_log(self) -> Any:
        """A sink of log lines: CloudWatch Logs, one stream an attempt, as the awslogs driver has it."""
        options = self._get_container_property("logConfiguration", {}).get("options") or {}
        group = options.get("awslogs-group", DEFAULT_LOG_GROUP)
        if group not in self._log_backend.groups:
            if group != DEFAULT_LOG_GROUP and options.get("awslogs-create-group") != "true":
                raise CannotStart(f"failed to initialize logging driver: log group {group} does not exist")
            self._log_backend.ensure_log_group(group)
        prefix = options.get("awslogs-stream-prefix", self.job_definition.name)
        stream = f"{prefix}/default/{uuid.uuid4().hex}"
        self._must_write_logs(f"log-group:{group}:log-stream:{stream}")
        self._log_backend.ensure_log_stream(group, stream)
        self.log_stream_name = stream

        def write(line: str) -> None:
            if line:  # CloudWatch Logs has no empty events
                event = {"timestamp": int(time.time() * 1000), "message": line}
                self._log_backend.put_log_events(group, stream, [event])

        return write

    def _must_write_logs(self, stream: str) -> None:
        """It is the execution role that does (AWS Batch User Guide, "AWS Batch IAM execution role")."""
        role = self._get_container_property("executionRoleArn", None)
        if not role:
            return
        backend = self.backend
        arn = f"arn:{backend.partition}:logs:{backend.region_name}:{backend.account_id}:{stream}"
        wanted = [
            Access(f"logs:{action}", arn, backend.account_id)
            for action in ("CreateLogStream", "PutLogEvents")
        ]
        try:
            self.host.identities.require(role, "ecs-tasks.amazonaws.com", wanted)
        except Refused as error:
            raise CannotStart(
                f"ResourceInitializationError: failed to validate logger args: {error}"
            ) from None

    def _record_attempt(self, ending: Ending) -> None:
        container: dict[str, Any] = {"logStreamName": self.log_stream_name, "networkInterfaces": []}
        if ending.exit_code is not None:
            container["exitCode"] = ending.exit_code
        if ending.container_reason is not None:
            container["reason"] = ending.container_reason
        self.attempts.append(
            {
                "container": container,
                "startedAt": datetime2int_milliseconds(self.job_started_at),
                "stoppedAt": datetime2int_milliseconds(datetime.now()),
                "statusReason": ending.reason,
            }
        )

    def _end(self, ending: Ending) -> None:
        self.job_stopped_reason = ending.reason
        self._mark_stopped(success=ending.succeeded)

    def _mark_stopped(self, success: bool = True) -> None:
        super()._mark_stopped(success)
        self.finished.set()

    def _get_container_property(self, p: str, default: Any) -> Any:
        """moto's own adds to the submitted environment, each time it is asked."""
        properties = self.job_definition.container_properties or {}
        if p == "environment":
            both = [*properties.get(p, []), *self.container_overrides.get(p, [])]
            return [{"name": n, "value": v} for n, v in {v["name"]: v["value"] for v in both}.items()]
        if p == "resourceRequirements":
            both = [*properties.get(p, []), *self.container_overrides.get(p, [])]
            return [{"type": t, "value": v} for t, v in {r["type"]: r["value"] for r in both}.items()]
        return super()._get_container_property(p, default)

    def _container_details(self) -> dict[str, Any]:
        last = self.attempts[-1]["container"] if self.attempts else {}
        return {
            **super()._container_details(),
            "resourceRequirements": self._get_container_property("resourceRequirements", []),
            **{name: last[name] for name in ("exitCode", "reason") if name in last},
        }

"""The life of one Batch job on the local cloud, told to moto as Batch tells it.

moto would run jobs in Docker, poll them twice a second, try each once, and keep why one failed to
itself. This class takes the place of moto's: states, attempts, reasons, time limits and logs are
those of the AWS Batch API Reference (``JobDetail``, ``AttemptDetail``).
"""

from __future__ import annotations

import contextlib
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

from stepwell.cloud import multinode
from stepwell.cloud.containers import CannotStart, Container
from stepwell.cloud.guardian import Guardian
from stepwell.cloud.iam.evaluator import Access
from stepwell.cloud.identities import Identities, Refused
from stepwell.cloud.retries import Ending, attempts_of, tries_again
from stepwell.cloud.slots import Slots
from stepwell.contract import ALL_NODES
from stepwell.execution.node import own_address

DEFAULT_LOG_GROUP = "/aws/batch/job"
EXITED = "Essential container in task exited"
TIMED_OUT = "Job attempt duration exceeded timeout"

retry_strategy_of_submission: contextvars.ContextVar[Mapping[str, Any] | None] = contextvars.ContextVar(
    "retry_strategy_of_submission", default=None
)
"""``SubmitJob``'s own retryStrategy, which moto's `submit_job` has no parameter for."""
node_overrides_of_submission: contextvars.ContextVar[Mapping[str, Any] | None] = contextvars.ContextVar(
    "node_overrides_of_submission", default=None
)
"""Its nodeOverrides, likewise."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobHost:
    """What jobs run on: the endpoint they call AWS at, the means of this machine, and who they are there."""

    endpoint: str
    guardian: Guardian
    slots: Slots
    identities: Identities


class LocalJob(Job):
    """A Batch job whose container is a local process, or whose nodes' containers are."""

    host: ClassVar[JobHost]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.finished = threading.Event()
        self._strategy = retry_strategy_of_submission.get() or self.job_definition.retry_strategy
        self._node_overrides = node_overrides_of_submission.get() or {}
        self._containers: list[Container] = []
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
        if self.job_definition.container_properties is None and self._nodes is None:
            self._end(Ending("the local cloud runs container and multi-node jobs only, no EKS jobs"))
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
        """Run the container; of a multi-node job that of its main node, and with it those of the others."""
        main = 0 if self._nodes is None else self._nodes["mainNode"]
        self._containers = []
        try:
            container = self._start_container(main, environment)
        except CannotStart as error:
            reason = f"CannotStartContainerError: {error}"
            return Ending(reason, container_reason=reason)
        self.status = JobStatus.RUNNING
        for index in range(self._number_of_nodes):
            if index != main:
                with contextlib.suppress(CannotStart):  # "doesn't take any action on the other nodes"
                    self._start_container(index, environment)
        if self.stop:  # terminated while the container was being started
            self._stop_container()
        seconds = self._get_attempt_duration()
        limit = threading.Timer(seconds or 0, self._time_out)
        limit.daemon = True
        if seconds:
            limit.start()
        code = container.wait()
        limit.cancel()
        self._stop_container()  # the children of the main node
        for other in self._containers:
            if other is not container:
                other.wait()
        self.exit_code = code
        if self.stop:
            return Ending(str(self.job_stopped_reason), code, final=True)
        return Ending(TIMED_OUT if self._timed_out else EXITED, code, final=self._timed_out)

    def _time_out(self) -> None:
        self._timed_out = True
        self._stop_container()

    def _stop_container(self) -> None:
        with self._container_lock:
            for container in self._containers:
                container.stop()

    def _start_container(self, node: int, environment: Mapping[str, str]) -> Container:
        """Start the container of the job, or of one of its nodes."""
        log = self._open_log(is_main=not self._containers)
        variables = {v["name"]: v["value"] for v in self._property_of(node, "environment", [])}
        with self._container_lock:
            started = Container(
                self._add_parameters_to_command(self._property_of(node, "command", [])),
                {**variables, **environment, **self._node_variables(node)},
                self.host.guardian,
                log,
            )
            self._containers.append(started)
        return started

    @property
    def _nodes(self) -> Mapping[str, Any] | None:
        """``nodeProperties``; None where the job is no multi-node one."""
        found: Mapping[str, Any] | None = self.job_definition.node_properties
        return found

    @property
    def _number_of_nodes(self) -> int:
        return 1 if self._nodes is None else multinode.number_of_nodes(self._nodes, self._node_overrides)

    def _node_variables(self, node: int) -> dict[str, str]:
        """AWS Batch User Guide, "Multi-node parallel jobs: Environment variables"."""
        if self._nodes is None:
            return {}
        main = self._nodes["mainNode"]
        return {
            "AWS_BATCH_JOB_NUM_NODES": str(self._number_of_nodes),
            "AWS_BATCH_JOB_NODE_INDEX": str(node),
            "AWS_BATCH_JOB_MAIN_NODE_INDEX": str(main),
            **({} if node == main else {"AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS": own_address()}),
        }

    def _environment(self, attempt: int) -> dict[str, str]:
        """What wins over the definition's and the submission's (User Guide, "Job environment variables")."""
        region = self.backend.region_name
        index = self.array_properties.get("index")
        return {
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

    def _open_log(self, is_main: bool = True) -> Any:
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
        if is_main:
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
        """Of a multi-node job that of its main node."""
        if self._nodes is not None:
            return self._property_of(self._nodes["mainNode"], p, default)
        if p in ("environment", "resourceRequirements"):
            return self._property_of(0, p, default)
        return super()._get_container_property(p, default)

    def _property_of(self, node: int, p: str, default: Any) -> Any:
        """moto's own adds to the submitted environment, each time it is asked."""
        properties: Mapping[str, Any] = self.job_definition.container_properties or {}
        overrides: Mapping[str, Any] = self.container_overrides
        if self._nodes is not None:
            properties = multinode.container(self._nodes, node)
            overrides = multinode.container_overrides(self._node_overrides, node)
        named = {"environment": "name", "resourceRequirements": "type"}.get(p)
        if named is None:
            return overrides.get(p, properties.get(p, default))
        both = [*properties.get(p, []), *overrides.get(p, [])]
        return [{named: n, "value": v} for n, v in {v[named]: v["value"] for v in both}.items()]

    def describe(self) -> dict[str, Any]:
        found: dict[str, Any] = super().describe()
        if self._nodes is not None:
            # of its containers each node tells, and each attempt of the main one's end
            del found["container"]
            container = {
                **self._nodes["nodeRangeProperties"][0]["container"],
                "environment": self._get_container_property("environment", []),
                "resourceRequirements": self._get_container_property("resourceRequirements", []),
            }
            groups = [{"targetNodes": ALL_NODES, "container": container}]
            nodes = {"numNodes": self._number_of_nodes, "nodeRangeProperties": groups}
            found["nodeProperties"] = {**self._nodes, **nodes}
        return found

    def _container_details(self) -> dict[str, Any]:
        last = self.attempts[-1]["container"] if self.attempts else {}
        return {
            **super()._container_details(),
            "resourceRequirements": self._get_container_property("resourceRequirements", []),
            **{name: last[name] for name in ("exitCode", "reason") if name in last},
        }

"""AWS Step Functions: its ``batch:submitJob.sync`` tasks, and calls of services named in lower case."""

from __future__ import annotations

import functools
from typing import Any

import botocore.session
from moto.batch.models import batch_backends
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (
    StateTaskServiceAwsSdk,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_batch import (
    StateTaskServiceBatch,
)

from stepwell.cloud.patches.replacing import replaces

INTERRUPTED = "Stopped by Step Functions"


@functools.cache
def _operation(name: str, service_name: str = "batch") -> Any:
    service = botocore.session.get_session().get_service_model(service_name)
    return service.operation_model("".join(word.title() for word in name.split("_")))


def submit_job_takes_pascal_case() -> None:
    """moto hands the state's ``JobDefinition`` to boto3, which knows ``jobDefinition``: every task fails.

    AWS: Developer Guide, "Run AWS Batch workloads with Step Functions": parameters are written in
    PascalCase, as deep as they go, and so are results.
    """

    @replaces(StateTaskServiceBatch, "_normalise_parameters")
    def _normalise_parameters(
        original: Any, self: Any, parameters: dict[str, Any], service_action_name: str | None = None
    ) -> None:
        action = service_action_name or self._get_boto_service_action()
        self._to_boto_request(parameters, _operation(action).input_shape)

    @replaces(StateTaskServiceBatch, "_normalise_response")
    def _normalise_response(
        original: Any, self: Any, response: Any, service_action_name: str | None = None
    ) -> None:
        action = service_action_name or self._get_boto_service_action()
        self._from_boto_response(response, _operation(action).output_shape)


def sdk_calls_take_pascal_case() -> None:
    """moto hands ``JobQueue`` of an ``aws-sdk:`` call to boto3, which for some services knows ``jobQueue``.

    AWS: Developer Guide, "Learning to use AWS service SDK integrations in Step Functions": parameters and
    results of all services are written in PascalCase. Those of S3 are anyway; an object is no JSON.
    """

    def operation(call: Any, action: str | None) -> Any:
        """What boto3 knows of a call; nothing where names need no change."""
        service = call._get_boto_service_name()
        return None if service == "s3" else _operation(action or call._get_boto_service_action(), service)

    @replaces(StateTaskServiceAwsSdk, "_normalise_parameters")
    def _normalise_parameters(
        original: Any, self: Any, parameters: Any, service_action_name: str | None = None
    ) -> None:
        if (known := operation(self, service_action_name)) is None:
            original(self, parameters, service_action_name)
        elif known.input_shape is not None:
            self._to_boto_request(parameters, known.input_shape)

    @replaces(StateTaskServiceAwsSdk, "_normalise_response")
    def _normalise_response(
        original: Any, self: Any, response: Any, service_action_name: str | None = None
    ) -> None:
        if (known := operation(self, service_action_name)) is None:
            original(self, response, service_action_name)
        elif known.output_shape is not None:
            self._from_boto_response(response, known.output_shape)


def submit_job_takes_shares() -> None:
    """moto drops parameters of a job that it doesn't know, its share of a queue among them.

    AWS: Developer Guide, "Run AWS Batch workloads with Step Functions": the example has ``PropagateTags``;
    two others are what a fair-share queue wants, and ``NodeOverrides`` is what a multi-node job takes in
    place of ``ContainerOverrides`` (Batch API Reference, ``SubmitJob``).
    """

    @replaces(StateTaskServiceBatch, "_get_supported_parameters")
    def _get_supported_parameters(original: Any, self: Any) -> Any:
        known = original(self)
        more = {"NodeOverrides", "PropagateTags", "SchedulingPriorityOverride", "ShareIdentifier"}
        return known and known | more

    @replaces(StateTaskServiceBatch, "_attach_aws_environment_variables")
    def _attach_aws_environment_variables(original: Any, parameters: dict[str, Any]) -> None:
        if "NodeOverrides" not in parameters:  # it would add ContainerOverrides, which exclude each other
            original(parameters)


def submit_job_waits_for_the_job_itself() -> None:
    """moto describes the job every half second, and leaves it running when the state is interrupted.

    AWS: Developer Guide, "Discover service integration patterns" (Run a Job): when the execution is
    stopped, or the state times out, Step Functions cancels the task. (How fast it learns of a job's
    end is not said; here it is at once.)
    """

    def submitted(env: Any, part: Any) -> Any:
        """The job that a state has just submitted."""
        return batch_backends[part.account][part.region].get_job_by_id(env.stack[-1]["JobId"])

    @replaces(StateTaskServiceBatch, "_build_sync_resolver")
    def _build_sync_resolver(
        original: Any, self: Any, env: Any, resource_runtime_part: Any, **others: Any
    ) -> Any:
        job = submitted(env, resource_runtime_part)
        describe = original(self, env=env, resource_runtime_part=resource_runtime_part, **others)

        def wait_and_describe() -> Any:
            while not job.finished.wait(0.5):
                if not env.is_running():
                    return None
            return describe()

        return wait_and_describe

    @replaces(StateTaskServiceBatch, "_eval_integration_pattern")
    def _eval_integration_pattern(
        original: Any, self: Any, env: Any, resource_runtime_part: Any, **others: Any
    ) -> None:
        job = submitted(env, resource_runtime_part)
        try:
            original(self, env=env, resource_runtime_part=resource_runtime_part, **others)
        finally:
            if not env.is_running():
                job.terminate(INTERRUPTED)


def retried_tasks_wait_anew() -> None:
    """moto's second attempt of a ``.sync`` task times out: it listens where the first has stopped to.

    AWS: Developer Guide, "Handling errors in Step Functions workflows" (Retry): an attempt after a failed
    one runs as the first did.
    """

    @replaces(StateTaskServiceBatch, "_eval_integration_pattern")
    def _eval_integration_pattern(original: Any, self: Any, env: Any, *args: Any, **others: Any) -> None:
        if self.resource.condition != ResourceCondition.WaitForTaskToken:
            env.callback_pool_manager.add(env.states.context_object.update_task_token())
        original(self, env, *args, **others)


PATCHES = (
    submit_job_takes_pascal_case,
    sdk_calls_take_pascal_case,
    submit_job_takes_shares,
    submit_job_waits_for_the_job_itself,
    retried_tasks_wait_anew,
)

"""AWS Step Functions: its API."""

from __future__ import annotations

import json
import re
import threading
import time
import uuid
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core.responses import ActionResult
from moto.stepfunctions.parser import api
from moto.stepfunctions.parser.api import InvalidDefinition
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import TimeoutSeconds
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval import resource_eval_s3
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
    state_task_service_batch,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from stepwell.cloud.asl import faults
from stepwell.cloud.identities import Refused
from stepwell.cloud.jobs import LocalJob
from stepwell.cloud.patches.replacing import adds, replaces

# As moto's own clients, but for the keys: a state decides what is tried again.
_CONFIG = Config(
    parameter_validation=False,
    retries={"total_max_attempts": 1},
    connect_timeout=TimeoutSeconds.DEFAULT_TIMEOUT_SECONDS,
    read_timeout=TimeoutSeconds.DEFAULT_TIMEOUT_SECONDS,
)
_NO_RESPONSE: Any = {
    "HTTPStatusCode": 403,
    "RequestId": "",
    "HostId": "",
    "HTTPHeaders": {},
    "RetryAttempts": 0,
}
_PERCENTAGE = re.compile(r'("ToleratedFailurePercentage"\s*:\s*\d+)(?=\s*[,}])')


def tolerated_percentage_may_be_whole() -> None:
    """moto's grammar wants a decimal point in ``ToleratedFailurePercentage``.

    AWS: Developer Guide, "Setting failure thresholds for Distributed Map states": a number from 0 to 100.
    """

    @replaces(AmazonStateLanguageParser, "parse")
    def parse(original: Any, definition: str) -> Any:
        return original(_PERCENTAGE.sub(r"\1.0", definition))


def dangling_transitions_are_refused() -> None:
    """moto accepts a Next that names no state, a state that nothing leads to, one without Next or End.

    AWS: API Reference, ``CreateStateMachine``: such a definition is ``InvalidDefinition``.
    """

    @replaces(StepFunctionsParserBackend, "_validate_definition")
    def _validate_definition(original: Any, definition: str) -> None:
        original(definition)
        found = faults(json.loads(definition))
        if found:
            raise InvalidDefinition(message="SCHEMA_VALIDATION_FAILED: " + "; ".join(found))


def definitions_are_validated() -> None:
    """moto has no ``ValidateStateMachineDefinition``; Terraform then retries 500s for many minutes.

    AWS: API Reference, ``ValidateStateMachineDefinition``: OK or FAIL, with diagnostics.
    """

    @adds(StepFunctionResponse)
    def validate_state_machine_definition(self: Any) -> ActionResult:
        try:
            StepFunctionsParserBackend._validate_definition(self._get_param("definition"))
        except InvalidDefinition as error:
            message = str(error.message)
            diagnostic = {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": message}
            return ActionResult({"result": "FAIL", "diagnostics": [diagnostic], "truncated": False})
        return ActionResult({"result": "OK", "diagnostics": [], "truncated": False})


def executions_without_a_name_get_one() -> None:
    """moto names each of them None, and refuses the second.

    AWS: API Reference, ``StartExecution``: the name is optional; a UUID takes its place.
    """

    @replaces(StepFunctionsParserBackend, "start_execution")
    def start_execution(original: Any, self: Any, arn: str, name: str | None = None, *args: Any) -> Any:
        return original(self, arn, name or str(uuid.uuid4()), *args)


def executions_may_be_stopped_at_once() -> None:
    """moto answers with its own failure where it still parses the definition.

    AWS: API Reference, ``StopExecution``, "Errors": that an execution has hardly begun is none.
    """

    @replaces(ExecutionWorker, "stop")
    def stop(original: Any, self: Any, *args: Any, **given: Any) -> None:
        while self.env is None or self.env.program_state() is None:
            time.sleep(0.01)
        original(self, *args, **given)


def stopped_executions_have_not_failed() -> None:
    """moto passes by what is left of a state, then misses what that would have made: the execution fails.

    AWS: API Reference, ``DescribeExecution``: one that was stopped is ABORTED.
    """

    @replaces(Environment, "set_error")
    def set_error(original: Any, self: Any, *args: Any, **given: Any) -> None:
        if not isinstance(self.program_state(), ProgramStopped):
            original(self, *args, **given)


def versions_are_listed() -> None:
    """moto has no ``ListStateMachineVersions``, which Terraform asks for when ``publish`` is set.

    AWS: API Reference, ``ListStateMachineVersions``: the newest first.
    """

    @adds(StepFunctionResponse)
    def list_state_machine_versions(self: Any) -> ActionResult:
        machine = self.stepfunction_backend.describe_state_machine(self._get_param("stateMachineArn"))
        versions = [
            {"stateMachineVersionArn": version.arn, "creationDate": version.creation_date}
            for _, version in sorted(machine.versions.items(), reverse=True)
        ]
        return ActionResult({"stateMachineVersions": versions})


def clients_are_shared() -> None:
    """moto makes a boto3 client for each task of each state, in many threads at once.

    That takes tens of milliseconds each, and boto3's default session may not be used so
    (boto3 Developer Guide, "Multithreading with Boto3": share clients, not sessions). It also signs with keys
    that nobody has.
    AWS: Developer Guide, "Creating an IAM role for your state machine": it acts as the machine's role.
    """
    lock = threading.Lock()
    clients: dict[tuple[str, str, str], Any] = {}

    def share(module: Any) -> None:
        @replaces(module, "boto_client_for")
        def boto_client_for(original: Any, region: str, service: str, state_credentials: Any) -> Any:
            role = state_credentials.role_arn
            with lock:
                if (region, service, role) not in clients:
                    clients[region, service, role] = _client(region, service, role)
                return clients[region, service, role]

    share(state_task_service_aws_sdk)
    share(state_task_service_batch)
    share(resource_eval_s3)


def _client(region: str, service: str, role: str) -> Any:
    host = LocalJob.host
    try:
        keys = host.identities.keys(role, "states.amazonaws.com", "states")
    except Refused as error:
        problem: Any = {"Code": "AccessDeniedException", "Message": str(error)}
        raise ClientError({"Error": problem, "ResponseMetadata": _NO_RESPONSE}, "AssumeRole") from error
    session = boto3.Session(keys.key, keys.secret, keys.token)
    return session.client(service, region, endpoint_url=host.endpoint, config=_CONFIG)  # type: ignore[call-overload]


def s3_objects_are_text() -> None:
    """moto hands on boto3's stream for the ``Body`` of an ``aws-sdk:s3:getObject`` task, which breaks.

    AWS: Developer Guide, "Integrating with AWS services": a task's result is JSON; an object's body in
    it is text.
    """

    @replaces(state_task_service_aws_sdk.StateTaskServiceAwsSdk, "_normalise_response")
    def _normalise_response(original: Any, self: Any, response: Any, *args: Any) -> None:
        if hasattr(response.get("Body"), "read"):
            response["Body"] = response["Body"].read().decode()
        original(self, response, *args)


def s3_objects_take_json() -> None:
    """moto hands the ``Body`` of an ``aws-sdk:s3:putObject`` task to boto3 as a dictionary, which breaks.

    AWS: Developer Guide, "Integrating with AWS services": parameters are JSON; a body that is an object or
    a list is written as JSON, text as it is.
    """

    @replaces(state_task_service_aws_sdk.StateTaskServiceAwsSdk, "_eval_service_task")
    def _eval_service_task(
        original: Any, self: Any, env: Any, *args: Any, normalised_parameters: Any, **given: Any
    ) -> None:
        if isinstance(normalised_parameters.get("Body"), dict | list):
            body = json.dumps(normalised_parameters["Body"], separators=(",", ":"))
            normalised_parameters = {**normalised_parameters, "Body": body}
        original(self, env, *args, normalised_parameters=normalised_parameters, **given)


def errors_have_codes() -> None:
    """moto's executing Step Functions answers an error without its code: InvalidDefinition is nameless.

    AWS: API Reference, ``CreateStateMachine``, "Errors": clients tell errors apart by their codes.
    """
    for error in vars(api).values():
        if hasattr(error, "status_code"):
            error.TYPE, error.STATUS = error.code, error.status_code


PATCHES = (
    errors_have_codes,
    tolerated_percentage_may_be_whole,
    dangling_transitions_are_refused,
    definitions_are_validated,
    executions_without_a_name_get_one,
    executions_may_be_stopped_at_once,
    stopped_executions_have_not_failed,
    versions_are_listed,
    clients_are_shared,
    s3_objects_are_text,
    s3_objects_take_json,
)

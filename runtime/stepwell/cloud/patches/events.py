"""Amazon EventBridge and EventBridge Scheduler."""

from __future__ import annotations

import copy
from typing import Any
from zoneinfo import ZoneInfo

from moto.events.models import Rule
from moto.events.utils import EventTemplateParser
from moto.glue.models import GlueBackend
from moto.scheduler.exceptions import ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution

from stepwell.cloud.clock import Clock
from stepwell.cloud.delivery import COURIER, SERVICES, Delivery, as_text, new_id
from stepwell.cloud.events import clock_time, tell
from stepwell.cloud.patches.replacing import replaces
from stepwell.flow.cron import next_time


def schedules_come_due() -> None:
    """moto keeps schedules and starts nothing.

    AWS: Scheduler User Guide, "What is Amazon EventBridge Scheduler?": it invokes the target when the
    schedule comes due, with the retry policy and the dead-letter queue of the target.
    """
    Clock().start()


def schedule_expressions_are_checked() -> None:
    """moto takes any text for a schedule expression and a time zone.

    AWS: API Reference, ``CreateSchedule``: a ``ValidationException`` where it is none.
    """

    def check(action: str) -> None:
        @replaces(EventBridgeSchedulerBackend, action)
        def patched(original: Any, self: Any, **given: Any) -> Any:
            from datetime import UTC, datetime

            now = datetime.now(UTC)
            try:
                zone = ZoneInfo(given["schedule_expression_timezone"] or "UTC")
                next_time(given["schedule_expression"], zone, now, now)
            except (ValueError, OSError, KeyError) as error:
                raise ValidationException(f"Invalid Schedule Expression: {error}") from None
            return original(self, **given)

    check("create_schedule")
    check("update_schedule")


def rules_start_executions() -> None:
    """moto raises for a target that is a state machine or a topic, and disabled rules act too.

    AWS: User Guide, "Event bus targets in Amazon EventBridge"; API Reference, ``PutTargets`` (Input,
    InputPath, RetryPolicy, DeadLetterConfig) and ``DisableRule``.
    """

    @replaces(Rule, "send_to_targets")
    def send_to_targets(original: Any, self: Any, original_event: Any, transform_input: bool = True) -> None:
        wanted = self.state == "ENABLED" and (
            self.event_pattern.get_pattern() or not self.scheduled_expression
        )
        if not (wanted and self.event_pattern.matches_event(clock_time(original_event))):
            return
        ours = [one for one in self.targets if one["Arn"].split(":")[2] in SERVICES]
        for target in ours:
            said = {"RULE_ARN": self.arn}
            name = f"{new_id()}_{new_id()}"
            COURIER.send(Delivery.of(target, _input(target, original_event), said, name))
        others = copy.copy(self)
        others.targets = [one for one in self.targets if one not in ours]
        original(others, original_event, transform_input)


def _input(target: dict[str, Any], event: dict[str, Any]) -> str:
    """What a target gets of an event."""
    shown = clock_time(event)
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        from jsonpath_ng.ext.parser import parse

        found = parse(target["InputPath"]).find(shown)
        return as_text(found[0].value if found else None)
    if "InputTransformer" in target:
        transformer = target["InputTransformer"]
        known: Any = {**shown, "ingestion-time": event.get("ingestion-time", 0)}
        return as_text(
            EventTemplateParser.parse(
                transformer["InputTemplate"], transformer.get("InputPathsMap", {}), known
            )
        )
    return as_text(shown)


def executions_are_events() -> None:
    """moto's Step Functions tells EventBridge nothing.

    AWS: Step Functions Developer Guide, "Automating Step Functions event delivery with Amazon EventBridge":
    an event whenever a standard execution gets another status.
    """

    @replaces(Execution, "start")
    def start(original: Any, self: Any) -> None:
        original(self)
        _tell_status(self, "RUNNING")

    @replaces(BaseExecutionWorkerCommunication, "terminated")
    def terminated(original: Any, self: Any) -> None:
        original(self)
        _tell_status(self.execution, self.execution.exec_status)


def _tell_status(execution: Any, status: str) -> None:
    detail = {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": status,
        "startDate": int(execution.start_date.timestamp() * 1000),
        "stopDate": int(execution.stop_date.timestamp() * 1000) if execution.stop_date else None,
        "input": execution.execution_input,
        "output": as_text(execution.output) if execution.output is not None else None,
        "error": execution.error,
        "cause": execution.cause,
    }
    tell(
        "aws.states", "Step Functions Execution Status Change", detail,
        account=execution.account_id, region=execution.region_name, resources=[execution.exec_arn],
    )  # fmt: skip


def table_changes_are_events() -> None:
    """moto's Glue tells EventBridge nothing.

    AWS: AWS Glue Developer Guide, "Automating AWS Glue with EventBridge": an event of the Data Catalog
    whenever a table is created, changed or deleted; a commit to an Iceberg table changes it.
    """

    def told(action: str, kind: str) -> None:
        @replaces(GlueBackend, action)
        def patched(original: Any, self: Any, database_name: str, table_name: str, *args: Any) -> Any:
            answer = original(self, database_name, table_name, *args)
            arn = (
                f"arn:{self.partition}:glue:{self.region_name}:{self.account_id}:"
                f"table/{database_name}/{table_name}"
            )
            detail = {
                "databaseName": database_name, "tableName": table_name, "typeOfChange": kind,
                "changedPartitions": [],
            }  # fmt: skip
            tell(
                "aws.glue", "Glue Data Catalog Table State Change", detail,
                account=self.account_id, region=self.region_name, resources=[arn],
            )  # fmt: skip
            return answer

    told("create_table", "CreateTable")
    told("update_table", "UpdateTable")
    told("delete_table", "DeleteTable")


PATCHES = (
    schedules_come_due,
    schedule_expressions_are_checked,
    rules_start_executions,
    executions_are_events,
    table_changes_are_events,
)

"""What starts a deployed flow by itself: a schedule of EventBridge Scheduler, and rules of EventBridge.

What a flow wants is read off its decorators. Putting it makes it so whatever was there before: a schedule or
rule that the flow has no longer is removed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from stepwell import aws
from stepwell.errors import UsageError
from stepwell.flow.decorators.schedule import schedule
from stepwell.flow.decorators.trigger import trigger, trigger_on_finish
from stepwell.flow.spec import FlowSpec
from stepwell.production.names import rule_name, schedule_name
from stepwell.production.target import Target

RETRIES, AGE = 60, 3600
"""How often, and for how many seconds, a start that failed is tried again before it is a dead letter."""
_TARGET = "flow"
"""Id of a rule's only target."""


def started_by_events(flow_class: type[FlowSpec]) -> bool:
    """Whether an event may start the flow."""
    return bool(trigger.of(flow_class) or trigger_on_finish.of(flow_class))


class Rule(NamedTuple):
    """An event that starts a flow.

    Attributes:
        sentence: for people.
        pattern: of the events.
        about: what the run is told of it, besides the event itself.
    """

    sentence: str
    pattern: dict[str, Any]
    about: dict[str, Any]


def rules_of(target: Target) -> list[Rule]:
    """The events that a flow waits for. Raises `UsageError` for itself."""
    found = []
    pattern: dict[str, Any]
    by_event, by_run = trigger.of(target.flow_class), trigger_on_finish.of(target.flow_class)
    if by_event and by_event.event_name:
        name = by_event.event_name
        pattern = {"source": [target.environment.event_source], "detail-type": [name]}
        found.append(Rule(f"on the event '{name}'", pattern, {"kind": "event", "name": name}))
    elif by_event:
        table = by_event.attributes["table"]
        database, _, short = table.partition(".")
        detail = {
            "databaseName": [target.contract.database(database)], "tableName": [short],
            "typeOfChange": ["UpdateTable"],
        }  # fmt: skip
        pattern = {
            "source": ["aws.glue"], "detail-type": ["Glue Data Catalog Table State Change"], "detail": detail,
        }  # fmt: skip
        found.append(Rule(f"on a commit to table {table}", pattern, {"kind": "table", "name": table}))
    if by_run:
        namespace, project = by_run.where(target.namespace, target.project_name)
        name = target.machine_name(namespace, by_run.flow, project)
        if name == target.name:
            raise UsageError(
                f"flow {target.flow}: @trigger_on_finish names the flow itself, which would never end; name "
                "another"
            )
        detail = {"stateMachineArn": [target.arn_of(f"stateMachine:{name}")], "status": ["SUCCEEDED"]}
        pattern = {
            "source": ["aws.states"], "detail-type": ["Step Functions Execution Status Change"],
            "detail": detail,
        }  # fmt: skip
        about = {"kind": "run", "name": by_run.flow, "namespace": namespace}
        found.append(Rule(f"when a run of {by_run.flow} in '{namespace}' was successful", pattern, about))
    return found


class Starters:
    """What starts one deployed flow."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._when, self._rules = schedule.of(target.flow_class), rules_of(target)
        self._schedule = schedule_name(target.namespace, target.flow, target.project_name)

    def names(self) -> list[str]:
        """The names that the schedule and the rules have."""
        return [
            *([self._schedule] if self._when else []),
            *(self._rule(number) for number in range(len(self._rules))),
        ]

    def sentences(self) -> list[str]:
        """What is to start the flow, for people."""
        found = [rule.sentence for rule in self._rules]
        if self._when:
            found.insert(0, f"by {self._when.expression}, {self._when.zone}")
        return found

    def put(self, check: Callable[[], None]) -> None:
        """Make it what the flow's decorators say.

        Args:
            check: called before each change.
        """
        self._put_schedule(check)
        wanted = {self._rule(number): rule for number, rule in enumerate(self._rules)}
        for name, rule in wanted.items():
            check()
            self._put_rule(name, rule)
        self._remove_rules(check, keep=set(wanted))

    def remove(self, check: Callable[[], None]) -> None:
        """Let nothing start the flow any more."""
        self._when = None
        self._put_schedule(check)
        self._remove_rules(check, keep=set())

    def _put_schedule(self, check: Callable[[], None]) -> None:
        scheduler = self._target.client("scheduler")
        place = {"Name": self._schedule, "GroupName": self._target.mine.schedule_group}
        there = self.schedule_there()
        with aws.translated(f"schedule {self._schedule}"):
            if self._when:
                check()
                wanted = {
                    **place,
                    "ScheduleExpression": self._when.expression,
                    "ScheduleExpressionTimezone": self._when.zone,
                    "FlexibleTimeWindow": {"Mode": "OFF"},
                    "Description": f"Starts {self._target}"[:512],
                    "Target": {**self._to(), "Input": "{}"},
                }
                if not there:
                    with suppress(scheduler.exceptions.ConflictException):  # an answer was lost
                        scheduler.create_schedule(**wanted)
                        return
                scheduler.update_schedule(**wanted)
            elif there:
                check()
                with suppress(scheduler.exceptions.ResourceNotFoundException):  # an answer was lost
                    scheduler.delete_schedule(**place)

    def _put_rule(self, name: str, rule: Rule) -> None:
        events = self._target.client("events")
        template = f'{{"trigger": {json.dumps(rule.about)}, "event": <aws.events.event.json>}}'
        with aws.translated(f"rule {name}"):
            events.put_rule(
                Name=name, EventPattern=json.dumps(rule.pattern), State="ENABLED",
                Description=f"Starts {self._target} {rule.sentence}"[:512],
            )  # fmt: skip
            answer = events.put_targets(
                Rule=name,
                Targets=[{"Id": _TARGET, **self._to(), "InputTransformer": {"InputTemplate": template}}],
            )
            aws.refused_entries(name, answer)

    def _remove_rules(self, check: Callable[[], None], keep: set[str]) -> None:
        events = self._target.client("events")
        for name in self._rules_there():
            if name not in keep:
                check()
                with aws.translated(f"rule {name}"):
                    aws.refused_entries(name, events.remove_targets(Rule=name, Ids=[_TARGET]))
                    events.delete_rule(Name=name)

    def schedule_there(self) -> dict[str, Any] | None:
        """The schedule as Scheduler has it, if there is one."""
        scheduler = self._target.client("scheduler")
        with aws.translated(f"schedule {self._schedule}"):
            try:
                found: dict[str, Any] = scheduler.get_schedule(
                    Name=self._schedule, GroupName=self._target.mine.schedule_group
                )
            except scheduler.exceptions.ResourceNotFoundException:
                return None
        return found

    def rules_there(self) -> list[str]:
        """What the rules say of themselves that start the flow."""
        events = self._target.client("events")
        with aws.translated(f"rules of {self._target.name}"):
            there = [events.describe_rule(Name=name) for name in self._rules_there()]
        return [one.get("Description") or one["Name"] for one in there]

    def _rules_there(self) -> list[str]:
        """The names of the rules whose target the state machine is."""
        events = self._target.client("events")
        more: dict[str, str] = {}
        found: list[str] = []
        with aws.translated(f"rules of {self._target.name}"):
            while True:
                answer = events.list_rule_names_by_target(TargetArn=self._target.arn, **more)
                found += answer["RuleNames"]
                if "NextToken" not in answer:
                    break
                more = {"NextToken": answer["NextToken"]}
        return found

    def _rule(self, number: int) -> str:
        target = self._target
        prefix = target.contract.state_machine_prefix
        return rule_name(prefix, target.namespace, target.flow, target.project_name, number)

    def _to(self) -> dict[str, Any]:
        """The state machine as a target of a rule or schedule."""
        target = self._target
        return {
            "Arn": target.arn,
            "RoleArn": target.mine.scheduler_role,
            "RetryPolicy": {"MaximumRetryAttempts": RETRIES, "MaximumEventAgeInSeconds": AGE},
            "DeadLetterConfig": {"Arn": target.contract.dead_letter_queue},
        }

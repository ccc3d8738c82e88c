"""Schedules that start executions, and events that do."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.runtime.cloud.proofs import proves
from tests.runtime.cloud.support import Aws, single, until

PASS = single({"Type": "Pass"})
FAIL = {"StartAt": "Only", "States": {"Only": {"Type": "Fail", "Error": "Broken"}}}


def executions(aws: Aws, machine: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = aws.client("stepfunctions").list_executions(stateMachineArn=machine)[
        "executions"
    ]
    return found


def given(aws: Aws, machine: str, seconds: float = 10) -> Any:
    """The input of the one execution that a state machine has, or will have soon."""
    (one,) = until(lambda: executions(aws, machine), bool, seconds)
    return json.loads(
        aws.client("stepfunctions").describe_execution(executionArn=one["executionArn"])["input"]
    )


def schedule(aws: Aws, machine: str, expression: str, **target: Any) -> str:
    name = aws.name("schedule")
    aws.client("scheduler").create_schedule(
        Name=name,
        ScheduleExpression=expression,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": aws.role("scheduler.amazonaws.com"), **target},
    )
    return name


def soon(seconds: float = 2) -> str:
    """An expression that comes due in a moment."""
    return f"at({datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S})"


def rule(aws: Aws, pattern: dict[str, Any], target: str, **more: Any) -> str:
    name = aws.name("rule")
    aws.client("events").put_rule(Name=name, EventPattern=json.dumps(pattern))
    aws.client("events").put_targets(
        Rule=name, Targets=[{"Id": "one", "Arn": target, "RoleArn": aws.role("events.amazonaws.com"), **more}]
    )
    return name


def put(aws: Aws, kind: str, detail: dict[str, Any]) -> None:
    answer = aws.client("events").put_events(
        Entries=[{"Source": "tests", "DetailType": kind, "Detail": json.dumps(detail)}]
    )
    assert not answer["FailedEntryCount"]


def dead_letters(aws: Aws) -> tuple[str, str]:
    """URL and ARN of a new queue."""
    url = aws.client("sqs").create_queue(QueueName=aws.name("queue"))["QueueUrl"]
    arn = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    return url, arn


def letter(aws: Aws, url: str) -> dict[str, Any]:
    """The first message of a queue."""
    receive = lambda: aws.client("sqs").receive_message(QueueUrl=url, MessageAttributeNames=["All"])  # noqa: E731
    (message,) = until(lambda: receive().get("Messages", []), bool, 10)
    found: dict[str, Any] = message
    return found


@proves("schedules_come_due")
def test_a_schedule_starts_an_execution(aws: Aws) -> None:
    """A schedule that comes due starts its state machine with its input, in which its time is filled in."""
    machine = aws.state_machine(PASS)
    schedule(aws, machine, soon(), Input='{"at": "<aws.scheduler.scheduled-time>", "alpha": 3}')
    assert executions(aws, machine) == []
    found = given(aws, machine)
    assert found["alpha"] == 3 and found["at"].endswith("Z")


def test_a_schedule_that_is_gone_or_disabled_starts_nothing(aws: Aws) -> None:
    """Deleted, disabled and moved schedules do not come due at the old time."""
    client = aws.client("scheduler")
    machines = [aws.state_machine(PASS) for _ in range(3)]
    names = [schedule(aws, machine, soon(3)) for machine in machines]
    client.delete_schedule(Name=names[0])
    for name, change in (
        (names[1], {"State": "DISABLED"}),
        (names[2], {"ScheduleExpression": "rate(1 hour)"}),
    ):
        there = client.get_schedule(Name=name)
        kept = ("ScheduleExpression", "FlexibleTimeWindow", "Target")
        client.update_schedule(Name=name, **{**{key: there[key] for key in kept}, **change})
    last = aws.state_machine(PASS)
    schedule(aws, last, soon(4))
    given(aws, last)
    assert [executions(aws, machine) for machine in machines] == [[], [], []]


@proves("schedules_come_due")
def test_a_schedule_without_a_target_is_a_dead_letter(aws: Aws) -> None:
    """What a schedule can't start any more is a message in its dead-letter queue, which says why."""
    url, arn = dead_letters(aws)
    machine = aws.state_machine(PASS)
    schedule(aws, machine, soon(3), Input='{"alpha": 3}', DeadLetterConfig={"Arn": arn})
    aws.client("stepfunctions").delete_state_machine(stateMachineArn=machine)
    found = letter(aws, url)
    assert found["Body"] == '{"alpha": 3}'
    said = {name: value["StringValue"] for name, value in found["MessageAttributes"].items()}
    assert said["ERROR_CODE"] == "StateMachineDoesNotExist" and said["TARGET_ARN"] == machine


@proves("schedule_expressions_are_checked")
@pytest.mark.parametrize("expression", ["cron(0 99 * * ? *)", "every day"])
def test_an_odd_schedule_is_refused(aws: Aws, expression: str) -> None:
    """A schedule whose expression nobody can read is refused."""
    with pytest.raises(ClientError, match="ValidationException"):
        schedule(aws, aws.state_machine(PASS), expression)


@proves("rules_start_executions")
def test_an_event_starts_an_execution(aws: Aws) -> None:
    """An event that a rule's pattern matches starts the rule's state machine, with the event as its input."""
    kind, machine = aws.name("kind"), aws.state_machine(PASS)
    rule(
        aws,
        {"source": ["tests"], "detail-type": [kind], "detail": {"alpha": [{"numeric": [">", 2]}]}},
        machine,
    )
    put(aws, kind, {"alpha": 1})
    put(aws, kind, {"alpha": 3, "beta": "x"})
    found = given(aws, machine)
    assert (found["source"], found["detail-type"], found["detail"]) == (
        "tests",
        kind,
        {"alpha": 3, "beta": "x"},
    )
    assert found["time"].endswith("Z")


@proves("rules_start_executions")
def test_a_target_is_given_what_its_rule_says(aws: Aws) -> None:
    """Input, InputPath and InputTransformer of a target say what it gets of an event."""
    kind = aws.name("kind")
    ways = (
        {"Input": '{"alpha": 1}'},
        {"InputPath": "$.detail"},
        {"InputTransformer": {"InputPathsMap": {"n": "$.detail.alpha"}, "InputTemplate": '{"number": <n>}'}},
    )
    machines = [aws.state_machine(PASS) for _ in ways]
    for machine, way in zip(machines, ways, strict=True):
        rule(aws, {"detail-type": [kind]}, machine, **way)
    put(aws, kind, {"alpha": 3})
    assert [given(aws, machine) for machine in machines] == [{"alpha": 1}, {"alpha": 3}, {"number": 3}]


def test_a_disabled_rule_starts_nothing(aws: Aws) -> None:
    """A rule that is disabled does not act, one that is enabled again does."""
    kind, machine = aws.name("kind"), aws.state_machine(PASS)
    name = rule(aws, {"detail-type": [kind]}, machine)
    aws.client("events").disable_rule(Name=name)
    put(aws, kind, {"alpha": 1})
    aws.client("events").enable_rule(Name=name)
    put(aws, kind, {"alpha": 2})
    assert given(aws, machine)["detail"] == {"alpha": 2}


@proves("rules_start_executions")
def test_an_event_without_a_target_is_a_dead_letter(aws: Aws) -> None:
    """An event whose target is gone is a message in the dead-letter queue; other targets get theirs."""
    url, arn = dead_letters(aws)
    kind, machine, gone = aws.name("kind"), aws.state_machine(PASS), aws.state_machine(PASS)
    rule(aws, {"detail-type": [kind]}, gone, DeadLetterConfig={"Arn": arn})
    rule(aws, {"detail-type": [kind]}, machine)
    aws.client("stepfunctions").delete_state_machine(stateMachineArn=gone)
    put(aws, kind, {"alpha": 3})
    assert given(aws, machine)["detail"] == {"alpha": 3}
    assert json.loads(letter(aws, url)["Body"])["detail"] == {"alpha": 3}


@proves("rules_start_executions")
def test_an_event_is_published_to_a_topic(aws: Aws) -> None:
    """A rule's topic hands the event on to what is subscribed to it."""
    url, queue = dead_letters(aws)
    topic = aws.client("sns").create_topic(Name=aws.name("topic"))["TopicArn"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    kind = aws.name("kind")
    rule(aws, {"detail-type": [kind]}, topic)
    put(aws, kind, {"alpha": 3})
    assert json.loads(json.loads(letter(aws, url)["Body"])["Message"])["detail"] == {"alpha": 3}


@proves("executions_are_events")
@pytest.mark.parametrize(("machine", "status"), [(PASS, "SUCCEEDED"), (FAIL, "FAILED")])
def test_the_end_of_an_execution_is_an_event(aws: Aws, machine: dict[str, Any], status: str) -> None:
    """An execution that ends starts the state machine of a rule that waits for its status."""
    first, second = aws.state_machine(machine), aws.state_machine(PASS)
    rule(
        aws,
        {
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {"status": [status], "stateMachineArn": [first]},
        },
        second,
    )
    arn = aws.client("stepfunctions").start_execution(stateMachineArn=first, name="a-run")["executionArn"]
    detail = given(aws, second)["detail"]
    assert (detail["name"], detail["executionArn"], detail["status"]) == ("a-run", arn, status)


@proves("table_changes_are_events")
def test_a_change_of_a_table_is_an_event(aws: Aws) -> None:
    """A table that is created and changed in Glue is told to EventBridge, with the kind of change."""
    glue, database = aws.client("glue"), aws.name("db").replace("-", "_")
    machine = aws.state_machine(PASS)
    rule(
        aws,
        {
            "source": ["aws.glue"],
            "detail-type": ["Glue Data Catalog Table State Change"],
            "detail": {"databaseName": [database], "tableName": ["t"], "typeOfChange": ["UpdateTable"]},
        },
        machine,
    )
    glue.create_database(DatabaseInput={"Name": database})
    glue.create_table(DatabaseName=database, TableInput={"Name": "t"})
    glue.update_table(DatabaseName=database, TableInput={"Name": "t", "Description": "changed"})
    assert given(aws, machine)["detail"]["typeOfChange"] == "UpdateTable"

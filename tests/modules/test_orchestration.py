"""State machines' roles, schedules, notifications, and what could not be delivered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stepwell.contract import Contract
from tests.synthesis import ACCOUNT, KEY, Synthesized, settings, synthesized

NAME = "stepwell-growth-dev"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{NAME}-undelivered"


def actions(made: Synthesized, role: str) -> set[str]:
    return {action for statement in made.statements(role) for action in statement["Action"]}


@pytest.fixture(scope="module")
def mailed() -> Synthesized:
    return synthesized(settings(notifications={"emails": ["a@example.com", "b@example.com"]}))


def test_tracing_is_an_option(demo: Synthesized, full: Synthesized) -> None:
    """X-Ray traces executions if the settings say so: the contract tells, and the roles may."""
    for made, traces in ((demo, False), (full, True)):
        parameter = made.one("aws_ssm_parameter", "contract/parameter")
        assert Contract.from_json(made.resolved(parameter["value"]), "").tracing is traces
        assert ("xray:PutTraceSegments" in actions(made, "user-ada/namespace/execution-role")) is traces


@pytest.mark.parametrize(
    ("namespace", "names"),
    [
        ("user-ada/namespace", ["user-ada-*"]),
        ("project-flights/namespace", ["project-flights-prod-*", "project-flights-prod.*-*"]),
        ("project-flights/branches", ["project-flights-branch-*"]),
    ],
)
def test_schedules_start_the_namespaces_flows(demo: Synthesized, namespace: str, names: list[str]) -> None:
    """The role of a namespace's schedules starts its state machines, tells of failures, and no more."""
    starts, sends, encrypts = demo.statements(f"{namespace}/starting/role")
    assert starts == {
        "Effect": "Allow",
        "Action": ["states:StartExecution"],
        "Resource": [f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:{NAME}-{name}" for name in names],
    }
    assert (sends["Action"], sends["Resource"]) == (["sqs:SendMessage"], [QUEUE])
    assert (encrypts["Resource"], encrypts["Condition"]) == (
        [KEY],
        {
            "StringEquals": {
                "kms:ViaService": "sqs.us-east-1.amazonaws.com",
                "kms:EncryptionContext:aws:sqs:arn": QUEUE,
            }
        },
    )


def test_only_schedules_and_rules_of_the_namespace_have_its_role(demo: Synthesized) -> None:
    """Scheduler assumes the role for the namespace's own group only, EventBridge for rules of its name."""
    role = demo.one("aws_iam_role", "user-ada/namespace/starting/role/role")
    own = {
        "scheduler": f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule-group/{NAME}-user-ada",
        "events": f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{NAME}-user-ada-*",
    }
    assert [(one["Principal"], one["Condition"]) for one in demo.policy(role["assume_role_policy"])] == [
        (
            {"Service": f"{service}.amazonaws.com"},
            {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnLike": {"aws:SourceArn": [arn]}},
        )
        for service, arn in own.items()
    ]
    group = demo.one("aws_scheduler_schedule_group", "user-ada/namespace/starting/group")
    assert group["name"] == f"{NAME}-user-ada"


def test_people_schedule_in_their_own_group(demo: Synthesized) -> None:
    """Schedules are made in the group of one's own namespace, rules under its name, and nowhere else."""
    (statement,) = [
        one
        for one in demo.statements("user-ada/namespace/role")
        if "scheduler:CreateSchedule" in one["Action"]
    ]
    assert statement["Resource"] == [
        f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{NAME}-user-ada-*",
        f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/{NAME}-user-ada/*",
    ]


def test_what_could_not_be_delivered_is_kept(demo: Synthesized) -> None:
    """The dead-letter queue keeps messages for 14 days, encrypted, and takes them over TLS only."""
    queue = demo.one("aws_sqs_queue")
    assert (queue["name"], queue["message_retention_seconds"]) == (f"{NAME}-undelivered", 14 * 24 * 3600)
    assert demo.resolved(queue["kms_master_key_id"]) == KEY
    tls, events = demo.policy(queue["policy"])
    assert (tls["Effect"], tls["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    rules = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{NAME}-*"
    assert events["Principal"] == {"Service": "events.amazonaws.com"}
    assert events["Condition"] == {"ArnLike": {"aws:SourceArn": rules}}


def test_without_a_key_of_ours_sqs_and_sns_have_their_own() -> None:
    """With `encryption = "aws"` the queue is encrypted by SQS, and nothing names a key."""
    made = synthesized(settings(encryption="aws"))
    assert made.one("aws_sqs_queue")["sqs_managed_sse_enabled"] is True
    assert "kms_master_key_id" not in made.one("aws_sqs_queue")
    assert "kms_master_key_id" not in made.one("aws_sns_topic")


def rule(made: Synthesized, id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The pattern of a rule, and its target."""
    pattern = json.loads(
        made.resolved(made.one("aws_cloudwatch_event_rule", f"notifications/{id}")["event_pattern"])
    )
    return pattern, made.one("aws_cloudwatch_event_target", f"notifications/{id}-to-topic")


def test_a_run_that_failed_is_told(demo: Synthesized) -> None:
    """A failed or timed out run of the environment is a line to the topic; items of a foreach are not."""
    pattern, target = rule(demo, "failed-runs")
    machines = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:{NAME}-"
    assert pattern == {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "status": ["FAILED", "TIMED_OUT"],
            "stateMachineArn": [{"prefix": machines}],
            "executionArn": [{"anything-but": {"wildcard": "*/*"}}],
        },
    }
    assert demo.resolved(target["arn"]) == f"arn:aws:sns:us-east-1:{ACCOUNT}:{NAME}"
    assert demo.resolved(target["dead_letter_config"]["arn"]) == QUEUE
    text = json.loads(target["input_transformer"]["input_template"])
    assert text.startswith("Stepwell growth-dev: run sfn-<run> of <machine> has ended as <status>.")


def test_a_queue_that_is_blocked_is_told(demo: Synthesized) -> None:
    """A job that keeps a queue of the environment from its work is told with the reason."""
    pattern, target = rule(demo, "blocked-queues")
    assert pattern == {
        "source": ["aws.batch"],
        "detail-type": ["Batch Job Queue Blocked"],
        "resources": [{"prefix": f"arn:aws:batch:us-east-1:{ACCOUNT}:job-queue/{NAME}-"}],
    }
    assert "<reason>" in target["input_transformer"]["input_template"]


def test_only_aws_publishes(demo: Synthesized) -> None:
    """The topic is encrypted, and lets AWS's own services publish; people have no right on it."""
    assert demo.resolved(demo.one("aws_sns_topic")["kms_master_key_id"]) == KEY
    tls, events, others = demo.policy(demo.one("aws_sns_topic_policy")["policy"])
    assert (tls["Effect"], tls["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert events["Principal"] == {"Service": "events.amazonaws.com"}
    assert others["Principal"] == {"Service": ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]}
    assert others["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    roles = [path.removesuffix("/role") for path in demo.all("aws_iam_role")]
    assert not any(action.startswith("sns:") for role in roles for action in actions(demo, role))


def test_who_is_named_gets_mail(demo: Synthesized, mailed: Synthesized) -> None:
    """By default nobody gets mail; each address of the settings is subscribed."""
    assert demo.all("aws_sns_topic_subscription") == {}
    subscribed = mailed.all("aws_sns_topic_subscription").values()
    assert {(one["protocol"], one["endpoint"]) for one in subscribed} == {
        ("email", "a@example.com"),
        ("email", "b@example.com"),
    }

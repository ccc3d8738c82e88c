"""Notifications: who hears of failed runs, blocked queues, alarms and budgets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modules import aws
from modules.accepted import accept
from modules.cdk import Construct
from modules.encryption import Encryption
from modules.policy import allow, deny_all, document
from modules.site import Site
from modules.undelivered import Undelivered

# Runs that somebody stopped are no surprise to him.
BAD_ENDS = ["FAILED", "TIMED_OUT"]
_PUBLISH = ["sns:Publish"]


@dataclass(frozen=True, slots=True)
class NotificationsProps:
    """What notifications are.

    Attributes:
        site: where they come from.
        encryption: what they are encrypted with on their way.
        undelivered: where goes what could not be delivered.
        emails: who gets them by mail, after having confirmed it once. Default: nobody.
    """

    site: Site
    encryption: Encryption
    undelivered: Undelivered
    emails: Sequence[str] = ()


class Notifications(Construct):
    """A topic, and the rules that tell it of runs that failed and of queues that are blocked.

    Attributes:
        topic: ARN of the topic.
        failed_runs, blocked_queues: names of the rules; CloudWatch counts how often each has matched.
    """

    def __init__(self, scope: Construct, id: str, props: NotificationsProps) -> None:
        super().__init__(scope, id)
        self._props = props
        site = props.site
        prefix = site.names.prefix
        topic = aws.sns_topic.SnsTopic(
            self, "topic", name=prefix, display_name="Stepwell", kms_master_key_id=props.encryption.key
        )
        accept(topic, CKV_AWS_26="Where the settings say encryption = 'aws' there is no key of one's own.")
        self.topic: str = topic.arn
        aws.sns_topic_policy.SnsTopicPolicy(
            self, "policy", arn=topic.arn, policy=document(_topic_policy(site, topic.arn))
        )
        for email in props.emails:
            aws.sns_topic_subscription.SnsTopicSubscription(
                self, f"email-{email}", topic_arn=topic.arn, protocol="email", endpoint=email
            )
        self.failed_runs = self._rule(
            "failed-runs",
            f"Runs in {site.names.environment} that failed or took too long",
            {
                "source": ["aws.states"],
                "detail-type": ["Step Functions Execution Status Change"],
                "detail": {
                    "status": BAD_ENDS,
                    "stateMachineArn": [{"prefix": site.arn("states", f"stateMachine:{prefix}-")}],
                    # The items of a foreach are executions too, "machine/map:...": the run tells of them.
                    "executionArn": [{"anything-but": {"wildcard": "*/*"}}],
                },
            },
            {"machine": "$.detail.stateMachineArn", "run": "$.detail.name", "status": "$.detail.status"},
            f"Stepwell {site.names.environment}: run sfn-<run> of <machine> has ended as <status>. Its first "
            "failure: python flow.py logs sfn-<run>",
        )
        self.blocked_queues = self._rule(
            "blocked-queues",
            f"Job queues of {site.names.environment} whose first job can't start",
            {
                "source": ["aws.batch"],
                "detail-type": ["Batch Job Queue Blocked"],
                "resources": [{"prefix": site.arn("batch", f"job-queue/{prefix}-")}],
            },
            {"queue": "$.detail.jobQueue", "job": "$.detail.jobId", "reason": "$.detail.statusReason"},
            f"Stepwell {site.names.environment}: job <job> blocks the queue <queue>: <reason>",
        )

    def _rule(
        self, id: str, description: str, pattern: Mapping[str, Any], paths: Mapping[str, str], text: str
    ) -> str:
        """A rule that sends a line about each event to the topic; returns its name."""
        name = f"{self._props.site.names.prefix}-{id}"
        rule = aws.cloudwatch_event_rule.CloudwatchEventRule(
            self, id, name=name, description=description, event_pattern=json.dumps(pattern)
        )
        target = aws.cloudwatch_event_target
        target.CloudwatchEventTarget(
            self,
            f"{id}-to-topic",
            rule=rule.name,
            target_id="topic",
            arn=self.topic,
            input_transformer=target.CloudwatchEventTargetInputTransformer(
                input_paths=dict(paths), input_template=json.dumps(text)
            ),
            dead_letter_config=target.CloudwatchEventTargetDeadLetterConfig(arn=self._props.undelivered.arn),
        )
        return name


def _topic_policy(site: Site, topic: str) -> list[dict[str, Any]]:
    """AWS's own services publish, on behalf of this account; nobody does without TLS."""
    own = {"StringEquals": {"aws:SourceAccount": site.account}}
    return [
        deny_all("TlsOnly", "sns:Publish", [topic], {"Bool": {"aws:SecureTransport": "false"}}),
        # EventBridge documents no condition for topics ("Amazon SNS permissions" in its User Guide).
        allow(_PUBLISH, [topic], to={"Service": "events.amazonaws.com"}),
        allow(
            _PUBLISH,
            [topic],
            own,
            to={"Service": ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]},
        ),
    ]

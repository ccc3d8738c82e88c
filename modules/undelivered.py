"""Where goes what could not be delivered: starts of flows, and notifications."""

from __future__ import annotations

from dataclasses import dataclass

from modules import aws
from modules.cdk import Construct
from modules.encryption import Encryption
from modules.policy import allow, deny_all, document
from modules.role import Role
from modules.site import Site

SEND = ["sqs:SendMessage"]
DAYS = 14
"""As long as SQS keeps anything (Amazon SQS Developer Guide, "Message quotas")."""


@dataclass(frozen=True, slots=True)
class UndeliveredProps:
    """Where it stands, and what its messages are encrypted with."""

    site: Site
    encryption: Encryption


class Undelivered(Construct):
    """A dead-letter queue: schedules whose run could not start, and events that nobody took.

    Attributes:
        arn, name: of the queue.
    """

    def __init__(self, scope: Construct, id: str, props: UndeliveredProps) -> None:
        super().__init__(scope, id)
        site = props.site
        self._encryption = props.encryption
        self.name = f"{site.names.prefix}-undelivered"
        self.arn = site.arn("sqs", self.name)
        aws.sqs_queue.SqsQueue(
            self,
            "queue",
            name=self.name,
            message_retention_seconds=DAYS * 24 * 3600,
            kms_master_key_id=props.encryption.key,
            sqs_managed_sse_enabled=None if props.encryption.key else True,
            policy=document(
                [
                    deny_all("TlsOnly", "sqs:*", [self.arn], {"Bool": {"aws:SecureTransport": "false"}}),
                    allow(
                        SEND,
                        [self.arn],
                        {"ArnLike": {"aws:SourceArn": site.arn("events", f"rule/{site.names.prefix}-*")}},
                        to={"Service": "events.amazonaws.com"},
                    ),
                ]
            ),
        )

    def grant_send(self, role: Role) -> None:
        """Send messages to the queue."""
        role.grant(allow(SEND, [self.arn]))
        self._encryption.grant_send(role, self.arn)

"""How EventBridge and its Scheduler bring something to a target, and what becomes of it where they can't.

They try again for as long and as often as the target's retry policy says, then leave a message in its
dead-letter queue (EventBridge User Guide, "Using dead-letter queues to process undelivered events";
Scheduler User Guide, "Configuring a dead-letter queue"). A target that is gone is not tried again.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from moto.core.exceptions import AWSError, JsonRESTError, ServiceException
from moto.moto_api._internal import mock_random

logger = logging.getLogger(__name__)

SERVICES = frozenset({"states", "sns"})
"""What this module brings something to; what else moto knows, moto does."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
_REFUSED = (AWSError, JsonRESTError, ServiceException)
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something for a target.

    Attributes:
        target: its ARN.
        text: what it gets.
        name: how an execution that this starts is called.
        attributes: of a message in the dead-letter queue, besides what the error adds.
        attempts, age: how often it is tried again, and for how many seconds at most.
        dead_letters: ARN of the queue, if there is one.
    """

    target: str
    text: str
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 185
    age: float = 86400.0
    dead_letters: str | None = None

    @classmethod
    def of(cls, target: Mapping[str, Any], text: str, attributes: Mapping[str, str], name: str) -> Delivery:
        """What is for a target as ``PutTargets`` and ``CreateSchedule`` take it."""
        policy = target.get("RetryPolicy") or {}
        return cls(
            target["Arn"], text, name, attributes,
            policy.get("MaximumRetryAttempts", 185), policy.get("MaximumEventAgeInSeconds", 86400),
            (target.get("DeadLetterConfig") or {}).get("Arn"),
        )  # fmt: skip


class Courier:
    """Brings things in threads of its own: whoever sends does not wait."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="stepwell-delivery")

    def send(self, delivery: Delivery) -> None:
        self._pool.submit(self._bring, delivery)

    def _bring(self, delivery: Delivery) -> None:
        try:
            self._try(delivery)
        except Exception:
            logger.exception("nothing was delivered to %s, for a fault of the local cloud", delivery.target)

    def _try(self, delivery: Delivery) -> None:
        began, tried, wait = time.monotonic(), 0, FIRST_WAIT
        while True:
            try:
                give(delivery)
                return
            except Exception as error:
                over = tried >= delivery.attempts or time.monotonic() - began + wait > delivery.age
                if isinstance(error, _REFUSED) or over:
                    self._bury(delivery, error, tried)
                    return
            time.sleep(wait)
            tried, wait = tried + 1, min(2 * wait, LONGEST_WAIT)

    def _bury(self, delivery: Delivery, error: Exception, tried: int) -> None:
        logger.warning("%s: %s: %s", delivery.target, type(error).__name__, error)
        if delivery.dead_letters is None:
            return
        from moto.sqs.models import sqs_backends

        said = {
            **delivery.attributes,
            "TARGET_ARN": delivery.target,
            "ERROR_CODE": type(error).__name__,
            "ERROR_MESSAGE": str(error),
            "RETRY_ATTEMPTS": str(tried),
        }
        *_, region, account, queue = delivery.dead_letters.split(":")
        sqs_backends[account][region].send_message(
            queue, delivery.text,
            message_attributes={
                key: {"DataType": "String", "StringValue": value} for key, value in said.items()
            },
        )  # fmt: skip


def give(delivery: Delivery) -> None:
    """Bring it once; raises what the service raises."""
    _, _, service, region, account, _ = delivery.target.split(":", 5)
    if service == "sns":
        from moto.sns.models import sns_backends

        sns_backends[account][region].publish(delivery.text, arn=delivery.target)
        return
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends

    stepfunctions_parser_backends[account][region].start_execution(
        delivery.target, delivery.name, delivery.text
    )


COURIER = Courier()


def new_id() -> str:
    """A UUID."""
    return str(mock_random.uuid4())


def as_text(value: Any) -> str:
    """What a target gets of an event or a part of one."""
    return value if isinstance(value, str) else json.dumps(value)

"""``@secrets``: secrets as environment variables of a step."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from typing import Any, ClassVar

from stepwell import config
from stepwell.contract import SHARED, owner
from stepwell.errors import UsageError
from stepwell.flow.decorators.base import StepCall, StepDecorator

_SOURCE = re.compile(rf"({SHARED}/)?[A-Za-z0-9_.-]+")


class secrets(StepDecorator):
    """Set environment variables from AWS Secrets Manager before the step runs.

    The source ``db`` is the secret ``stepwell/TEAM-ENV/<namespace's owner>/db``; ``shared/db`` is the
    team's, ``stepwell/TEAM-ENV/shared/db``. A secret that is a JSON object of text sets a variable for
    each key; any other sets one, named like the source in capitals (``DB``). Without an environment the
    content is taken from that variable itself, so that a flow runs on a laptop with ``DB=...`` set.

    Args:
        sources: names of secrets, at least one.
    """

    name = "secrets"
    defaults: ClassVar[dict[str, Any]] = {"sources": ()}
    rank = 20

    def check(self) -> None:
        sources = self.attributes["sources"]
        listed = isinstance(sources, list | tuple) and sources
        if not listed or not all(isinstance(one, str) and _SOURCE.fullmatch(one) for one in sources):
            raise self.refuse("sources", "a list of names such as ['db', 'shared/token']")

    def around(self, call: StepCall, run: Callable[[], None]) -> None:
        for source in self.attributes["sources"]:
            os.environ.update(variables(source, _content(source)))
        run()


def variable(source: str) -> str:
    """The variable that a source without keys sets."""
    return re.sub(r"[^A-Z0-9]", "_", source.rpartition("/")[2].upper())


def variables(source: str, content: str) -> dict[str, str]:
    """The variables that a secret's content sets."""
    try:
        document = json.loads(content)
    except ValueError:
        document = None
    if isinstance(document, dict) and all(isinstance(value, str) for value in document.values()):
        return document
    return {variable(source): content}


def _content(source: str) -> str:
    from stepwell import aws

    name = aws.environment_name()
    if name is None:
        content = os.environ.get(variable(source))
        if content is None:
            raise UsageError(
                f"@secrets: received the source '{source}', but no environment is named and the variable "
                f"{variable(source)} is not set; set {variable(source)} to the secret's content, "
                "or STEPWELL_ENVIRONMENT to TEAM-ENV"
            )
        return content
    shared, _, own = source.rpartition("/")
    secret = name.secret(shared or owner(config.namespace()), own)
    with aws.translated(f"@secrets: secret {secret}"):
        found: str = aws.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    return found

"""A local cloud with IAM: a gate before moto, and roles for what its services run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from stepwell.cloud.iam.account import Account
from stepwell.cloud.iam.gate import Application, Gate
from stepwell.cloud.iam.sessions import CREDENTIALS_PATH, Sessions
from stepwell.cloud.iam.simulator import Simulator
from stepwell.cloud.identities import Identities

REGION = "us-east-1"
"""Of what services do for themselves; IAM's own ARNs have none."""


def enforced(application: Application, endpoint: str, folder: Path) -> tuple[Application, Identities]:
    """The application (moto's) behind a gate, and the identities that services have then.

    Args:
        endpoint: where the cloud serves.
        folder: for the tokens of containers.

    Raises:
        UsageError: the evaluator is not installed.
    """
    evaluator = Simulator()
    sessions = Sessions(evaluator, Account(REGION), endpoint, folder)
    gate = Gate(application, evaluator, sessions)

    def dispatch(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        for_container = environ["PATH_INFO"].startswith(CREDENTIALS_PATH)
        return (sessions.serve if for_container else gate)(environ, start_response)

    return dispatch, sessions

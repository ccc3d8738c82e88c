"""Names within AWS's limits, none of which two deployments can have. Pure.

Parts are joined by hyphens, which no part has: names of flows, projects, branches, and of users and
projects of an environment, have none. IAM knows a namespace by how a name begins.
"""

from __future__ import annotations

import hashlib
from typing import Any

MAX_NAME = 80
"""Characters of the name of a state machine, and of a state (AWS Step Functions API, CreateStateMachine;
Amazon States Language specification, "States")."""
MAX_STARTER = 64
"""Characters of the name of a rule and of a schedule (Amazon EventBridge API, PutRule; Scheduler API,
CreateSchedule)."""
_HASH = 8
_LEADS = ("StartAt", "Next", "Default")


def state_machine_name(prefix: str, namespace: str, flow: str, project: str | None = None) -> str:
    """The state machine of a flow in a namespace.

    Args:
        prefix: the environment's (`Contract.state_machine_prefix`).
        project: of a flow with ``@project``: its namespace says so itself, unless it is a user's.
    """
    return fitted_name(prefix + _in_namespace(namespace, flow, project))


def schedule_name(namespace: str, flow: str, project: str | None = None) -> str:
    """The schedule of a flow in the schedule group of its namespace."""
    return fitted_name(_in_namespace(namespace, flow, project), MAX_STARTER)


def rule_name(prefix: str, namespace: str, flow: str, project: str | None, number: int) -> str:
    """A rule that starts a flow; a flow may have several, which are counted."""
    return fitted_name(f"{prefix}{_in_namespace(namespace, flow, project)}-{number}", MAX_STARTER)


def _in_namespace(namespace: str, flow: str, project: str | None) -> str:
    parts = namespace.replace(".", "/").split("/")
    if project and parts[0] == "user":
        parts.append(project)
    return "-".join([*parts, flow])


def fitted_name(name: str, most: int = MAX_NAME) -> str:
    """A name that is too long keeps its beginning and ends with a hash of the whole: no two become one."""
    if len(name) <= most:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_HASH]
    return f"{name[: most - _HASH - 1]}-{digest}"


def fitted(document: Any) -> Any:
    """A state machine, or a part of one, in which every state's name fits."""
    if isinstance(document, list):
        return [fitted(part) for part in document]
    if not isinstance(document, dict):
        return document
    found: dict[str, Any] = {}
    for key, value in document.items():
        if key == "States":
            found[key] = {fitted_name(name): fitted(state) for name, state in value.items()}
        else:
            found[key] = fitted_name(value) if key in _LEADS else fitted(value)
    return found

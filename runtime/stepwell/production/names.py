"""Names within the limits of Step Functions. Pure."""

from __future__ import annotations

import hashlib
from typing import Any

MAX_NAME = 80
"""Characters of the name of a state machine, and of a state (AWS Step Functions API, CreateStateMachine;
Amazon States Language specification, "States")."""
_HASH = 8
_LEADS = ("StartAt", "Next", "Default")


def fitted_name(name: str) -> str:
    """A name that is too long keeps its beginning and ends with a hash of the whole: no two become one."""
    if len(name) <= MAX_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_HASH]
    return f"{name[: MAX_NAME - _HASH - 1]}-{digest}"


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

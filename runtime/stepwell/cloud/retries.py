"""Whether Batch tries a job again: pure (AWS Batch User Guide, "Automated job retries")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended.

    Attributes:
        reason: the ``statusReason`` of the attempt.
        exit_code: of the container; None when there was none.
        container_reason: what went wrong with the container itself.
        final: it was terminated or ran out of time, which Batch never retries.
    """

    reason: str
    exit_code: int | None = None
    container_reason: str | None = None
    final: bool = False

    @property
    def succeeded(self) -> bool:
        return self.exit_code == 0 and not self.final


def attempts_of(strategy: Mapping[str, Any] | None) -> int:
    """How often a job is tried at most: 1 without a strategy."""
    return int((strategy or {}).get("attempts") or 1)


def tries_again(strategy: Mapping[str, Any] | None, attempt: int, ending: Ending) -> bool:
    """Whether attempt number `attempt` (from 1 on), ended like `ending`, is followed by another."""
    if ending.succeeded or ending.final or attempt >= attempts_of(strategy):
        return False
    for rule in (strategy or {}).get("evaluateOnExit") or ():
        if _matches(rule, ending):
            return str(rule["action"]).lower() == "retry"
    return True


def _matches(rule: Mapping[str, str], ending: Ending) -> bool:
    conditions = {
        "onStatusReason": ending.reason,
        "onReason": ending.container_reason or "",
        "onExitCode": "" if ending.exit_code is None else str(ending.exit_code),
    }
    return all(_glob(rule[name], text) for name, text in conditions.items() if rule.get(name))


def _glob(pattern: str, text: str) -> bool:
    """Batch knows one wildcard, an asterisk at the end, and doesn't look at case."""
    pattern, text = pattern.lower(), text.lower()
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern

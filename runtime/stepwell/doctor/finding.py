"""What a check says: whether something works, why, and the way out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from stepwell.errors import NotAllowed, StepwellError


class Outcome(StrEnum):
    """How a check went; `NOT_ALLOWED` and `SKIPPED` say nothing about what was to be looked at."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_ALLOWED = "not allowed to look"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, in one line; `way_out` is empty where nothing is to be done."""

    outcome: Outcome
    reason: str
    way_out: str = ""

    @property
    def works(self) -> bool:
        """Whether checks that need this one can be made."""
        return self.outcome in (Outcome.OK, Outcome.WARNING)


def ok(reason: str) -> Finding:
    return Finding(Outcome.OK, reason)


def warning(reason: str, way_out: str) -> Finding:
    return Finding(Outcome.WARNING, reason, way_out)


def failed(reason: str, way_out: str) -> Finding:
    return Finding(Outcome.FAILED, reason, way_out)


def not_allowed(reason: str, way_out: str = "") -> Finding:
    return Finding(Outcome.NOT_ALLOWED, reason, way_out)


def skipped(reason: str) -> Finding:
    return Finding(Outcome.SKIPPED, reason)


def of_error(error: Exception, denied: Outcome = Outcome.NOT_ALLOWED) -> Finding:
    """The finding of a check that ended with an error; our errors end with the way out.

    Args:
        denied: what it means that the caller lacks a right: `FAILED` where flows need it too.
    """
    if not isinstance(error, StepwellError):
        said = " ".join(f"{type(error).__name__}: {error}".split())
        return failed(f"the check itself failed: {said}", "report it with this line")
    reason, _, way_out = " ".join(str(error).split()).rpartition("; ")
    outcome = denied if isinstance(error, NotAllowed) else Outcome.FAILED
    return Finding(outcome, reason or way_out, way_out if reason else "")

"""Make checks at once, each after those it needs, none longer than it may take."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread

from stepwell.doctor.finding import Finding, failed, of_error, skipped

SECONDS = 15.0
"""How long a check may take: a service that answers at all answers sooner."""


@dataclass(frozen=True, slots=True)
class Check:
    """Something to look at.

    Attributes:
        look: makes the check; what it raises is a finding too.
        needs: names of the checks without which this one could only fail.
    """

    name: str
    look: Callable[[], Finding]
    needs: tuple[str, ...] = ()


def examine(checks: Sequence[Check], seconds: float = SECONDS) -> dict[str, Finding]:
    """The findings of all checks, by name and in their order; each stands behind those it needs.

    A check runs in a thread of its own, which is left behind where it takes longer than `seconds`:
    nothing can end a thread that waits for an endpoint that never answers, and the process's end does.
    """
    findings: dict[str, Finding] = {}
    answers: SimpleQueue[tuple[str, Finding]] = SimpleQueue()
    waiting, until = list(checks), dict[str, float]()
    while True:
        for check in waiting[:]:
            if not findings.keys() >= {*check.needs}:
                continue
            waiting.remove(check)
            lacking = [name for name in check.needs if not findings[name].works]
            if lacking:
                findings[check.name] = skipped(f"needs {', '.join(lacking)}")
            else:
                until[check.name] = time.monotonic() + seconds
                Thread(target=_answer, args=(check, answers), daemon=True).start()
        if not until:
            return {check.name: findings[check.name] for check in checks}
        first = min(until, key=lambda name: until[name])
        try:
            name, finding = answers.get(timeout=max(0.0, until[first] - time.monotonic()))
        except Empty:
            name = first
            finding = failed(f"no answer within {seconds:g} s", "check the network and AWS_ENDPOINT_URL")
        # one that answers after its time was up is not heard any more
        if until.pop(name, None) is not None:
            findings[name] = finding


def _answer(check: Check, answers: SimpleQueue[tuple[str, Finding]]) -> None:
    try:
        finding = check.look()
    except Exception as error:
        finding = of_error(error)
    answers.put((check.name, finding))

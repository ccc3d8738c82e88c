"""Faults of a state machine that a grammar can't see: pure (Amazon States Language specification)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_TERMINAL_TYPES = ("Succeed", "Fail")


def faults(machine: Mapping[str, Any], where: str = "") -> list[str]:
    """Transitions of `machine`, and of the machines inside it, that lead nowhere; and states never reached.

    Args:
        machine: a decoded definition that the grammar accepted.
        where: the JSON pointer of `machine` in the whole definition.
    """
    states: Mapping[str, Any] = machine["States"]
    found = [
        f"MISSING_TRANSITION_TARGET: {target!r} is no state, at {where}{pointer}"
        for pointer, target in _transitions(machine)
        if target not in states
    ]
    reached = {target for _, target in _transitions(machine)}
    found += [
        f"UNREACHABLE_STATE: nothing leads to it, at {where}/States/{name}"
        for name in states
        if name not in reached
    ]
    for name, state in states.items():
        place = f"{where}/States/{name}"
        if state["Type"] not in (*_TERMINAL_TYPES, "Choice") and not ("Next" in state or state.get("End")):
            found.append(f"MISSING_END: neither Next nor End, at {place}")
        for pointer, inner in _inner_machines(state):
            found += faults(inner, place + pointer)
    return found


def _transitions(machine: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "/StartAt", machine["StartAt"]
    for name, state in machine["States"].items():
        place = f"/States/{name}"
        for field in ("Next", "Default"):
            if field in state:
                yield f"{place}/{field}", state[field]
        for field in ("Choices", "Catch"):
            for index, rule in enumerate(state.get(field, ())):
                yield f"{place}/{field}[{index}]/Next", rule["Next"]


def _inner_machines(state: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for index, branch in enumerate(state.get("Branches", ())):
        yield f"/Branches[{index}]", branch
    for field in ("ItemProcessor", "Iterator"):
        if field in state:
            yield f"/{field}", state[field]

"""AWS's limits on a deployment: each is checked before anything is deployed. Pure.

What is known only when a flow runs is taken at its longest: ids of runs, and paths of tasks with as many
digits as a foreach may have items. The numbers are AWS's service quotas of Step Functions, Batch, S3 and
EventBridge; none of them can be raised.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from stepwell.compute.submission import MAX_NAME as MAX_JOB_NAME
from stepwell.contract import owner
from stepwell.errors import UsageError
from stepwell.flow.state import MOST_ITEMS
from stepwell.production.names import MAX_NAME, MAX_STARTER

MAX_DEFINITION = 1 << 20
"""Bytes of a state machine's definition."""
MAX_EVENTS = 25_000
"""Events of the history of one execution; each child of a Distributed Map has a history of its own."""
MAX_CONCURRENCY = 10_000
"""Children of one Distributed Map at once."""
MAX_MAP_RUNS = 1_000
"""Distributed Maps at once in an account."""
MAX_OVERRIDES = 8_192
"""Characters of the container overrides of a Batch job."""
MAX_KEY = 1_024
"""Bytes of an object's key."""
MAX_TIMEOUT = 366 * 24 * 3600
"""Seconds: a standard execution ends after a year."""
_RUN = "r" * (len("sfn-") + 80)
_INDEX = "-" + "9" * len(str(MOST_ITEMS))
_REPETITION = "9" * len(str(MAX_EVENTS))
_FLOW = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# events of a state in a history (AWS Step Functions API, HistoryEvent), and of each attempt after the first
_EVENTS = {"Task": 6, "Map": 4, "Parallel": 4, "Pass": 2, "Choice": 2, "Fail": 1, "Succeed": 2}
_EVENTS_OF_ATTEMPT = 4
_EVENTS_OF_EXECUTION = 2


class _State(NamedTuple):
    """A state, where it stands: in how many Distributed Maps, and for how many executions at once."""

    name: str
    body: Mapping[str, Any]
    depth: int


def check_names(flow: str, machine: str, namespace: str, prefix: str, starters: Sequence[str]) -> None:
    """Raise `UsageError` for names that AWS or IAM would not take.

    Args:
        machine: the name of the state machine.
        prefix: what the names of all state machines of the environment begin with.
        starters: the names of schedules and rules.
    """
    if not _FLOW.fullmatch(flow):
        raise UsageError(
            f"flow {flow}: its name goes into names of AWS, which take letters and digits of ASCII and '_'; "
            "rename the class"
        )
    mine = owner(namespace).replace("/", "-") + "-"
    for name, most in ((machine, MAX_NAME), *((one, MAX_STARTER) for one in starters)):
        if mine not in name:
            raise UsageError(
                f"flow {flow}: '{prefix}{mine}' is too long for a name of {most} characters by whose "
                "beginning IAM knows the namespace; give the team, the environment or the project a shorter "
                "name"
            )


def check_definition(flow: str, machine: Mapping[str, Any]) -> None:
    """Raise `UsageError` for a state machine that is beyond a limit; the message says which and the way "
    "out."""
    size = len(json.dumps(machine).encode())
    if size > MAX_DEFINITION:
        raise UsageError(
            f"flow {flow}: its state machine has {size:,} bytes, above the {MAX_DEFINITION:,} that Step "
            "Functions takes; split the flow in two, the second with @trigger_on_finish"
        )
    timeout = machine.get("TimeoutSeconds")
    if timeout is not None and not 1 <= timeout <= MAX_TIMEOUT:
        raise UsageError(
            f"--workflow-timeout: received {timeout}; it must be from 1 to {MAX_TIMEOUT:,} seconds"
        )
    _check_histories(flow, machine)
    for state in _states(machine, 0):
        workers = state.body.get("MaxConcurrency", 1)
        if not 1 <= workers <= MAX_CONCURRENCY:
            raise UsageError(f"--max-workers: received {workers}; it must be from 1 to {MAX_CONCURRENCY:,}")
        if state.body.get("Resource", "").endswith("batch:submitJob.sync"):
            _check_job(flow, state)
        for key, value in state.body.get("Parameters", {}).items():
            if key == "Key.$":
                _check_key(flow, state, value)


def most_repetitions(machine: Mapping[str, Any]) -> dict[str, int]:
    """By step that leads back to itself: how often it may, until the history of its execution is full."""
    found = {}
    for inner in _machines(machine):
        states = inner["States"]
        whole = _events(inner)
        for name, state in states.items():
            if name.endswith(": again"):
                step = state["Next"]
                body = [
                    step,
                    f"{step}: read the choice",
                    *(one for one in states if one.startswith(f"{step}: by ")),
                ]
                each = sum(_of_state(states[one]) for one in (*body, name))
                found[step] = (MAX_EVENTS - whole) // each + 1
    return found


def _check_histories(flow: str, machine: Mapping[str, Any]) -> None:
    for inner in _machines(machine):
        events = _events(inner)
        if events > MAX_EVENTS:
            raise UsageError(
                f"flow {flow}: an execution of its states may have {events:,} events, above the "
                f"{MAX_EVENTS:,} of a history of Step Functions; ask for fewer retries, or split the flow in "
                "two, the second with @trigger_on_finish"
            )


def outer_concurrency(workers: int, levels: int) -> int:
    """How many children a map may have at once that has maps within, so that all of them fit an account.

    Args:
        workers: how many are wanted.
        levels: how many maps of a nest have maps within.
    """
    return max(1, min(workers, int(MAX_MAP_RUNS ** (1 / levels) + 1e-9)))


def container_overrides(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a state says of the container of its job, or of each node of its gang."""
    if "NodeOverrides" in parameters:
        (parameters,) = parameters["NodeOverrides"]["NodePropertyOverrides"]
    found: Mapping[str, Any] = parameters["ContainerOverrides"]
    return found


def _check_job(flow: str, state: _State) -> None:
    parameters = state.body["Parameters"]
    overrides = json.dumps(_filled(container_overrides(parameters), state.depth))
    if len(overrides) > MAX_OVERRIDES:
        raise UsageError(
            f"flow {flow}: the job of step '{state.name}' has container overrides of up to "
            f"{len(overrides):,} characters, above the {MAX_OVERRIDES:,} that Batch takes; give the flow, "
            "its file and its steps shorter names"
        )
    name = _filled(parameters["JobName.$"], state.depth)
    if len(name) > MAX_JOB_NAME:
        raise UsageError(
            f"flow {flow}: the job of step '{state.name}' has a name of up to {len(name)} characters, above "
            f"the {MAX_JOB_NAME} that Batch takes: its foreaches nest too deep; nest fewer"
        )


def _check_key(flow: str, state: _State, expression: str) -> None:
    key = _filled(expression, state.depth)
    if len(key.encode()) > MAX_KEY:
        raise UsageError(
            f"flow {flow}: state '{state.name}' uses a key of up to {len(key.encode()):,} bytes, above the "
            f"{MAX_KEY:,} that S3 takes; give the flow and its steps shorter names"
        )


def _filled(value: Any, depth: int) -> Any:
    """A value in which every expression has its longest result."""
    if isinstance(value, list):
        return [_filled(one, depth) for one in value]
    if isinstance(value, dict):
        return {
            key.removesuffix(".$"): _filled(one, depth)
            if key.endswith(".$") or not isinstance(one, str)
            else one
            for key, one in value.items()
        }
    path = "0" + _INDEX * depth
    longest = {"$.run": _RUN, "$.path": path, "$.repetition": _REPETITION, "$$.Execution.Name": _RUN}
    call = re.fullmatch(r"States\.Format\('(.*)', (.*)\)", value)
    if call is None:
        return longest.get(value, value)
    filled = [longest.get(one, "99") for one in call[2].split(", ")]
    return call[1].replace("\\'", "'").format(*filled)


def _machines(machine: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A state machine and those of the children of its maps: each is executed with a history of its own."""
    yield machine
    for state in _states(machine, 0, within=True):
        if "ItemProcessor" in state.body:
            yield from _machines(state.body["ItemProcessor"])


def _states(machine: Mapping[str, Any], depth: int, within: bool = False) -> Iterator[_State]:
    """The states of a machine and of its branches, and unless `within` those of its maps' children."""
    for name, state in machine["States"].items():
        yield _State(name, state, depth)
        for branch in state.get("Branches", ()):
            yield from _states(branch, depth, within)
        if "ItemProcessor" in state and not within:
            yield from _states(state["ItemProcessor"], depth + 1)


def _events(machine: Mapping[str, Any]) -> int:
    """Events of one execution in which every state is entered once, and everything retried."""
    return _EVENTS_OF_EXECUTION + sum(_of_state(one.body) for one in _states(machine, 0, within=True))


def _of_state(state: Mapping[str, Any]) -> int:
    retries: int = sum(rule["MaxAttempts"] for rule in state.get("Retry", ()))
    return _EVENTS[state["Type"]] + _EVENTS_OF_ATTEMPT * retries

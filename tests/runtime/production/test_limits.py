"""AWS's limits, checked before anything is deployed."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from stepwell.compute.submission import StepPlan
from stepwell.errors import UsageError
from stepwell.flow.decorators.attempts import Attempts
from stepwell.flow.graph import Graph, Step
from stepwell.machines import Machine
from stepwell.production.asl import Deployment, compile_flow
from stepwell.production.limits import (
    MAX_MAP_RUNS,
    check_definition,
    check_names,
    most_repetitions,
    outer_concurrency,
)

PLAN = StepPlan("queue", "definition", Machine(1, 4096))


def compiled(*steps: Step, flow: str = "Made", plan: StepPlan = PLAN, **more: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"max_workers": 100, **more}
    deployment = Deployment(
        namespace="project/fraud/prod", bucket="b" * 63, partition="aws", code="0" * 64,
        flow_file="made.py", username="ada",
        plans={step.name: plan for step in steps}, **options,
    )  # fmt: skip
    return compile_flow(Graph(flow, list(steps)), deployment)


def line(count: int) -> list[Step]:
    """Steps one after the other."""
    names = ["start", *(f"step{number}" for number in range(count - 2)), "end"]
    return [*(Step(name, "linear", (after,)) for name, after in pairwise(names)), Step("end", "end")]


def nest(depth: int) -> list[Step]:
    """Foreaches one in the other."""
    names = ["start", *(f"in{number}" for number in range(1, depth))]
    splits = [
        Step(name, "foreach", (after,), "xs") for name, after in zip(names, [*names[1:], "work"], strict=True)
    ]
    joins = [f"join{number}" for number in range(depth, 0, -1)]
    return [
        *splits,
        Step("work", "linear", (joins[0],)),
        *(
            Step(name, "linear", (following,), takes_inputs=True)
            for name, following in pairwise([*joins, "end"])
        ),
        Step("end", "end"),
    ]


def test_a_usual_flow_is_within_all_limits() -> None:
    """Flows of all shapes that people write pass."""
    for steps in (line(2), line(40), nest(1), nest(3), nest(5)):
        check_definition("Made", compiled(*steps))


def test_a_foreach_is_as_large_for_any_number_of_items() -> None:
    """Neither items nor workers are in the state machine: it is the same for ten and for ten thousand."""
    text = json.dumps(compiled(*nest(1)))
    assert "130000" in text and len(text) < 10_000
    wide = compiled(*nest(1), max_workers=10_000)
    assert len(json.dumps(wide)) - len(text) == len("10000") * 2 - len("100") * 2


def test_a_definition_that_is_too_large() -> None:
    """Beyond 1 MiB the flow has to be split, and the message says how."""
    said = r"its state machine has [\d,]+ bytes, above the 1,048,576 .*; split the flow in two"
    with pytest.raises(UsageError, match=said):
        check_definition("Made", compiled(*line(900)))


def test_a_history_that_is_too_long() -> None:
    """Steps whose retries could fill the history of one execution are refused."""
    machine = {
        "StartAt": "a",
        "States": {f"a{n}": {"Type": "Task", "Retry": [{"MaxAttempts": 9}], "End": True} for n in range(600)},
    }
    with pytest.raises(UsageError, match=r"may have 25,202 events, above the 25,000 of a history"):
        check_definition("Made", machine)


def test_repetitions_are_counted() -> None:
    """How often a step may lead back to itself is what the events of a repetition leave room for."""
    machine = compiled(
        Step("start", "linear", ("climb",)),
        Step("climb", "switch", ("climb", "end"), condition="x", cases=((False, "climb"), (True, "end"))),
        Step("end", "end"),
    )
    # its job, a read that S3 may refuse four times, a choice, a count
    each = 6 + (6 + 4 * 4) + 2 + 2
    (most,) = most_repetitions(machine).values()
    assert 25_000 - 200 < most * each <= 25_000


@pytest.mark.parametrize("workers", [0, 10_001])
def test_workers_have_a_limit(workers: int) -> None:
    """A Distributed Map has at most 10,000 children at once."""
    with pytest.raises(UsageError, match=rf"--max-workers: received {workers}; it must be from 1 to 10,000"):
        check_definition("Made", compiled(*nest(1), max_workers=workers))


@pytest.mark.parametrize("timeout", [0, 10**8])
def test_a_timeout_has_a_limit(timeout: int) -> None:
    """An execution ends after a year in any case."""
    with pytest.raises(UsageError, match=rf"--workflow-timeout: received {timeout}; it must be from 1 to"):
        check_definition("Made", compiled(*line(2), timeout=timeout))


@pytest.mark.parametrize(("depth", "workers"), [(1, 100), (2, 100), (3, 31), (4, 10), (5, 5)])
def test_nested_maps_fit_an_account(depth: int, workers: int) -> None:
    """However deep foreaches nest, no more than a thousand of their maps are open at once; tasks of the
    innermost run as many at once as asked."""
    found, machine = [], compiled(*nest(depth))
    while maps := [state for state in machine["States"].values() if state["Type"] == "Map"]:
        found.append(maps[0]["MaxConcurrency"])
        machine = maps[0]["ItemProcessor"]
    assert found == [workers] * (depth - 1) + [100]
    open_maps = 1
    for outer in found[:-1]:
        open_maps *= outer
    assert open_maps <= MAX_MAP_RUNS
    assert outer_concurrency(7, 2) == 7


def test_overrides_are_pointers() -> None:
    """A job's overrides keep far from Batch's limit, whatever a task is given; only absurd names reach it."""
    machine = compiled(*nest(3))
    overrides = machine["States"]["start"]["Parameters"]["ContainerOverrides"]
    assert len(json.dumps(overrides)) < 1500
    with pytest.raises(UsageError, match=r"container overrides of up to [\d,]+ characters, above the 8,192"):
        check_definition("F" * 8000, compiled(*line(2), flow="F" * 8000))


def test_names_of_jobs_have_a_limit() -> None:
    """A nest so deep that the path of a task makes the name of its job too long is refused."""
    with pytest.raises(UsageError, match=r"step 'work' has a name of up to \d+ characters, above the 128"):
        check_definition("M" * 70, compiled(*nest(8), flow="M" * 70))


def test_keys_have_a_limit() -> None:
    """Names that make a key longer than S3 takes are refused."""
    with pytest.raises(UsageError, match=r"uses a key of up to 1,\d+ bytes, above the 1,024 that S3 takes"):
        check_definition("F" * 950, compiled(*nest(1), flow="F" * 950))


def test_retries_are_within_the_history() -> None:
    """As many steps as a definition holds, each retried as often as can be, fit a history."""
    check_definition(
        "Made",
        compiled(*line(200), plan=StepPlan("queue", "definition", Machine(1, 4096), Attempts(9, 60.0, True))),
    )


@pytest.mark.parametrize(
    ("flow", "machine", "starters", "message"),
    [
        ("Größe", "stepwell-growth-dev-user-ada-x", [], "which take letters and digits of ASCII"),
        ("Made", "stepwell-a-very-long-name-0123abcd", [], "too long for a name of 80 characters"),
        ("Made", "stepwell-growth-dev-user-ada-Made", ["stepwell-0123abcd"], "too long for a name of 64"),
    ],
)
def test_names_have_to_show_their_namespace(
    flow: str, machine: str, starters: list[str], message: str
) -> None:
    """A name that is cut so far that IAM can't know its namespace is refused, and one that AWS takes not."""
    with pytest.raises(UsageError, match=message):
        check_names(flow, machine, "user/ada", "stepwell-growth-dev-", starters)


def test_usual_names_pass() -> None:
    """Names of state machines, schedules and rules as they are made."""
    check_names(
        "Made", "stepwell-growth-dev-user-ada-Made", "user/ada", "stepwell-growth-dev-",
        ["user-ada-Made", "stepwell-growth-dev-user-ada-Made-0"],
    )  # fmt: skip

"""Flows that start by themselves: by a schedule, an event, another flow's end, a commit to a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import stepwell
from stepwell import Flow, publish_event
from stepwell.client.objects import Run
from stepwell.errors import NoSuchObject
from tests.runtime.production.conftest import Place, until
from tests.runtime.production.flows import PLAIN, write

pytestmark = pytest.mark.xdist_group("quick")
CREATE = ("step-functions", "create")
EVENTFUL = """
    alpha = Parameter("alpha", default=1)
    note = Parameter("note", default="none")

    @step
    def start(self):
        self.double = 2 * self.alpha
        self.seen = current.trigger and (current.trigger.event.type, current.trigger.event.name)
        self.next(self.end)

    @step
    def end(self): pass
"""
FIRST = """
    @step
    def start(self):
        self.found = 42
        self.next(self.end)

    @step
    def end(self): pass
"""
SECOND = """
    @step
    def start(self):
        self.found = current.trigger.run.data.found if current.trigger else None
        self.next(self.end)

    @step
    def end(self): pass
"""


def runs(flow: str, namespace: str = "user/ada") -> list[Run]:
    """The runs of a flow that have begun."""
    try:
        return list(Flow(flow, namespace=namespace, datastore="s3"))
    except NoSuchObject:
        return []


def done(flow: str, namespace: str = "user/ada", seconds: float = 60) -> Run:
    """The newest run of a flow, once it was successful."""

    def look() -> Run | None:
        return next((run for run in runs(flow, namespace) if run.successful), None)

    run: Run = until(look, seconds)
    return run


def test_a_flow_that_is_scheduled_every_minute_starts_by_itself(place: Place) -> None:
    """Nobody triggers it, and yet it runs within the minute; without the schedule it starts no more."""
    file = write(place.folder, name="Minutely", decorators='@schedule(cron="* * * * ? *")')
    assert "It starts by cron(* * * * ? *), UTC" in place.did(file, *CREATE)
    run = done("Minutely", seconds=90)
    assert run.data.double == 2 and run.trigger is None and run.info.runtime == "step-functions"
    write(place.folder, name="Minutely")
    assert "It starts" not in place.did(file, *CREATE)
    found = place.json(file, "step-functions", "describe")
    assert (found["schedule"], found["next_starts"]) == (None, [])


def test_a_time_zone_is_the_schedulers(place: Place) -> None:
    """A schedule comes due by the clocks of its time zone, and is renewed with the deployment."""
    file = write(
        place.folder, name="Zoned", decorators='@schedule(cron="0 6 * * ? *", timezone="Asia/Tokyo")'
    )
    place.did(file, *CREATE)
    starts = place.json(file, "step-functions", "describe")["next_starts"]
    assert all("T21:00:00" in start for start in starts)
    write(place.folder, name="Zoned", decorators="@schedule(hourly=True)")
    place.did(file, *CREATE)
    assert place.json(file, "step-functions", "describe")["schedule"] == "cron(0 * * * ? *) in UTC"


def test_an_event_starts_a_flow_with_its_fields(place: Place) -> None:
    """An event's fields are the flow's parameters, those that it lacks keep their defaults."""
    file = write(
        place.folder, EVENTFUL, name="Eventful",
        decorators='@trigger(event={"name": "data_ready", "parameters": {"alpha": "rows"}})',
    )  # fmt: skip
    assert "It starts on the event 'data_ready'" in place.did(file, *CREATE)
    publish_event("something_else", {"rows": 1})
    publish_event("data_ready", {"rows": 21, "note": "is not mapped"})
    run = done("Eventful")
    assert len(runs("Eventful")) == 1
    assert (run.data.double, run.data.note, run.data.seen) == (42, "none", ("event", "data_ready"))
    assert run.info.parameters == {"alpha": 21}
    assert run.trigger is not None and run.trigger.event.payload == {"rows": 21, "note": "is not mapped"}
    assert place.json(file, "step-functions", "describe", run.id)["started_by"] == "event data_ready"
    by_hand = place.triggered(file, "--alpha", "2")
    assert place.ended(file, by_hand) == "SUCCEEDED"
    assert Flow("Eventful", datastore="s3")[by_hand].data.seen is None


def test_a_field_of_the_wrong_type_fails_with_its_reason(place: Place) -> None:
    """An event whose field is no value of the parameter fails the run, and the run says why."""
    file = write(
        place.folder, EVENTFUL, name="Mistaken",
        decorators='@trigger(event={"name": "mistaken", "parameters": ["alpha"]})',
    )  # fmt: skip
    place.did(file, *CREATE)
    publish_event("mistaken", {"alpha": "many"})
    run: Run = until(lambda: next((one for one in runs("Mistaken") if one.finished), None))
    (failure,) = run.failures
    assert failure.reason.startswith("parameter 'alpha': received 'many', which is not an integer")


def test_the_end_of_a_flow_starts_another(place: Place) -> None:
    """A flow starts after another's successful run, reads what that has left, and not after a failed one."""
    first = write(place.folder, FIRST, name="First")
    second = write(place.folder, SECOND, name="Second", decorators='@trigger_on_finish(flow="First")')
    place.did(first, *CREATE)
    assert "It starts when a run of First in 'user/ada' was successful" in place.did(second, *CREATE)
    failing = write(place.folder, FIRST.replace("self.found = 42", "raise ValueError"), name="First")
    assert failing == first
    place.did(first, *CREATE)
    assert place.ended(first, place.triggered(first)) == "FAILED"
    write(place.folder, FIRST, name="First")
    place.did(first, *CREATE)
    run = place.triggered(first)
    followed = done("Second")
    assert followed.data.found == 42 and len(runs("Second")) == 1
    assert followed.trigger is not None and followed.trigger.run is not None
    assert followed.trigger.run.pathspec == f"First/{run}"


def test_production_follows_another_projects_production(place: Place) -> None:
    """A flow may wait for one that is deployed in a project's production, by the names of those."""
    first = write(place.folder, FIRST, name="Upstream", decorators='@project(name="fraud")')
    second = write(
        place.folder, SECOND, name="Downstream",
        decorators=(
            '@trigger_on_finish(flow={"name": "Upstream", "project": "fraud", "project_branch": "prod"})'
        ),
    )  # fmt: skip
    place.did(first, "--production", *CREATE)
    place.did(first, *CREATE)
    place.did(second, *CREATE)
    assert place.ended(first, place.triggered(first)) == "SUCCEEDED"
    place.triggered(first, before=("--production",))
    assert done("Downstream").data.found == 42
    assert len(runs("Downstream")) == 1


def test_a_commit_to_a_table_starts_a_flow(place: Place) -> None:
    """Whoever commits to an Iceberg table starts the flow that waits for it."""
    import pyarrow as pa

    file = write(place.folder, EVENTFUL, name="Tabled", decorators='@trigger(table="fraud.cases")')
    assert "It starts on a commit to table fraud.cases" in place.did(file, *CREATE)
    stepwell.write_table("fraud.others", pa.table({"x": [1]}))
    stepwell.write_table("fraud.cases", pa.table({"x": [1]}))
    run = done("Tabled")
    assert run.data.seen == ("table", "fraud.cases")


def test_triggers_that_are_dropped_start_nothing(place: Place) -> None:
    """A deployment without a trigger that it had removes its rule; the one that stays is renewed."""
    file = write(
        place.folder, EVENTFUL, name="Dropped",
        decorators='@trigger(event="dropped")\n@trigger_on_finish(flow="First")',
    )  # fmt: skip
    place.did(file, *CREATE)
    assert len(place.json(file, "step-functions", "describe")["starts"]) == 2
    write(place.folder, EVENTFUL, name="Dropped", decorators='@trigger(event="renewed")')
    place.did(file, *CREATE)
    (one,) = place.json(file, "step-functions", "describe")["starts"]
    assert "on the event 'renewed'" in one
    publish_event("dropped")
    publish_event("renewed")
    assert done("Dropped").data.seen == ("event", "renewed")
    assert len(runs("Dropped")) == 1


MISTAKES: list[tuple[str, str]] = [
    ('@trigger(event="a", table="b.c")', "@trigger: it takes either event or table"),
    ("@trigger()", "@trigger: it takes either event or table"),
    ('@trigger(events=["a", "b"])', "@trigger: received several events, all of which Metaflow waits for"),
    ('@trigger(event="no spaces please")', "event must be named by 1 to 128 letters, digits"),
    (
        '@trigger(event={"name": "a", "parameters": 3})',
        "event must be with 'parameters' a dictionary or list",
    ),
    (
        '@trigger(event={"name": "a", "parameters": ["beta"]})',
        "parameter 'beta', which the flow does not have",
    ),
    ('@trigger(table="cases")', "table must be DATABASE.TABLE"),
    ('@trigger_on_finish(flow="no flow")', "flow must be a flow's name, or a dictionary"),
    ('@trigger_on_finish(flows=["A", "B"])', "@trigger_on_finish: received several flows"),
    ('@trigger_on_finish(flow={"name": "A", "project": "p"})', "'project' and 'project_branch' together"),
    (
        '@trigger_on_finish(flow={"name": "A", "project": "p", "project_branch": "main"})',
        "flow must be of a branch user.NAME, test.BRANCH, prod or prod.BRANCH",
    ),
    ('@schedule(cron="0 99 * * ? *")', "hour is 99; it goes from 0 to 23"),
    ('@schedule(cron="0 6 * * *")', "it has 5 fields, not six"),
]


@pytest.mark.parametrize(("decorators", "message"), MISTAKES)
def test_mistakes_are_found_before_anything_runs(decorators: str, message: str, place: Place) -> None:
    """What can start no flow is one line of `check`."""
    assert message in place.refused(write(place.folder, decorators=decorators), "check")


def test_required_parameters_need_a_field(place: Place) -> None:
    """A flow that starts by itself has a value for every parameter: a default, or a field of the event."""
    body = PLAIN.replace("default=1", "type=int, required=True")
    refused = place.refused(write(place.folder, body, '@trigger(event="a")'), "check")
    assert "@trigger starts it without parameters, but 'alpha' is required; give it a default" in refused
    good = '@trigger(event={"name": "a", "parameters": ["alpha"]})'
    place.did(write(place.folder, body, good), "check")


def test_a_flow_does_not_wait_for_itself(place: Place) -> None:
    """A flow that would start after itself is refused: it would never end."""
    file = write(place.folder, name="Endless", decorators='@trigger_on_finish(flow="Endless")')
    assert "names the flow itself, which would never end" in place.refused(file, *CREATE)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"x": object()}, "the payload is no JSON"),
        ({"x": "y" * 300_000}, "above the 256,000 that EventBridge"),
    ],
)
def test_an_odd_event_is_refused(payload: dict[str, Any], message: str, place: Place) -> None:
    """An event is JSON, and no larger than EventBridge takes."""
    with pytest.raises(stepwell.errors.UsageError, match=message):
        publish_event("odd", payload)


def test_an_event_needs_an_environment(stepwell_home: Path) -> None:
    """Without an environment there is nowhere to publish to."""
    with pytest.raises(stepwell.errors.UsageError, match="publish_event: no environment is named"):
        publish_event("odd")

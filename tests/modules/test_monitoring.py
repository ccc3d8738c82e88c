"""Alarms and the dashboard: what they look at, and when an alarm goes off."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.synthesis import Synthesized, settings, synthesized

NAME = "stepwell-growth-dev"


def alarms(made: Synthesized) -> dict[str, dict[str, Any]]:
    found = made.all("aws_cloudwatch_metric_alarm")
    return {path.removeprefix("monitoring/"): body for path, body in found.items()}


def metrics(made: Synthesized, alarm: str) -> list[dict[str, Any]]:
    """What an alarm measures, with names as AWS will see them."""
    queries = json.loads(made.resolved(json.dumps(alarms(made)[alarm]["metric_query"])))
    return [query["metric"] for query in queries if "metric" in query]


def widgets(made: Synthesized) -> dict[str, list[Any]]:
    """The metrics of the dashboard's charts, by title."""
    body = json.loads(made.resolved(made.one("aws_cloudwatch_dashboard")["dashboard_body"]))
    return {one["properties"]["title"]: one["properties"]["metrics"] for one in body["widgets"]}


@pytest.fixture(scope="module")
def other() -> Synthesized:
    chosen = {
        "every_minutes": 1,
        "waiting_jobs": 10,
        "waiting_minutes": 30,
        "failed_runs": 1,
        "datastore_gib": 100,
    }
    queues = {"fargate": {}, "spot": {"type": "FARGATE_SPOT"}}
    return synthesized(settings(monitoring=chosen, compute={"image": "stepwell:latest", "queues": queues}))


def test_each_alarm_has_its_threshold(demo: Synthesized, other: Synthesized) -> None:
    """Jobs, seconds, runs, bytes and messages are held against the settings, or their defaults."""
    for made, expected in (
        (demo, (100, 3600, 5, 1024 * 2**30, 1)),
        (other, (10, 1800, 1, 100 * 2**30, 1)),
    ):
        names = ("waiting-jobs", "oldest-job", "failed-runs", "datastore", "undelivered")
        assert {name: body["threshold"] for name, body in alarms(made).items()} == dict(
            zip(names, expected, strict=True)
        )


def test_an_alarm_tells_that_it_began_and_ended(demo: Synthesized) -> None:
    """Every alarm tells the environment's topic of both, and one that has nothing measured is silent."""
    for body in alarms(demo).values():
        topics = [*body["alarm_actions"], *body["ok_actions"]]
        assert [made.rpartition(":")[2] for made in map(demo.resolved, topics)] == [NAME, NAME]
        assert body["treat_missing_data"] == "notBreaching"


def test_all_queues_count(other: Synthesized) -> None:
    """Jobs that wait are summed over the queues, the oldest is that of any; a silent queue has none."""
    for alarm, metric, total in (
        ("waiting-jobs", "RunnableJobs", "SUM([FILL(m0, 0), FILL(m1, 0)])"),
        ("oldest-job", "OldestRunnableJob", "MAX([FILL(m0, 0), FILL(m1, 0)])"),
    ):
        asked = metrics(other, alarm)
        assert {(one["namespace"], one["metric_name"]) for one in asked} == {("Stepwell", metric)}
        assert [one["dimensions"] for one in asked] == [
            {"Environment": "growth-dev", "Queue": queue} for queue in ("fargate", "spot")
        ]
        (query,) = (one for one in alarms(other)[alarm]["metric_query"] if one["return_data"])
        assert query["expression"] == total


def test_an_alarm_outlasts_the_time_between_two_counts(demo: Synthesized, other: Synthesized) -> None:
    """What waits is looked at over twice the time after which it is counted again."""
    for made, minutes in ((demo, 5), (other, 1)):
        periods = {one["period"] for alarm in ("waiting-jobs", "oldest-job") for one in metrics(made, alarm)}
        assert periods == {2 * 60 * minutes}


def test_failed_runs_are_what_is_notified(demo: Synthesized) -> None:
    """A failed run is counted by the rule that notifies of it, over an hour."""
    (asked,) = metrics(demo, "failed-runs")
    rule = demo.one("aws_cloudwatch_event_rule", "notifications/failed-runs")["name"]
    assert (asked["metric_name"], asked["dimensions"]) == ("TriggeredRules", {"RuleName": rule})
    assert (asked["stat"], asked["period"]) == ("Sum", 3600)


def test_the_datastore_is_measured_whole(demo: Synthesized) -> None:
    """Its size is that of every storage class that its lifecycle moves objects to, summed over a day."""
    asked = metrics(demo, "datastore")
    bucket = demo.resolved(demo.one("aws_s3_bucket")["bucket"])
    assert {one["dimensions"]["BucketName"] for one in asked} == {bucket}
    kinds = {one["dimensions"]["StorageType"] for one in asked}
    assert {"StandardStorage", "IntelligentTieringFAStorage", "IntelligentTieringIAStorage"} < kinds
    assert {one["period"] for one in asked} == {24 * 3600}


def test_what_is_undelivered_is_the_dead_letter_queues(demo: Synthesized) -> None:
    """One message in the environment's dead-letter queue is enough."""
    (asked,) = metrics(demo, "undelivered")
    assert asked["dimensions"] == {"QueueName": demo.one("aws_sqs_queue")["name"]}


def test_the_dashboard_shows_what_alarms_look_at(other: Synthesized) -> None:
    """Each metric of an alarm is in a chart, with its dimensions; each queue has a line of its own."""
    shown = [metric for chart in widgets(other).values() for metric in chart if len(metric) > 2]
    drawn = {(namespace, name, *dimensions) for namespace, name, *dimensions, _ in shown}
    for alarm in alarms(other):
        for one in metrics(other, alarm):
            pairs = [part for pair in one["dimensions"].items() for part in pair]
            assert (one["namespace"], one["metric_name"], *pairs) in drawn
    lines = widgets(other)["Jobs that wait"]
    assert [line[-1]["label"] for line in lines] == ["fargate", "spot"]


@pytest.mark.parametrize(
    ("chosen", "kinds"),
    [
        ({"dashboard": False}, {"aws_cloudwatch_metric_alarm"}),
        ({"alarms": False}, {"aws_cloudwatch_dashboard"}),
        ({"dashboard": False, "alarms": False}, set()),
    ],
)
def test_both_are_options(chosen: dict[str, bool], kinds: set[str]) -> None:
    """Without the dashboard there are alarms, without these the dashboard; without both no watch either."""
    made = synthesized(settings(monitoring=chosen))
    both = {"aws_cloudwatch_metric_alarm", "aws_cloudwatch_dashboard"}
    assert both & made.document["resource"].keys() == kinds
    assert any(address.split()[1].startswith("watch/") for address in made.addresses) is bool(kinds)

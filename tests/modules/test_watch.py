"""The watch: a state machine that counts the jobs that wait."""

from __future__ import annotations

import json
from typing import Any

import jsonata
import pytest

from modules.monitoring import NAMESPACE
from tests.synthesis import ACCOUNT, Synthesized, settings, synthesized

QUEUE = "fargate"
NOW = 1_800_000_000_000


def states(made: Synthesized) -> dict[str, Any]:
    """What is done for each queue, and the queues."""
    definition = json.loads(made.resolved(made.one("aws_sfn_state_machine", "watch/machine")["definition"]))
    found: dict[str, Any] = definition["States"]["Each queue"]
    return found


def evaluated(value: Any, given: dict[str, Any]) -> Any:
    """A value of a state, as Step Functions makes it of ``$states``."""
    if isinstance(value, dict):
        return {key: evaluated(inner, given) for key, inner in value.items()}
    if isinstance(value, list):
        return [evaluated(inner, given) for inner in value]
    if not (isinstance(value, str) and value.startswith("{%")):
        return value
    expression = value.removeprefix("{%").removesuffix("%}").replace("$millis()", str(NOW))
    made = jsonata.Jsonata(expression)
    made.assign("states", given)
    return made.evaluate(None)


@pytest.mark.parametrize(("ages", "waiting", "oldest"), [([], 0, 0), ([90], 1, 90), ([5, 600, 30], 3, 600)])
def test_jobs_are_counted(demo: Synthesized, ages: list[int], waiting: int, oldest: int) -> None:
    """Of a queue's RUNNABLE jobs it makes how many there are, and the seconds of the oldest."""
    each = states(demo)
    steps = each["ItemProcessor"]["States"]
    (item,) = each["Items"]
    assert item == {
        "name": QUEUE,
        "arn": f"arn:aws:batch:us-east-1:{ACCOUNT}:job-queue/stepwell-growth-dev-{QUEUE}",
    }
    look = steps["List the jobs that wait"]
    asked = evaluated(look["Arguments"], {"input": item})
    assert asked == {"JobQueue": item["arn"], "JobStatus": "RUNNABLE"}
    jobs = [{"JobId": str(age), "CreatedAt": NOW - age * 1000} for age in ages]
    output = evaluated(look["Output"], {"input": item, "result": {"JobSummaryList": jobs}})
    assert output == {"queue": QUEUE, "waiting": waiting, "oldest": oldest}
    choice = steps["Does anybody wait?"]
    (way,) = choice["Choices"]
    told = evaluated(way["Condition"], {"input": output})
    assert (way["Next"] if told else choice["Default"]) == ("Tell CloudWatch" if ages else "Nobody")


def test_cloudwatch_is_told_what_alarms_read(demo: Synthesized) -> None:
    """The metrics that it puts have the names and the dimensions that the alarms look at."""
    tell = states(demo)["ItemProcessor"]["States"]["Tell CloudWatch"]["Arguments"]
    told = evaluated(tell, {"input": {"queue": QUEUE, "waiting": 3, "oldest": 600}})
    assert told["Namespace"] == NAMESPACE
    values = {
        (datum["MetricName"], *((one["Name"], one["Value"]) for one in datum["Dimensions"])): datum["Value"]
        for datum in told["MetricData"]
    }
    read = {}
    for alarm, value in (("waiting-jobs", 3), ("oldest-job", 600)):
        queries = demo.one("aws_cloudwatch_metric_alarm", f"monitoring/{alarm}")["metric_query"]
        for metric in (one["metric"] for one in queries if "metric" in one):
            dimensions = json.loads(demo.resolved(json.dumps(metric["dimensions"])))
            read[metric["metric_name"], *dimensions.items()] = value
    assert values == read


@pytest.mark.parametrize("minutes", [5, 1])
def test_it_looks_as_often_as_settings_say(minutes: int) -> None:
    """A schedule starts it every so many minutes, 5 by default, and does not make up for a miss."""
    chosen = {} if minutes == 5 else {"monitoring": {"every_minutes": minutes}}
    schedule = synthesized(settings(**chosen)).one("aws_scheduler_schedule")
    assert schedule["schedule_expression"] == f"rate({minutes} minutes)"
    assert schedule["target"]["retry_policy"]["maximum_retry_attempts"] == 0

"""From graph to state machine: whole documents, compared without any service."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from stepwell.compute.submission import StepPlan
from stepwell.flow.decorators.attempts import Attempts
from stepwell.flow.graph import Graph, Step
from stepwell.machines import Machine
from stepwell.production.asl import Deployment, compile_flow
from stepwell.production.names import state_machine_name
from tests.support import FLOWS, environment

SMALL = StepPlan("queue", "definition", Machine(0.5, 1024))


def compiled(*steps: Step) -> dict[str, Any]:
    deployment = Deployment(
        namespace="user/ada", bucket="store", partition="aws",
        code="c0de", flow_file="made.py", username="ada",
        plans={step.name: SMALL for step in steps}, max_workers=7,
    )  # fmt: skip
    return compile_flow(Graph("Made", list(steps)), deployment)


def caught(following: str) -> list[dict[str, Any]]:
    return [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": following}]


def job(step: str, **after: Any) -> dict[str, Any]:
    """The state of one step."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::batch:submitJob.sync",
        "Parameters": {
            "JobName.$": f"States.Format('Made-{step}-{{}}', $.path)",
            "JobQueue": "queue",
            "JobDefinition": "definition",
            "ShareIdentifier": "userSada",
            "ContainerOverrides": {
                "Environment": [
                    {"Name": "STEPWELL_DATASTORE", "Value": "s3://store"},
                    {"Name": "STEPWELL_NAMESPACE", "Value": "user/ada"},
                    {"Name": "STEPWELL_USER", "Value": "ada"},
                    {"Name": "STEPWELL_CODE", "Value": "c0de"},
                    {"Name": "STEPWELL_FLOW", "Value": "Made"},
                    {"Name": "STEPWELL_FLOW_FILE", "Value": "made.py"},
                    {"Name": "STEPWELL_RUN", "Value.$": "$.run"},
                    {"Name": "STEPWELL_STEP", "Value": step},
                    {"Name": "STEPWELL_TASK", "Value.$": "$.path"},
                ],
                "ResourceRequirements": [
                    {"Type": "VCPU", "Value": "0.5"},
                    {"Type": "MEMORY", "Value": "1024"},
                ],
            },
            "Tags": {"stepwell:namespace": "user/ada"},
            "PropagateTags": True,
        },
        "ResultPath": None,
        "Catch": caught(f"{step}: tell why"),
        **after,
    }


def put(key: str, values: str, following: str, body: dict[str, Any]) -> dict[str, Any]:
    """The state that keeps what is known of a failure."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:putObject",
        "Parameters": {
            "Bucket": "store", "Key.$": f"States.Format('ns/user/ada/flows/Made/runs/{{}}/{key}', {values})",
            **body,
        },
        "ResultPath": None,
        "Retry": [
            {"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1, "MaxAttempts": 4, "BackoffRate": 2.0}
        ],
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": following}],
        "Next": following,
    }  # fmt: skip


def why(step: str, following: str = "The run failed", path: str = "{}") -> dict[str, Any]:
    values = "$.run, $.path" + (", $.repetition" if "-r" in path else "")
    return {
        f"{step}: tell why": put(f"tasks/{step}/{path}/died.json", values, following, {"Body.$": "$.error"})
    }


FAIL = {"Type": "Fail", "Error": "Stepwell.Failed", "CausePath": "$.error.Cause"}
OVER = {
    "The run failed": put(
        "ended.json", "$.run", "The run is over",
        {"Body": {"ended.$": "$$.State.EnteredTime", "error.$": "$.error"}},
    ),
    "The run is over": FAIL,
}  # fmt: skip


def split(step: str, **after: Any) -> dict[str, Any]:
    """The state of a step that ends with a foreach: its job is told how many items that may have."""
    state = job(step, **after)
    state["Parameters"]["ContainerOverrides"]["Environment"].append(
        {"Name": "STEPWELL_MAX_SPLITS", "Value": "130000"}
    )
    return state


def inner(step: str) -> dict[str, Any]:
    """What follows a task that has failed within a branch or a foreach."""
    return {**why(step, f"{step}: failed"), f"{step}: failed": FAIL}


LEAST = {"ResultSelector": {"done": 1}, "ResultPath": "$", "OutputPath": "$.done"}
BEGIN = {
    "Type": "Pass",
    "Parameters": {"run.$": "States.Format('sfn-{}', $$.Execution.Name)", "path": "0"},
    "Next": "start",
}


def test_linear() -> None:
    """Steps in a line are jobs in a line, after a state that names the run."""
    assert compiled(Step("start", "linear", ("end",)), Step("end", "end")) == {
        "Comment": json.dumps(
            {
                "stepwell": {
                    "flow": "Made", "namespace": "user/ada", "deployed_by": "ada", "deployed": None,
                    "code": "c0de", "max_workers": 7, "timeout": None,
                }
            }
        ),
        "StartAt": "Name the run",
        "States": {
            "Name the run": BEGIN,
            "start": job("start", Next="end"),
            **why("start"),
            "end": job("end", End=True),
            **why("end"),
            **OVER,
        },
    }  # fmt: skip


def test_branch() -> None:
    """A branch is a Parallel state behind the splitting job; an arm without steps passes."""
    document = compiled(
        Step("start", "branch", ("a", "join")),
        Step("a", "linear", ("join",)),
        Step("join", "linear", ("end",), takes_inputs=True),
        Step("end", "end"),
    )
    assert document["States"] == {
        "Name the run": BEGIN,
        "start": job("start", Next="start: branches"),
        "start: branches": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "a", "States": {"a": job("a", End=True), **inner("a")}},
                {"StartAt": "start to join", "States": {"start to join": {"Type": "Pass", "End": True}}},
            ],
            "ResultPath": None,
            "Next": "join",
            "Catch": caught("The run failed"),
        },
        **why("start"),
        "join": job("join", Next="end"),
        **why("join"),
        "end": job("end", End=True),
        **why("end"),
        **OVER,
    }


def test_foreach() -> None:
    """A foreach is a Distributed Map over the indices in S3, whose children output a digit."""
    document = compiled(
        Step("start", "foreach", ("work",), "xs"),
        Step("work", "linear", ("join",)),
        Step("join", "linear", ("end",), takes_inputs=True),
        Step("end", "end"),
    )
    work = {**job("work", End=True), **LEAST}
    assert document["States"]["start"] == split("start", Next="start: for each of xs")
    assert document["States"]["start: for each of xs"] == {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {
                "Bucket": "store",
                "Key.$": (
                    "States.Format('ns/user/ada/flows/Made/runs/{}/splits/start/{}.json', $.run, $.path)"
                ),
            },
        },
        "ItemSelector": {
            "run.$": "$.run",
            "path.$": "States.Format('{}-{}', $.path, $$.Map.Item.Value)",
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "work",
            "States": {"work": work, **inner("work")},
        },
        "MaxConcurrency": 7,
        "ResultPath": None,
        "Next": "join",
        "Catch": caught("The run failed"),
    }


def test_gang() -> None:
    """A gang is one job and needs no map; its number of nodes is read where the step before wrote it."""
    machine = compiled(
        Step("start", "foreach", ("train",), num_parallel="self.n"),
        Step("train", "linear", ("join",), parallel=True),
        Step("join", "linear", ("end",), takes_inputs=True),
        Step("end", "end"),
    )
    states = machine["States"]
    gang = job("train", Next="join")
    container = gang["Parameters"].pop("ContainerOverrides")
    gang["Parameters"]["NodeOverrides"] = {
        "NumNodes.$": "$.gang.nodes",
        "NodePropertyOverrides": [{"TargetNodes": "0:", "ContainerOverrides": container}],
    }
    assert states["train"] == gang
    assert states["start"]["Next"] == "start: read num_parallel"
    assert states["start: read num_parallel"] == {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
        "Parameters": {
            "Bucket": "store",
            "Key.$": "States.Format('ns/user/ada/flows/Made/runs/{}/splits/start/{}.json', $.run, $.path)",
        },
        "ResultSelector": {"nodes.$": "States.StringToJson($.Body)"},
        "ResultPath": "$.gang",
        "Retry": states["train: tell why"]["Retry"],
        "Next": "train",
        "Catch": caught("The run failed"),
    }
    assert "tasks/train/{}-0/died.json" in states["train: tell why"]["Parameters"]["Key.$"]
    assert not [one for one in states.values() if one["Type"] == "Map"]


def test_retries_and_limits() -> None:
    """A retried step is retried by its state, which tells the job its count; a limit is the job's too."""
    deployment = Deployment(
        namespace="user/ada", bucket="store", partition="aws",
        code="c0de", flow_file="made.py", username="ada",
        plans={"start": StepPlan("q", "d", Machine(0.5, 1024), Attempts(2, 90.0, True), 300), "end": SMALL},
    )  # fmt: skip
    graph = Graph("Made", [Step("start", "linear", ("end",)), Step("end", "end")])
    plain = job("start", Next="end")
    state = compile_flow(graph, deployment)["States"]["start"]
    assert state["Retry"] == [
        {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 90, "MaxAttempts": 3, "BackoffRate": 1.0}
    ]
    assert state["Parameters"]["Timeout"] == {"AttemptDurationSeconds": 360}
    environment = state["Parameters"]["ContainerOverrides"]["Environment"]
    assert environment[:-1] == plain["Parameters"]["ContainerOverrides"]["Environment"]
    assert environment[-1] == {
        "Name": "STEPWELL_ATTEMPT", "Value.$": "States.Format('{}', $$.State.RetryCount)",
    }  # fmt: skip


def test_a_queue_of_the_steps_own() -> None:
    """A step is sent to the queue, and with the job definition, that its plan says."""
    deployment = Deployment(
        namespace="user/ada", bucket="store", partition="aws",
        code="c0de", flow_file="made.py", username="ada",
        plans={"start": StepPlan("gpus", "for-gpus", Machine(0.5, 1024)), "end": SMALL},
    )  # fmt: skip
    graph = Graph("Made", [Step("start", "linear", ("end",)), Step("end", "end")])
    states = compile_flow(graph, deployment)["States"]
    for name, queue, definition in (("start", "gpus", "for-gpus"), ("end", "queue", "definition")):
        parameters = states[name]["Parameters"]
        assert (parameters["JobQueue"], parameters["JobDefinition"]) == (queue, definition)


def test_switch() -> None:
    """A switch reads from S3 the step its job chose, and a Choice goes there; ways meet in a state."""
    document = compiled(
        Step("start", "switch", ("a", "end"), condition="x", cases=((1, "a"), (2, "end"), (3, "a"))),
        Step("a", "linear", ("end",)),
        Step("end", "end"),
    )
    assert document["States"] == {
        "Name the run": BEGIN,
        "start": job("start", Next="start: read the choice"),
        "start: read the choice": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
            "Parameters": {
                "Bucket": "store",
                "Key.$": (
                    "States.Format('ns/user/ada/flows/Made/runs/{}/splits/start/{}.json', $.run, $.path)"
                ),
            },
            "ResultSelector": {"step.$": "States.StringToJson($.Body)"},
            "ResultPath": "$.choice",
            "Retry": [
                {
                    "ErrorEquals": ["States.TaskFailed"],
                    "IntervalSeconds": 1,
                    "MaxAttempts": 4,
                    "BackoffRate": 2.0,
                }
            ],
            "Catch": caught("The run failed"),
            "Next": "start: by x",
        },
        "start: by x": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.choice.step", "StringEquals": "a", "Next": "a"},
                {"Variable": "$.choice.step", "StringEquals": "end", "Next": "end"},
            ],
        },
        **why("start"),
        "a": job("a", Next="end"),
        **why("a"),
        "end": job("end", End=True),
        **why("end"),
        **OVER,
    }


def test_repetition() -> None:
    """A step that repeats itself counts in the state, and the count is in its task, job name and key."""
    document = compiled(
        Step("start", "linear", ("climb",)),
        Step("climb", "switch", ("climb", "end"), condition="x", cases=((False, "climb"), (True, "end"))),
        Step("end", "end"),
    )
    states = document["States"]
    assert states["start"]["Next"] == "climb: begin"
    assert states["climb: begin"] == {
        "Type": "Pass", "Result": 0, "ResultPath": "$.repetition", "Next": "climb",
    }  # fmt: skip
    parameters = states["climb"]["Parameters"]
    assert parameters["JobName.$"] == "States.Format('Made-climb-{}-r{}', $.path, $.repetition)"
    assert {
        "Name": "STEPWELL_TASK", "Value.$": "States.Format('{}-r{}', $.path, $.repetition)",
    } in parameters["ContainerOverrides"]["Environment"]  # fmt: skip
    assert states["climb: read the choice"]["Parameters"]["Key.$"] == (
        "States.Format('ns/user/ada/flows/Made/runs/{}/splits/climb/{}-r{}.json', "
        "$.run, $.path, $.repetition)"
    )
    assert [one["Next"] for one in states["climb: by x"]["Choices"]] == ["climb: again", "end"]
    assert states["climb: again"] == {
        "Type": "Pass",
        "Parameters": {
            "run.$": "$.run",
            "path.$": "$.path",
            "repetition.$": "States.MathAdd($.repetition, 1)",
        },
        "Next": "climb",
    }
    assert states["climb: tell why"] == why("climb", path="{}-r{}")["climb: tell why"]
    assert states["end"] == job("end", End=True)


def test_every_end_of_a_foreach_outputs_a_digit() -> None:
    """Where a switch lets the items of a foreach end in different steps, each of these ends with a digit."""
    document = compiled(
        Step("start", "foreach", ("work",), "xs"),
        Step("work", "switch", ("a", "b"), condition="x", cases=((1, "a"), (2, "b"))),
        Step("a", "linear", ("join",)),
        Step("b", "linear", ("join",)),
        Step("join", "linear", ("end",), takes_inputs=True),
        Step("end", "end"),
    )
    mapped = document["States"]["start: for each of xs"]["ItemProcessor"]["States"]
    for step in ("a", "b"):
        assert mapped[step] == {**job(step, End=True), **LEAST}


def test_names_of_states_fit_the_limit() -> None:
    """However long steps and artifacts are called, no state's name has more than 80 characters, no two are
    one, and each state leads to one that is there."""
    long = "a_step_with_a_name_that_goes_on_and_on_" * 3
    document = compiled(
        Step("start", "foreach", (long + "1",), "x" * 100),
        Step(
            long + "1", "switch", (long + "1", long + "2"), condition="y" * 100,
            cases=((1, long + "1"), (2, long + "2")),
        ),
        Step(long + "2", "branch", (long + "3", long + "4")),
        Step(long + "3", "linear", (long + "5",)),
        Step(long + "4", "linear", (long + "5",)),
        Step(long + "5", "linear", ("join",), takes_inputs=True),
        Step("join", "linear", ("end",), takes_inputs=True),
        Step("end", "end"),
    )  # fmt: skip
    seen: list[str] = []

    def check(machine: dict[str, Any]) -> None:
        seen.extend(machine["States"])
        assert machine["StartAt"] in machine["States"]
        for state in machine["States"].values():
            leads = [state.get("Next")]
            leads += [one["Next"] for one in (*state.get("Choices", ()), *state.get("Catch", ()))]
            assert machine["States"].keys() >= set(filter(None, leads))
            for inner in [*state.get("Branches", ()), *filter(None, [state.get("ItemProcessor")])]:
                check(inner)

    check(document)
    assert len(seen) == 30 == len(set(seen)) and max(map(len, seen)) == 80
    assert document["States"]["start"] == split("start", Next=list(document["States"])[2])
    text = json.dumps(document)
    assert all(f'"Value": "{long}{number}"' in text for number in range(1, 6))  # jobs are told the whole name


def test_only_json_needs_no_service(tmp_path: Any) -> None:
    """`create --only-json` prints the same document each time, without boto3 and without an environment."""
    command = [
        sys.executable, "-c",
        "import sys; sys.modules['boto3'] = None; import runpy; "
        f"sys.argv = ['foreach.py', 'step-functions', 'create', '--only-json']; "
        f"runpy.run_path({str(FLOWS / 'foreach.py')!r}, run_name='__main__')",
    ]  # fmt: skip
    printed = [
        subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert printed[0] == printed[1]
    states = json.loads(printed[0])["States"]
    parameters = states["start"]["Parameters"]
    assert parameters["JobQueue"] == "${job_queue}"
    assert parameters["JobDefinition"] == "${job_definitions}-default-fargate"
    mapped = states["start: for each of words"]["ItemProcessor"]["States"]
    assert mapped["work"]["Parameters"]["ContainerOverrides"]["ResourceRequirements"] == [
        {"Type": "VCPU", "Value": "0.5"},
        {"Type": "MEMORY", "Value": "1024"},
    ]


@pytest.mark.parametrize(
    ("flow", "name"),
    [
        ("Made", "stepwell-growth-dev-user-ada-Made"),
        ("M" * 47, "stepwell-growth-dev-user-ada-" + "M" * 47),
        ("M" * 60, "stepwell-growth-dev-user-ada-" + "M" * 42 + "-93aeb90b"),
    ],
)
def test_names_fit_the_limit(flow: str, name: str) -> None:
    """A state machine's name keeps to 80 characters; one that is cut ends with a hash of the whole."""
    made = state_machine_name("stepwell-growth-dev-", "user/ada", flow)
    assert made == name
    assert len(made) <= 80


def test_what_a_foreach_tolerates_is_a_percentage() -> None:
    """Step Functions is told the share of items that may fail, and nothing where none may."""

    def a_map(tolerate: float) -> dict[str, Any]:
        found = compiled(
            Step("start", "foreach", ("work",), foreach="xs", tolerate=tolerate),
            Step("work", "linear", ("join",)), Step("join", "linear", ("end",), takes_inputs=True),
            Step("end", "end"),
        )["States"]["start: for each of xs"]  # fmt: skip
        assert isinstance(found, dict)
        return found

    assert a_map(0.07)["ToleratedFailurePercentage"] == 7.0
    assert "ToleratedFailurePercentage" not in a_map(0)

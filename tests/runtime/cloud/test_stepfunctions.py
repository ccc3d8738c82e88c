from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.runtime.cloud.proofs import proves
from tests.runtime.cloud.support import SUBMIT, Aws, distributed_map, single, until

NAMED = {"Environment": [{"Name": "WHO", "Value.$": "$.who"}]}


def states(*chain: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """A machine of states one after the other."""
    names = [name for name, _ in chain]
    links: list[dict[str, Any]] = [*({"Next": name} for name in names[1:]), {"End": True}]
    return {
        "StartAt": names[0],
        "States": {name: {**s, **link} for (name, s), link in zip(chain, links, strict=True)},
    }


@proves("submit_job_takes_shares")
def test_a_task_submits_to_a_fair_queue(aws: Aws) -> None:
    """A submitJob.sync task hands its share identifier on to the queue that wants one."""
    state = aws.job_state(aws.definition("true", schedulingPriority=1))
    state["Parameters"] |= {"JobQueue": aws.fair_queue, "ShareIdentifier": "userSada"}
    assert aws.execute(single(state))["status"] == "SUCCEEDED"


@proves("submit_job_takes_pascal_case")
def test_a_task_submits_a_job_and_has_its_description(aws: Aws) -> None:
    """A submitJob.sync task hands its overrides to the job, and its output is the job in PascalCase."""
    definition = aws.definition("sh", "-c", 'test "$WHO" = ada')
    state = aws.job_state(definition, overrides=NAMED)
    del state["ResultPath"]
    execution = aws.execute(single(state), {"who": "ada"})
    assert execution["status"] == "SUCCEEDED", execution
    output = json.loads(execution["output"])
    assert output["Status"] == "SUCCEEDED"
    assert {"Name": "WHO", "Value": "ada"} in output["Container"]["Environment"]


def test_a_failed_job_fails_its_state(aws: Aws) -> None:
    """A task whose job fails fails with States.TaskFailed, and the cause holds the job's description."""
    execution = aws.execute(single(aws.job_state(aws.definition("no-such-command"))))
    assert (execution["status"], execution["error"]) == ("FAILED", "States.TaskFailed")
    assert "no-such-command" in json.loads(execution["cause"])["StatusReason"]


@proves("submit_job_waits_for_the_job_itself")
def test_stopping_an_execution_terminates_its_jobs(aws: Aws) -> None:
    """StopExecution ends the jobs that the execution waits for."""
    sfn, definition = aws.client("stepfunctions"), aws.definition("sleep", "300")
    arn = sfn.start_execution(
        stateMachineArn=aws.state_machine(single(aws.job_state(definition))), name=aws.name()
    )["executionArn"]
    summary = {"jobQueue": aws.queue, "filters": [{"name": "JOB_NAME", "values": ["job"]}]}
    mine = until(
        lambda: [
            job
            for job in aws.client("batch").list_jobs(**summary)["jobSummaryList"]
            if job["jobDefinition"] == definition
        ],
        lambda jobs: bool(jobs) and jobs[0]["status"] == "RUNNING",
    )
    sfn.stop_execution(executionArn=arn)
    assert aws.ended_job(mine[0]["jobId"], seconds=5)["status"] == "FAILED"
    assert aws.ended_execution(arn)["status"] == "ABORTED"


SAME_CLIENT = """
import sys
from stepwell.cloud import patches
from types import SimpleNamespace
from stepwell.cloud.identities import Everybody
patches.apply(SimpleNamespace(endpoint="http://127.0.0.1:1", identities=Everybody()), without=sys.argv[1:])
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_batch
make = state_task_service_batch.boto_client_for
as_role = {"region": "us-east-1", "service": "batch", "state_credentials": SimpleNamespace(role_arn="r")}
print(make(**as_role) is make(**as_role))
"""


@proves("clients_are_shared")
def test_tasks_share_their_client(aws: Aws) -> None:
    """Two tasks of a state machine call Batch through one client."""
    command = [sys.executable, "-c", SAME_CLIENT, *aws.without]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout == "True\n"


def test_a_hundred_jobs_at_once_all_end(aws: Aws) -> None:
    """A Distributed Map of 100 jobs at once succeeds, however its requests meet in the server."""
    machine = distributed_map(single(aws.job_state(aws.definition("true"))), ItemsPath="$.items")
    assert aws.execute(single(machine), {"items": list(range(100))})["status"] == "SUCCEEDED"


@proves("s3_objects_are_text")
def test_a_state_reads_an_object_and_chooses_by_it(aws: Aws) -> None:
    """A task reads JSON from S3 and a Choice goes by it: back with the next number, until it is done."""
    bucket = aws.bucket()
    for number, step in enumerate(["again", "again", "done"]):
        aws.client("s3").put_object(Bucket=bucket, Key=f"0-r{number}.json", Body=json.dumps(step))
    read = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
        "Parameters": {"Bucket": bucket, "Key.$": "States.Format('{}-r{}.json', $.path, $.number)"},
        "ResultSelector": {"step.$": "States.StringToJson($.Body)"},
        "ResultPath": "$.choice",
        "Next": "which",
    }
    which = {
        "Type": "Choice",
        "Choices": [
            {"Variable": "$.choice.step", "StringEquals": name, "Next": name} for name in ("again", "done")
        ],
    }
    more = {"path.$": "$.path", "number.$": "States.MathAdd($.number, 1)"}
    machine = {
        "StartAt": "read",
        "States": {
            "read": read,
            "which": which,
            "again": {"Type": "Pass", "Parameters": more, "Next": "read"},
            "done": {"Type": "Succeed"},
        },
    }
    execution = aws.execute(machine, {"path": "0", "number": 0})
    assert execution["status"] == "SUCCEEDED", execution
    assert json.loads(execution["output"])["number"] == 2


@proves("s3_objects_take_json")
def test_a_state_writes_an_object(aws: Aws) -> None:
    """A task writes what a part of its input is, as JSON, to S3; text it writes as it is."""
    bucket, written = aws.bucket(), []
    for body in ({"Body.$": "$.what"}, {"Body.$": "$.what.said"}, {"Body": {"at.$": "$.what"}}):
        key = aws.name()
        state = {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:putObject",
            "Parameters": {"Bucket": bucket, "Key": key, **body},
            "ResultPath": None,
        }
        execution = aws.execute(single(state), {"what": {"said": "x", "n": 1}})
        assert execution["status"] == "SUCCEEDED", execution
        written.append(aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    assert written == [b'{"said":"x","n":1}', b"x", b'{"at":{"said":"x","n":1}}']


FAILS_FOR_2 = ("sh", "-c", 'test "$WHO" != 2')


def map_over(aws: Aws, *command: str, **fields: Any) -> dict[str, Any]:
    selector = {"who.$": "States.Format('{}', $$.Map.Item.Value)"}
    state = aws.job_state(aws.definition(*command), overrides=NAMED)
    return single(distributed_map(single(state), ItemsPath="$.items", ItemSelector=selector, **fields))


@proves("failed_children_fail_their_map")
def test_one_failed_child_fails_its_map(aws: Aws) -> None:
    """One failed child of a Distributed Map fails the map and the execution."""
    execution = aws.execute(map_over(aws, *FAILS_FOR_2), {"items": [1, 2, 3]})
    assert (execution["status"], execution.get("error")) == (
        "FAILED",
        "States.ExceedToleratedFailureThreshold",
    )


@pytest.mark.parametrize(
    ("tolerance", "status"),
    [
        ({"ToleratedFailureCount": 1}, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 25}, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 24}, "FAILED"),
        ({"ToleratedFailurePercentage": 100, "ToleratedFailureCount": 1}, "SUCCEEDED"),
    ],
)
def test_a_failure_within_the_tolerance_does_not_fail_the_map(
    aws: Aws, tolerance: dict[str, int], status: str
) -> None:
    """One failure of four passes a tolerance of one, or of 25 percent, and not one of 24 percent."""
    assert aws.execute(map_over(aws, *FAILS_FOR_2, **tolerance), {"items": [1, 2, 3, 4]})["status"] == status


def test_a_failed_map_aborts_its_other_children(aws: Aws) -> None:
    """When one child fails the map, the jobs of the others are terminated, and a Catch goes on."""
    script = 'case "$WHO" in 2) sleep 1; exit 1;; *) sleep 300;; esac'
    machine = map_over(aws, "sh", "-c", script)
    machine["States"]["Only"]["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": "Saved"}]
    machine["States"]["Saved"] = {"Type": "Pass", "End": True}
    assert aws.execute(machine, {"items": [1, 2]})["status"] == "SUCCEEDED"
    until(
        lambda: aws.client("batch").list_jobs(jobQueue=aws.queue, jobStatus="RUNNING")["jobSummaryList"],
        lambda running: not running,
        seconds=5,
    )


@proves("tolerated_percentage_may_be_whole")
def test_a_tolerated_percentage_may_be_a_whole_number(aws: Aws) -> None:
    """A definition with ToleratedFailurePercentage 5 is accepted."""
    aws.state_machine(single(distributed_map(single({"Type": "Pass"}), ToleratedFailurePercentage=5)))


def test_max_concurrency_is_kept(aws: Aws) -> None:
    """With MaxConcurrency 1, children that each need the place to themselves all succeed."""
    bucket = aws.bucket()

    def script(seconds: float) -> str:
        return f"""
import boto3, time
s3 = boto3.client("s3")
s3.put_object(Bucket="{bucket}", Key="taken", Body=b"", IfNoneMatch="*")
time.sleep({seconds})
s3.delete_object(Bucket="{bucket}", Key="taken")
"""

    machine = map_over(aws, "python", "-c", script(0.1), MaxConcurrency=1)
    assert aws.execute(machine, {"items": [1, 2, 3]})["status"] == "SUCCEEDED"
    machine = map_over(aws, "python", "-c", script(30))
    assert aws.execute(machine, {"items": [1, 2, 3]})["status"] == "FAILED"


@proves("long_maps_do_not_nest")
def test_a_map_may_have_more_items_than_python_has_frames(aws: Aws) -> None:
    """1,200 items go through a Distributed Map of one child at a time."""
    machine = single(distributed_map(single({"Type": "Pass"}), MaxConcurrency=1, ItemsPath="$.items"))
    execution = aws.execute(machine, {"items": list(range(1200))})
    assert json.loads(execution["output"]) == list(range(1200))


@proves("executions_without_a_name_get_one")
def test_executions_may_have_no_name(aws: Aws) -> None:
    """Two executions started without a name are two executions."""
    sfn, machine = aws.client("stepfunctions"), aws.state_machine(single({"Type": "Pass"}))
    first, second = (sfn.start_execution(stateMachineArn=machine)["executionArn"] for _ in range(2))
    assert first != second
    assert {aws.ended_execution(arn)["status"] for arn in (first, second)} == {"SUCCEEDED"}


def test_an_execution_that_has_ended_keeps_its_name(aws: Aws) -> None:
    """An execution name can't be used again once its execution has ended."""
    sfn, machine = aws.client("stepfunctions"), aws.state_machine(single({"Type": "Pass"}))
    arn = sfn.start_execution(stateMachineArn=machine, name="once")["executionArn"]
    aws.ended_execution(arn)
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        sfn.start_execution(stateMachineArn=machine, name="once")


INVALID = (
    "{",
    '{"StartAt": "A"}',
    '{"StartAt": "A", "States": {"A": {"Type": "Dance", "End": true}}}',
)
DANGLING: dict[str, dict[str, Any]] = {
    "A.Next": {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}},
    "StartAt": {"StartAt": "B", "States": {"A": {"Type": "Pass", "End": True}}},
    "no Next or End": {"StartAt": "A", "States": {"A": {"Type": "Pass"}}},
    "unreachable": {"StartAt": "A", "States": {"A": {"Type": "Succeed"}, "B": {"Type": "Succeed"}}},
    "in a branch": single(
        {"Type": "Parallel", "Branches": [{"StartAt": "X", "States": {"X": {"Type": "Pass", "Next": "Y"}}}]}
    ),
    "in a map": single(distributed_map({"StartAt": "X", "States": {"X": {"Type": "Pass", "Next": "Y"}}})),
    "in a catch": single(
        {
            "Type": "Task",
            "Resource": SUBMIT,
            "Parameters": {},
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Nowhere"}],
        }
    ),
}


def create(aws: Aws, definition: str) -> None:
    aws.client("stepfunctions").create_state_machine(
        name=aws.name("machine"), definition=definition, roleArn=aws.role("states.amazonaws.com")
    )


@proves("errors_have_codes")
def test_an_invalid_definition_is_refused(aws: Aws) -> None:
    """What isn't Amazon States Language makes no state machine."""
    for definition in INVALID:
        with pytest.raises(ClientError, match="InvalidDefinition"):
            create(aws, definition)


@proves("dangling_transitions_are_refused")
def test_a_transition_to_nowhere_is_refused(aws: Aws) -> None:
    """A definition whose states lead nowhere, or are never reached, makes no state machine."""
    for definition in DANGLING.values():
        with pytest.raises(ClientError, match="InvalidDefinition"):
            create(aws, json.dumps(definition))


def test_an_update_to_an_invalid_definition_is_refused(aws: Aws) -> None:
    """A state machine keeps its definition when an update is invalid."""
    sfn, machine = aws.client("stepfunctions"), aws.state_machine(single({"Type": "Pass"}))
    before = sfn.describe_state_machine(stateMachineArn=machine)["definition"]
    with pytest.raises(ClientError, match="InvalidDefinition"):
        sfn.update_state_machine(stateMachineArn=machine, definition=json.dumps(DANGLING["A.Next"]))
    assert sfn.describe_state_machine(stateMachineArn=machine)["definition"] == before


@proves("definitions_are_validated")
def test_validation_tells_what_is_wrong(aws: Aws) -> None:
    """ValidateStateMachineDefinition finds nothing in a valid definition, and the fault of an invalid one."""
    validate = aws.client("stepfunctions").validate_state_machine_definition
    assert validate(definition=json.dumps(single({"Type": "Pass"})))["result"] == "OK"
    answer = validate(definition=json.dumps(DANGLING["A.Next"]))
    assert answer["result"] == "FAIL"
    assert "'B' is no state, at /States/A/Next" in answer["diagnostics"][0]["message"]


WRITE_ITEMS = """
import boto3, json, os
items = list(range(int(os.environ["COUNT"])))
boto3.client("s3").put_object(
    Bucket=os.environ["BUCKET"], Key="splits/" + os.environ["TASK"] + ".json", Body=json.dumps(items)
)
"""
WRITE_MARK = """
import boto3, os
boto3.client("s3").put_object(
    Bucket=os.environ["BUCKET"], Key="done/" + os.environ["STEP"] + "/" + os.environ["TASK"], IfNoneMatch="*"
)
"""


def test_a_foreach_in_a_foreach_with_a_branch_inside(aws: Aws) -> None:
    """Nested maps that read items from S3, and a branch within: every task runs once, under its path."""
    bucket = aws.bucket()
    split, work = aws.definition("python", "-c", WRITE_ITEMS), aws.definition("python", "-c", WRITE_MARK)

    def task(definition: str, step: str, **extra: str) -> dict[str, Any]:
        environment = [
            {"Name": "BUCKET", "Value": bucket},
            {"Name": "STEP", "Value": step},
            {"Name": "TASK", "Value.$": "$.path"},
            *({"Name": name, "Value": value} for name, value in extra.items()),
        ]
        return aws.job_state(definition, overrides={"Environment": environment})

    def foreach(processor: dict[str, Any]) -> dict[str, Any]:
        reader = {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket": bucket, "Key.$": "States.Format('splits/{}.json', $.path)"},
        }
        selector = {
            "run.$": "$.run",
            "path.$": "States.Format('{}-{}', $.path, $$.Map.Item.Value)",
        }
        return distributed_map(
            processor, ItemReader=reader, ItemSelector=selector, MaxConcurrency=16, ResultPath=None
        )

    branch = {
        "Type": "Parallel",
        "ResultPath": None,
        "Branches": [single(task(work, "left")), single(task(work, "right"))],
    }
    inner = states(("work", task(work, "work")), ("branch", branch))
    outer = states(
        ("split2", task(split, "split2", COUNT="3")),
        ("inner", foreach(inner)),
        ("join2", task(work, "join2")),
    )
    first = {
        "Type": "Pass",
        "Parameters": {"run.$": "States.Format('sfn-{}', $$.Execution.Name)", "path": "0"},
    }
    machine = states(
        ("first", first),
        ("split1", task(split, "split1", COUNT="2")),
        ("outer", foreach(outer)),
        ("join1", task(work, "join1")),
    )
    execution = aws.execute(machine)
    assert execution["status"] == "SUCCEEDED", execution
    listing = aws.client("s3").list_objects_v2(Bucket=bucket, Prefix="done/")["Contents"]
    leaves = [f"0-{i}-{j}" for i in range(2) for j in range(3)]
    assert {o["Key"] for o in listing} == {
        "done/join1/0",
        *(f"done/join2/0-{i}" for i in range(2)),
        *(f"done/{step}/{leaf}" for step in ("work", "left", "right") for leaf in leaves),
    }
    assert json.loads(execution["output"])["path"] == "0"


@proves("stopped_executions_have_not_failed", race=True)
def test_stopping_an_execution_at_any_moment_leaves_no_job(aws: Aws) -> None:
    """However soon an execution is stopped, it is aborted, and no job of it goes on."""
    sfn, definition = aws.client("stepfunctions"), aws.definition("sleep", "300")
    machine = aws.state_machine(single(aws.job_state(definition)))
    for pause in range(5):
        arn = sfn.start_execution(stateMachineArn=machine, name=aws.name())["executionArn"]
        time.sleep(pause / 50)
        sfn.stop_execution(executionArn=arn)
        assert aws.ended_execution(arn)["status"] == "ABORTED"
    for status in ("RUNNABLE", "STARTING", "RUNNING"):
        jobs = aws.client("batch").list_jobs(jobQueue=aws.queue, jobStatus=status)["jobSummaryList"]
        assert definition not in {job["jobDefinition"] for job in jobs}


@proves("executions_may_be_stopped_at_once")
def test_an_execution_may_be_stopped_at_once(aws: Aws) -> None:
    """An execution whose definition takes long to read is stopped before it does a thing."""
    steps = [(f"Step{number}", {"Type": "Pass"}) for number in range(300)]
    sfn, machine = aws.client("stepfunctions"), aws.state_machine(states(*steps))
    arn = sfn.start_execution(stateMachineArn=machine, name=aws.name())["executionArn"]
    sfn.stop_execution(executionArn=arn)
    assert aws.ended_execution(arn)["status"] == "ABORTED"


@proves("retried_tasks_wait_anew")
def test_a_retried_job_may_succeed(aws: Aws) -> None:
    """A state whose job fails twice succeeds with the third, and tells each attempt its count."""
    code = "import os, sys; sys.exit(int(os.environ['ATTEMPT']) < 2)"
    state = aws.job_state(aws.definition("python", "-c", code))
    state["Parameters"]["ContainerOverrides"] = {
        "Environment": [{"Name": "ATTEMPT", "Value.$": "States.Format('{}', $$.State.RetryCount)"}]
    }
    state["Retry"] = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 2}]
    assert aws.execute(single(state))["status"] == "SUCCEEDED"


@proves("jsonata_is_evaluated")
@proves("sdk_calls_take_pascal_case")
def test_a_state_machine_counts_with_jsonata(aws: Aws) -> None:
    """A call of an AWS service is given what JSONata computes, and its answer is counted by it."""
    jobs = "$states.result.JobSummaryList"
    look = {
        "Type": "Task",
        "QueryLanguage": "JSONata",
        "Resource": "arn:aws:states:::aws-sdk:batch:listJobs",
        "Arguments": {"JobQueue": "{% $states.input.queue %}", "JobStatus": "RUNNABLE"},
        "Output": {"waiting": f"{{% $count({jobs}) %}}", "later": "{% $floor(7 / 2) %}"},
    }
    done = aws.execute(single(look), {"queue": aws.queue})
    assert done["status"] == "SUCCEEDED", done
    assert json.loads(done["output"]) == {"waiting": 0, "later": 3}

"""Multi-node jobs on the local cloud: processes that run at once, and end with their main node."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.runtime.cloud.proofs import proves
from tests.runtime.cloud.support import Aws, is_alive, until

NODE = (
    'echo "$AWS_BATCH_JOB_NODE_INDEX of $AWS_BATCH_JOB_NUM_NODES, main $AWS_BATCH_JOB_MAIN_NODE_INDEX at '
    '${AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS:-itself}, $WHO"; '
)
WHO = [{"targetNodes": "0:", "containerOverrides": {"environment": [{"name": "WHO", "value": "ada"}]}}]


def definition(aws: Aws, script: str, target: str = "0:", **more: Any) -> str:
    container = {
        "image": "local", "command": ["sh", "-c", NODE + script],
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}],
    }  # fmt: skip
    groups = [{"targetNodes": target, "container": container}]
    answer = aws.client("batch").register_job_definition(
        jobDefinitionName=aws.name("gang"), type="multinode",
        nodeProperties={"numNodes": 2, "mainNode": 0, "nodeRangeProperties": groups}, **more,
    )  # fmt: skip
    return str(answer["jobDefinitionArn"])


def lines(aws: Aws, definition: str) -> list[str]:
    """What all nodes of a definition's jobs have printed, sorted."""
    prefix = definition.rpartition("/")[2].partition(":")[0]
    logs, group = aws.client("logs"), "/aws/batch/job"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=prefix)["logStreams"]
    found = [
        logs.get_log_events(logGroupName=group, logStreamName=one["logStreamName"])["events"]
        for one in streams
    ]
    return sorted(event["message"] for events in found for event in events)


@proves("node_properties_are_told")
def test_a_definition_says_what_its_nodes_are(aws: Aws) -> None:
    """A job definition is described with its nodes as they were registered."""
    (found,) = aws.client("batch").describe_job_definitions(
        jobDefinitions=[definition(aws, "true")]
    )["jobDefinitions"]  # fmt: skip
    nodes = found["nodeProperties"]
    assert (found["type"], nodes["numNodes"], nodes["mainNode"]) == ("multinode", 2, 0)
    (group,) = nodes["nodeRangeProperties"]
    assert (group["targetNodes"], group["container"]["command"][0]) == ("0:", "sh")


@proves("submitted_node_overrides_count")
def test_nodes_run_as_the_submission_says(aws: Aws) -> None:
    """A submission says how many nodes there are; each knows its place, the others the main one's address."""
    made = definition(aws, "test $AWS_BATCH_JOB_NODE_INDEX != 0 || sleep 1")
    overrides = {"numNodes": 3, "nodePropertyOverrides": WHO}
    detail = aws.ended_job(aws.submit(made, queue=aws.ec2_queue, nodeOverrides=overrides))
    assert (detail["status"], detail["nodeProperties"]["numNodes"]) == ("SUCCEEDED", 3)
    assert "container" not in detail and detail["attempts"][0]["container"]["exitCode"] == 0
    first, *others = lines(aws, made)
    assert first == "0 of 3, main 0 at itself, ada"
    address = others[0].split()[6].rstrip(",")
    assert others == [f"{index} of 3, main 0 at {address}, ada" for index in (1, 2)]
    assert address.count(".") == 3


def test_the_main_node_decides(aws: Aws) -> None:
    """A job ends as its main node does, and others that run end with it; that one failed changes nothing."""
    two = 'echo "pid $$"; sleep 300'
    made = definition(
        aws, f"case $AWS_BATCH_JOB_NODE_INDEX in 0) sleep 2; exit 3;; 1) exit 1;; 2) {two};; esac"
    )
    job = aws.submit(made, queue=aws.ec2_queue, nodeOverrides={"numNodes": 3})
    (pid,) = until(lambda: [one[4:] for one in lines(aws, made) if one.startswith("pid")], bool)
    detail = aws.ended_job(job)
    assert detail["status"] == "FAILED" and detail["attempts"][0]["container"]["exitCode"] == 3
    assert not is_alive(int(pid))


def test_all_nodes_of_a_terminated_job_end(aws: Aws) -> None:
    """Terminating a job ends each of its nodes."""
    made = definition(aws, 'echo "pid $$"; sleep 300')
    job = aws.submit(made, queue=aws.ec2_queue)

    def pids() -> list[str]:
        return [one[4:] for one in lines(aws, made) if one.startswith("pid")]

    until(pids, lambda found: len(found) == 2)
    aws.client("batch").terminate_job(jobId=job, reason="enough")
    assert aws.ended_job(job, seconds=10)["statusReason"] == "enough"
    assert not any(is_alive(int(pid)) for pid in pids())


@proves("submitted_node_overrides_count")
def test_what_is_no_gang_is_refused(aws: Aws) -> None:
    """Fargate takes no multi-node job; nodes that the definition has not can't be overridden or added."""
    made, closed = definition(aws, "true"), definition(aws, "true", target="0:1")
    three = {"numNodes": 3}
    for word, given in {
        "aren't supported on FARGATE": {"definition": made},
        "Non matching targets - 0:": {
            "definition": closed, "queue": aws.ec2_queue, "nodeOverrides": {"nodePropertyOverrides": WHO},
        },
        "no node range .* is open": {"definition": closed, "queue": aws.ec2_queue, "nodeOverrides": three},
        "no multi-node": {"definition": aws.definition("true"), "nodeOverrides": three},
    }.items():  # fmt: skip
        with pytest.raises(ClientError, match=word):
            aws.submit(**given)


@proves("submit_job_takes_shares")
def test_a_state_machine_waits_for_all_nodes(aws: Aws) -> None:
    """A submitJob.sync task with node overrides takes the number of nodes from its input."""
    made = definition(
        aws, "test $AWS_BATCH_JOB_NODE_INDEX = 0 || exit 0; sleep 1; test $AWS_BATCH_JOB_NUM_NODES = 3"
    )
    state = {
        "Type": "Task", "Resource": "arn:aws:states:::batch:submitJob.sync", "End": True,
        "Parameters": {
            "JobName": "gang", "JobQueue": aws.ec2_queue, "JobDefinition": made,
            "NodeOverrides": {"NumNodes.$": "$.nodes"},
        },
    }  # fmt: skip
    execution = aws.execute({"StartAt": "gang", "States": {"gang": state}}, {"nodes": 3})
    assert execution["status"] == "SUCCEEDED", execution
    assert json.loads(execution["output"])["NodeProperties"]["NumNodes"] == 3

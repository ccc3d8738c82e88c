"""Every kind of principal, every action the platform uses, on what is its own, another's and production's.

The decisions are those of IAM on the synthesized policies: of identities, of the bucket, trust policies and
the boundary. `+` is allowed, `.` is not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from stepwell.cloud.iam.evaluator import Caller
from tests.iam.things import OWNERS, Thing, things
from tests.iam.world import World
from tests.synthesis import ACCOUNT

# Actions that go together in the table: the first names the service.
GROUPS = {
    "read tables": "glue:GetDatabase GetDatabases GetTable GetTables",
    "read a table": "glue:GetTable GetTables",
    "write tables": "glue:CreateTable DeleteTable UpdateTable",
    "change databases": "glue:CreateDatabase DeleteDatabase",
    "stop a job": "batch:CancelJob TerminateJob",
    "see jobs": "batch:DescribeComputeEnvironments DescribeJobDefinitions DescribeJobQueues ListJobs",
    "define jobs": "batch:DeregisterJobDefinition RegisterJobDefinition",
    "change the queue": "batch:DeleteJobQueue UpdateJobQueue",
    "deploy": "states:CreateStateMachine DeleteStateMachine TagResource UpdateStateMachine",
    "see a run": "states:GetExecutionHistory ListMapRuns",
    "see a flow": "states:DescribeStateMachine ListExecutions ListTagsForResource",
    "see all flows": "states:ListStateMachines ValidateStateMachineDefinition",
    "change parameters": "ssm:DeleteParameter PutParameter",
    "change secrets": "secretsmanager:DeleteSecret PutSecretValue",
    "read logs": "logs:FilterLogEvents GetLogEvents",
    "write logs": "logs:CreateLogStream PutLogEvents",
    "delete logs": "logs:DeleteLogGroup DeleteLogStream",
    "deliver logs": "logs:CreateLogDelivery DeleteLogDelivery DescribeLogGroups DescribeResourcePolicies "
    "GetLogDelivery ListLogDeliveries PutResourcePolicy UpdateLogDelivery",
    "schedule": "scheduler:CreateSchedule DeleteSchedule UpdateSchedule",
    "change rules": "events:DeleteRule PutRule PutTargets RemoveTargets",
    "read dead letters": "sqs:DeleteMessage ReceiveMessage",
    "hear of jobs": "events:DescribeRule PutRule PutTargets",
    "pull images": "ecr:BatchCheckLayerAvailability BatchGetImage GetDownloadUrlForLayer",
    "change roles": "iam:AttachRolePolicy CreateRole DeleteRolePermissionsBoundary PutRolePolicy "
    "UpdateAssumeRolePolicy",
    "change users": "iam:CreateAccessKey CreateUser",
}

# The columns: the roles of people, of tasks and of state machines of ada, dana and the project flights; the
# role that Batch starts containers with.
TABLE = """
                                                              | people| tasks | states| starts| batch
s3:GetObject                    ada's results                   | + + + | + . . | . . . | . . . | .
s3:GetObject                    dana's results                  | + + + | . + . | . . . | . . . | .
s3:GetObject                    production's results            | + + + | . . + | . . . | . . . | .
s3:GetObject                    a branch's results              | + + + | . . + | . . . | . . . | .
s3:GetObject                    ada's items                     | + + + | + . . | + . . | . . . | .
s3:GetObject                    dana's items                    | + + + | . + . | . + . | . . . | .
s3:GetObject                    production's items              | + + + | . . + | . . + | . . . | .
s3:GetObject                    a branch's items                | + + + | . . + | . . + | . . . | .
s3:GetObject                    files of facts                  | + + + | + + + | . . . | . . . | .
s3:GetObject                    files of flights                | + + + | + + + | . . . | . . . | .
s3:GetObject                    something else                  | . . . | . . . | . . . | . . . | .
s3:GetObject                    ada's deployments               | + . . | . . . | . . . | . . . | .
s3:GetObject                    dana's deployments              | . + . | . . . | . . . | . . . | .
s3:GetObject                    production's deployments        | . . + | . . . | . . . | . . . | .
s3:GetObject                    a branch's deployments          | . . + | . . . | . . . | . . . | .
s3:GetObject                    ada's results without TLS       | . . . | . . . | . . . | . . . | .
s3:GetObject                    another environment's           | . . . | . . . | . . . | . . . | .
s3:GetObjectVersion             ada's results                   | . . . | . . . | . . . | . . . | .
s3:PutObject                    ada's results                   | + . . | + . . | . . . | . . . | .
s3:PutObject                    ada's code                      | + . . | + . . | . . . | . . . | .
s3:PutObject                    dana's results                  | . + . | . + . | . . . | . . . | .
s3:PutObject                    dana's code                     | . + . | . + . | . . . | . . . | .
s3:PutObject                    production's results            | . . . | . . + | . . . | . . . | .
s3:PutObject                    production's code               | . . + | . . + | . . . | . . . | .
s3:PutObject                    production's packages           | . . + | . . + | . . . | . . . | .
s3:PutObject                    a branch's results              | . . + | . . + | . . . | . . . | .
s3:PutObject                    a branch's code                 | . . + | . . + | . . . | . . . | .
s3:PutObject                    production's artifacts          | . . . | . . + | . . . | . . . | .
s3:PutObject                    production's items              | . . . | . . + | . . . | . . . | .
s3:PutObject                    production's parameters         | . . + | . . + | . . . | . . . | .
s3:PutObject                    production's tags               | . . + | . . + | . . . | . . . | .
s3:PutObject                    ada's deployments               | + . . | . . . | . . . | . . . | .
s3:PutObject                    dana's deployments              | . + . | . . . | . . . | . . . | .
s3:PutObject                    production's deployments        | . . + | . . . | . . . | . . . | .
s3:PutObject                    a branch's deployments          | . . + | . . . | . . . | . . . | .
s3:PutObject                    ada's events                    | + . . | + . . | + . . | . . . | .
s3:PutObject                    production's events             | . . . | . . + | . . + | . . . | .
s3:PutObject                    a branch's events               | . . + | . . + | . . + | . . . | .
s3:PutObject                    ada's deaths                    | + . . | + . . | + . . | . . . | .
s3:PutObject                    production's deaths             | . . . | . . + | . . + | . . . | .
s3:PutObject                    a branch's deaths               | . . + | . . + | . . + | . . . | .
s3:PutObject                    ada's ends                      | + . . | + . . | + . . | . . . | .
s3:PutObject                    production's ends               | . . + | . . + | . . + | . . . | .
s3:PutObject                    a branch's ends                 | . . + | . . + | . . + | . . . | .
s3:PutObject                    files of facts                  | . + . | . + . | . . . | . . . | .
s3:PutObject                    files of flights                | + + + | + + + | . . . | . . . | .
s3:PutObject                    something else                  | . . . | . . . | . . . | . . . | .
s3:PutObject                    ada's results without TLS       | . . . | . . . | . . . | . . . | .
s3:PutObject                    another environment's           | . . . | . . . | . . . | . . . | .
s3:DeleteObject                 ada's results                   | + . . | + . . | . . . | . . . | .
s3:DeleteObject                 dana's results                  | . + . | . + . | . . . | . . . | .
s3:DeleteObject                 production's results            | . . . | . . + | . . . | . . . | .
s3:DeleteObject                 a branch's results              | . . + | . . + | . . . | . . . | .
s3:DeleteObject                 production's code               | . . . | . . + | . . . | . . . | .
s3:DeleteObject                 files of facts                  | . + . | . + . | . . . | . . . | .
s3:DeleteObject                 files of flights                | + + + | + + + | . . . | . . . | .
s3:DeleteObject                 something else                  | . . . | . . . | . . . | . . . | .
s3:DeleteObject                 ada's deployments               | . . . | . . . | . . . | . . . | .
s3:DeleteObject                 production's deployments        | . . . | . . . | . . . | . . . | .
s3:AbortMultipartUpload         ada's results                   | + . . | + . . | . . . | . . . | .
s3:AbortMultipartUpload         dana's results                  | . + . | . + . | . . . | . . . | .
s3:AbortMultipartUpload         production's results            | . . . | . . + | . . . | . . . | .
s3:AbortMultipartUpload         a branch's results              | . . + | . . + | . . . | . . . | .
s3:AbortMultipartUpload         files of facts                  | . + . | . + . | . . . | . . . | .
s3:AbortMultipartUpload         files of flights                | + + + | + + + | . . . | . . . | .
s3:DeleteObjectVersion          ada's results                   | . . . | . . . | . . . | . . . | .
s3:DeleteObjectVersion          production's results            | . . . | . . . | . . . | . . . | .
s3:ListBucket                   ada's keys                      | + + + | + . . | . . . | . . . | .
s3:ListBucket                   dana's keys                     | + + + | . + . | . . . | . . . | .
s3:ListBucket                   production's keys               | + + + | . . + | . . . | . . . | .
s3:ListBucket                   a branch's keys                 | + + + | . . + | . . . | . . . | .
s3:ListBucket                   tables' keys                    | + + + | + + + | . . . | . . . | .
s3:ListBucket                   ada's deployments' keys         | + . . | . . . | . . . | . . . | .
s3:ListBucket                   dana's deployments' keys        | . + . | . . . | . . . | . . . | .
s3:ListBucket                   production's deployments' keys  | . . + | . . . | . . . | . . . | .
s3:ListBucket                   a branch's deployments' keys    | . . + | . . . | . . . | . . . | .
s3:ListBucket                   all keys                        | . . . | . . . | . . . | . . . | .
s3:ListBucketVersions           the bucket                      | . . . | . . . | . . . | . . . | .
s3:GetBucketPolicy              the bucket                      | . . . | . . . | . . . | . . . | .
s3:PutBucketPolicy              the bucket                      | . . . | . . . | . . . | . . . | .
s3:PutLifecycleConfiguration    the bucket                      | . . . | . . . | . . . | . . . | .
s3:DeleteBucket                 the bucket                      | . . . | . . . | . . . | . . . | .

read tables                     the catalog                     | + + + | + + + | . . . | . . . | .
read tables                     database facts                  | + + + | + + + | . . . | . . . | .
read tables                     database flights                | + + + | + + + | . . . | . . . | .
read a table                    table of facts                  | + + + | + + + | . . . | . . . | .
read a table                    table of flights                | + + + | + + + | . . . | . . . | .
read a table                    another's table                 | . . . | . . . | . . . | . . . | .
write tables                    the catalog                     | + + + | + + + | . . . | . . . | .
write tables                    database facts                  | . + . | . + . | . . . | . . . | .
write tables                    table of facts                  | . + . | . + . | . . . | . . . | .
write tables                    database flights                | + + + | + + + | . . . | . . . | .
write tables                    table of flights                | + + + | + + + | . . . | . . . | .
write tables                    another's table                 | . . . | . . . | . . . | . . . | .
change databases                database facts                  | . . . | . . . | . . . | . . . | .
change databases                database flights                | . . . | . . . | . . . | . . . | .

batch:SubmitJob                 the queue                       | + + . | . . . | + + + | . . . | .
batch:SubmitJob                 another queue                   | . . . | . . . | . . . | . . . | .
batch:SubmitJob                 ada's job definition            | + . . | . . . | + . . | . . . | .
batch:SubmitJob                 ada's job definition:3          | + . . | . . . | + . . | . . . | .
batch:SubmitJob                 dana's job definition           | . + . | . . . | . + . | . . . | .
batch:SubmitJob                 dana's job definition:3         | . + . | . . . | . + . | . . . | .
batch:SubmitJob                 flights' job definition         | . . . | . . . | . . + | . . . | .
batch:SubmitJob                 flights' job definition:3       | . . . | . . . | . . + | . . . | .
batch:TagResource               a job as ada's                  | + . . | . . . | + . . | . . . | .
batch:TagResource               a job as dana's                 | . + . | . . . | . + . | . . . | .
batch:TagResource               a job as flights'               | . . . | . . . | . . + | . . . | .
batch:TagResource               dana's job as ada's             | . . . | . . . | . . . | . . . | .
batch:TagResource               a job of nobody                 | . . . | . . . | . . . | . . . | .
stop a job                      a job of ada                    | + . . | . . . | + . . | . . . | .
stop a job                      a job of dana                   | . + . | . . . | . + . | . . . | .
stop a job                      a job of flights                | . . . | . . . | . . + | . . . | .
stop a job                      a job of nobody                 | . . . | . . . | . . . | . . . | .
see jobs                        all                             | + + + | . . . | . . . | . . . | .
batch:DescribeJobs              all                             | + + + | . . . | + + + | . . . | .
define jobs                     flights' job definition:3       | . . . | . . . | . . . | . . . | .
change the queue                the queue                       | . . . | . . . | . . . | . . . | .

deploy                          ada's state machine             | + . . | . . . | . . . | . . . | .
deploy                          dana's state machine            | . + . | . . . | . . . | . . . | .
deploy                          production's state machine      | . . + | . . . | . . . | . . . | .
deploy                          a branch's state machine        | . . + | . . . | . . . | . . . | .
deploy                          another's state machine         | . . . | . . . | . . . | . . . | .
states:StartExecution           ada's state machine             | + . . | . . . | + . . | + . . | .
states:StartExecution           dana's state machine            | . + . | . . . | . + . | . + . | .
states:StartExecution           production's state machine      | . . + | . . . | . . + | . . + | .
states:StartExecution           a branch's state machine        | . . + | . . . | . . + | . . + | .
states:StartExecution           another's state machine         | . . . | . . . | . . . | . . . | .
states:StopExecution            ada's execution                 | + . . | . . . | + . . | . . . | .
states:StopExecution            dana's execution                | . + . | . . . | . + . | . . . | .
states:StopExecution            production's execution          | . . + | . . . | . . + | . . . | .
states:StopExecution            a branch's execution            | . . + | . . . | . . + | . . . | .
states:RedriveExecution         ada's execution                 | + . . | . . . | . . . | . . . | .
states:RedriveExecution         dana's execution                | . + . | . . . | . . . | . . . | .
states:RedriveExecution         production's execution          | . . + | . . . | . . . | . . . | .
states:RedriveExecution         a branch's execution            | . . + | . . . | . . . | . . . | .
states:DescribeExecution        ada's execution                 | + + + | . . . | + . . | . . . | .
states:DescribeExecution        dana's execution                | + + + | . . . | . + . | . . . | .
states:DescribeExecution        production's execution          | + + + | . . . | . . + | . . . | .
states:DescribeExecution        a branch's execution            | + + + | . . . | . . + | . . . | .
see a run                       ada's execution                 | + + + | . . . | . . . | . . . | .
see a run                       dana's execution                | + + + | . . . | . . . | . . . | .
see a run                       production's execution          | + + + | . . . | . . . | . . . | .
see a run                       a branch's execution            | + + + | . . . | . . . | . . . | .
see a flow                      ada's state machine             | + + + | . . . | . . . | . . . | .
see a flow                      dana's state machine            | + + + | . . . | . . . | . . . | .
see a flow                      production's state machine      | + + + | . . . | . . . | . . . | .
see a flow                      a branch's state machine        | + + + | . . . | . . . | . . . | .
see a flow                      another's state machine         | . . . | . . . | . . . | . . . | .
states:DescribeMapRun           ada's map run                   | + + + | . . . | . . . | . . . | .
states:DescribeMapRun           dana's map run                  | + + + | . . . | . . . | . . . | .
states:DescribeMapRun           production's map run            | + + + | . . . | . . . | . . . | .
states:DescribeMapRun           a branch's map run              | + + + | . . . | . . . | . . . | .
see all flows                   all                             | + + + | . . . | . . . | . . . | .

schedule                        ada's schedule                  | + . . | . . . | . . . | . . . | .
schedule                        dana's schedule                 | . + . | . . . | . . . | . . . | .
schedule                        production's schedule           | . . + | . . . | . . . | . . . | .
schedule                        a branch's schedule             | . . + | . . . | . . . | . . . | .
schedule                        another's schedule              | . . . | . . . | . . . | . . . | .
change rules                    ada's rule                      | + . . | . . . | . . . | . . . | .
change rules                    dana's rule                     | . + . | . . . | . . . | . . . | .
change rules                    production's rule               | . . + | . . . | . . . | . . . | .
change rules                    a branch's rule                 | . . + | . . . | . . . | . . . | .

scheduler:GetSchedule           ada's schedule                  | + + + | . . . | . . . | . . . | .
scheduler:GetSchedule           production's schedule           | + + + | . . . | . . . | . . . | .
events:DescribeRule             ada's rule                      | + + + | . . . | . . . | . . . | .
events:DescribeRule             production's rule               | + + + | . . . | . . . | . . . | .
scheduler:GetSchedule           another's schedule              | . . . | . . . | . . . | . . . | .
events:ListRuleNamesByTarget    all                             | + + + | . . . | . . . | . . . | .
events:PutEvents                an event of the environment     | + + + | + + + | . . . | . . . | .
events:PutEvents                another environment's event     | . . . | . . . | . . . | . . . | .
events:PutEvents                an event of AWS's name          | . . . | . . . | . . . | . . . | .
sqs:SendMessage                 dead letters                    | . . . | . . . | . . . | + + + | .
read dead letters               dead letters                    | . . . | . . . | . . . | . . . | .

iam:PassRole                    ada's execution role            | + . . | . . . | . . . | . . . | .
iam:PassRole                    ada's job role                  | . . . | . . . | . . . | . . . | .
iam:PassRole                    ada's execution role, to EC2    | . . . | . . . | . . . | . . . | .
iam:PassRole                    dana's execution role           | . + . | . . . | . . . | . . . | .
iam:PassRole                    dana's job role                 | . . . | . . . | . . . | . . . | .
iam:PassRole                    dana's execution role, to EC2   | . . . | . . . | . . . | . . . | .
iam:PassRole                    flights' execution role         | . . + | . . . | . . . | . . . | .
iam:PassRole                    flights' job role               | . . . | . . . | . . . | . . . | .
iam:PassRole                    flights' execution role, to EC2 | . . . | . . . | . . . | . . . | .
iam:PassRole                    ada's scheduler role            | + . . | . . . | . . . | . . . | .
iam:PassRole                    dana's scheduler role           | . + . | . . . | . . . | . . . | .
iam:PassRole                    flights' scheduler role         | . . + | . . . | . . . | . . . | .
iam:PassRole                    ada's scheduler role, to EC2    | . . . | . . . | . . . | . . . | .
iam:PassRole                    ada's scheduler role, to events | + . . | . . . | . . . | . . . | .
iam:PassRole                    a role                          | . . . | . . . | . . . | . . . | .
change roles                    a role                          | . . . | . . . | . . . | . . . | .
change users                    a user                          | . . . | . . . | . . . | . . . | .

ssm:GetParameter                the contract                    | + + + | + + + | . . . | . . . | .
ssm:GetParameter                ada's contract                  | + + + | + + + | . . . | . . . | .
ssm:GetParameter                another parameter               | . . . | . . . | . . . | . . . | .
change parameters               the contract                    | . . . | . . . | . . . | . . . | .
change parameters               ada's contract                  | . . . | . . . | . . . | . . . | .
secretsmanager:GetSecretValue   ada's secret                    | + . . | + . . | . . . | . . . | .
secretsmanager:GetSecretValue   dana's secret                   | . + . | . + . | . . . | . . . | .
secretsmanager:GetSecretValue   flights' secret                 | . . + | . . + | . . . | . . . | .
secretsmanager:GetSecretValue   shared secret                   | + + + | + + + | . . . | . . . | .
change secrets                  ada's secret                    | . . . | . . . | . . . | . . . | .
change secrets                  shared secret                   | . . . | . . . | . . . | . . . | .
read logs                       logs of jobs                    | + + + | . . . | . . . | . . . | .
read logs                       logs of executions              | + + + | . . . | . . . | . . . | .
read logs                       other logs                      | . . . | . . . | . . . | . . . | .
write logs                      logs of jobs                    | . . . | . . . | . . . | . . . | +
write logs                      logs of executions              | . . . | . . . | . . . | . . . | .
write logs                      other logs                      | . . . | . . . | . . . | . . . | .
delete logs                     logs of jobs                    | . . . | . . . | . . . | . . . | .
delete logs                     logs of executions              | . . . | . . . | . . . | . . . | .
deliver logs                    all                             | . . . | . . . | + + + | . . . | .
hear of jobs                    the rule of jobs                | . . . | . . . | + + + | . . . | .
hear of jobs                    another rule                    | . . . | . . . | . . . | . . . | .
ecr:GetAuthorizationToken       all                             | . . . | . . . | . . . | . . . | +
pull images                     images                          | . . . | . . . | . . . | . . . | +
ecr:PutImage                    images                          | . . . | . . . | . . . | . . . | .
"""


def actions(name: str) -> list[str]:
    """The actions of a group, or the one action."""
    first, *others = GROUPS.get(name, name).split()
    return [first, *(f"{first.partition(':')[0]}:{other}" for other in others)]


def rows(table: str) -> Iterator[tuple[str, str, str]]:
    """Action or group, label of the thing, and the cells, of each row of a table."""
    for line in table.splitlines():
        what, _, cells = line.partition("|")
        if what.strip():
            action, label = what.split("  ", 1)
            yield action, label.strip(), cells.replace("|", "").replace(" ", "")


def principals(world: World) -> list[Caller]:
    """The roles of the columns."""
    owners = OWNERS.values()
    arns = [
        *(world.namespace(owner).role for owner in owners),
        *(world.container(owner)["jobRoleArn"] for owner in owners),
        *(world.namespace(owner).execution_role for owner in owners),
        *(world.namespace(owner).scheduler_role for owner in owners),
        world.container("user/ada")["executionRoleArn"],
    ]
    return [world.roles[arn] for arn in arns]


def decisions(world: World, callers: list[Caller], action: str, thing: Thing) -> str:
    """The cells of a row, as IAM decides them; `?` where it differs between the actions of a group."""

    def cell(caller: Caller) -> str:
        verdicts = {world.decide(caller, one, thing.arn, thing.context).allowed for one in actions(action)}
        return "?" if len(verdicts) > 1 else "+" if verdicts == {True} else "."

    return "".join(map(cell, callers))


@pytest.fixture(scope="module")
def labels(world: World) -> dict[str, Thing]:
    return things(world)


@pytest.mark.parametrize(
    ("action", "label", "cells"), [pytest.param(*row, id=f"{row[0]}: {row[1]}") for row in rows(TABLE)]
)
def test_each_principal_may_do_this(
    world: World, labels: dict[str, Thing], action: str, label: str, cells: str
) -> None:
    """A right is held by the principals the table says, and by no others."""
    assert decisions(world, principals(world), action, labels[label]) == cells


def test_every_role_has_a_column(world: World) -> None:
    """No role of the environment is left out of the table."""
    assert {caller.arn for caller in principals(world)} == {caller.arn for caller in world.roles.values()}


def test_every_right_has_a_row(world: World) -> None:
    """No action that a policy grants is left out of the table."""
    granted = {
        action
        for caller in world.roles.values()
        for policy in caller.policies
        for statement in json.loads(policy)["Statement"]
        for action in statement["Action"]
    }
    judged = {one for action, *_ in rows(TABLE) for one in actions(action)}
    assert granted - judged == {"sts:AssumeRole"}  # which the table of trust judges


# A role that someone gives everything by hand: what the boundary leaves of it.
WIDENED = """
                                                              | ada's task
s3:GetObject                    production's results          | +
s3:PutObject                    dana's results                | +
s3:PutObject                    another environment's         | .
s3:PutObject                    ada's results without TLS     | .
s3:PutBucketPolicy              the bucket                    | .
s3:DeleteBucket                 the bucket                    | .
s3:DeleteObjectVersion          ada's results                 | .
write tables                    table of facts                | +
write tables                    another's table               | .
change databases                database facts                | .
batch:SubmitJob                 the queue                     | +
batch:SubmitJob                 another queue                 | .
define jobs                     flights' job definition:3     | .
change the queue                the queue                     | .
deploy                          production's state machine    | +
deploy                          another's state machine       | .
iam:PassRole                    flights' execution role       | +
iam:PassRole                    flights' job role             | .
iam:PassRole                    flights' execution role, to EC2 | .
iam:PassRole                    a role                        | .
change roles                    a role                        | .
change users                    a user                        | .
ssm:GetParameter                the contract                  | +
ssm:GetParameter                another parameter             | .
change parameters               the contract                  | .
secretsmanager:GetSecretValue   dana's secret                 | +
change secrets                  ada's secret                  | .
delete logs                     logs of jobs                  | .
write logs                      other logs                    | .
hear of jobs                    another rule                  | .
schedule                        production's schedule         | +
schedule                        another's schedule            | .
events:PutEvents                another environment's event   | .
iam:PassRole                    ada's scheduler role, to EC2  | .
ecr:PutImage                    images                        | .
"""


@pytest.mark.parametrize(
    ("action", "label", "cells"), [pytest.param(*row, id=f"{row[0]}: {row[1]}") for row in rows(WIDENED)]
)
def test_the_boundary_limits_what_is_widened_by_hand(
    world: World, labels: dict[str, Thing], action: str, label: str, cells: str
) -> None:
    """With a policy that allows everything, a role still reaches its environment only, and changes no IAM."""
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    task = world.roles[world.container("user/ada")["jobRoleArn"]]
    assert decisions(world, [replace(task, policies=(document,))], action, labels[label]) == cells


# Who may assume which role. The columns are the same roles.
TRUST = """
                                                              | people| tasks | states| starts| batch
a person of the account                                       | + + . | . . . | . . . | . . . | .
a person of the account without the right                     | . . . | . . . | . . . | . . . | .
a person of another account                                   | . . . | . . . | . . . | . . . | .
ada                                                           | . . + | . . . | . . . | . . . | .
dana                                                          | . . + | . . . | . . . | . . . | .
flights                                                       | . . . | . . . | . . . | . . . | .
a task of ada                                                 | . . . | . . . | . . . | . . . | .
a task of flights                                             | . . . | . . . | . . . | . . . | .
a state machine of ada                                        | . . . | . . . | . . . | . . . | .
ecs-tasks                                                     | . . . | + + + | . . . | . . . | +
states                                                        | . . . | . . . | + + + | . . . | .
batch                                                         | . . . | . . . | . . . | . . . | .
ec2                                                           | . . . | . . . | . . . | . . . | .
ecs-tasks for another account                                 | . . . | . . . | . . . | . . . | .
states for another account                                    | . . . | . . . | . . . | . . . | .
scheduler                                                     | . . . | . . . | . . . | + + + | .
events                                                        | . . . | . . . | . . . | + + + | .
scheduler for another account                                 | . . . | . . . | . . . | . . . | .
"""


SERVICES = ("ecs-tasks", "states", "scheduler", "events", "batch", "ec2")


def assumers(world: World) -> dict[str, Caller]:
    """Who asks for roles in the table of trust, with what it is that tells services from each other."""
    right = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}],
        }
    )

    def person(account: str, *policies: str) -> Caller:
        arn = f"arn:aws:iam::{account}:user/someone"
        return Caller(arn, policies, context={"aws:PrincipalArn": arn})

    def service(name: str, account: str = ACCOUNT) -> Caller:
        return Caller(f"{name}.amazonaws.com", context={"aws:SourceAccount": account})

    columns = principals(world)
    return {
        "a person of the account": person(ACCOUNT, right),
        "a person of the account without the right": person(ACCOUNT),
        "a person of another account": person("999999999999", right),
        **dict(zip(("ada", "dana", "flights"), columns, strict=False)),
        "a task of ada": columns[3],
        "a task of flights": columns[5],
        "a state machine of ada": columns[6],
        **{name: service(name) for name in SERVICES},
        **{f"{name} for another account": service(name, "999999999999") for name in SERVICES},
    }


@pytest.mark.parametrize(("who", "label", "cells"), [pytest.param(*row, id=row[0]) for row in rows(TRUST)])
def test_each_role_trusts_these(world: World, who: str, label: str, cells: str) -> None:
    """A role is assumed by those it is for, with a right of theirs where they are people."""
    caller = assumers(world)[who]
    roles = [caller.context["aws:PrincipalArn"] for caller in principals(world)]
    found = ["+" if world.decide(caller, "sts:AssumeRole", str(role)).allowed else "." for role in roles]
    assert "".join(found) == cells

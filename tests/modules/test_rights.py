"""Who may do what: the statements of every role's policy, with ARNs as AWS will see them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.synthesis import ACCOUNT, Synthesized, settings, synthesized

BUCKET = f"arn:aws:s3:::stepwell-growth-dev-{ACCOUNT}/"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/stepwell-growth-dev"
STATES = f"arn:aws:states:us-east-1:{ACCOUNT}"

# What AWS can't limit to a resource (Service Authorization Reference); all else must name one.
UNLIMITED = {
    "events:ListRuleNamesByTarget",
    "batch:DescribeComputeEnvironments",
    "batch:DescribeJobDefinitions",
    "batch:DescribeJobQueues",
    "batch:DescribeJobs",
    "batch:ListJobs",
    "ecr:GetAuthorizationToken",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "states:ListStateMachines",
    "states:ValidateStateMachineDefinition",
}


def roles(made: Synthesized) -> list[str]:
    """Paths of all roles."""
    return [path.removesuffix("/role") for path in made.all("aws_iam_role")]


def on(made: Synthesized, role: str, action: str) -> list[str]:
    """The resources on which a role may do `action`."""
    return [
        resource
        for statement in made.statements(role)
        if action in statement["Action"]
        for resource in statement["Resource"]
    ]


def keys(made: Synthesized, role: str, action: str) -> list[str]:
    """The patterns of the datastore's keys on which a role may do `action`."""
    return [resource.removeprefix(BUCKET) for resource in on(made, role, action)]


def trusted(made: Synthesized, role: str) -> dict[str, Any]:
    """The only statement of a role's trust policy."""
    (statement,) = made.policy(made.one("aws_iam_role", f"{role}/role")["assume_role_policy"])
    return statement


@pytest.fixture(scope="module")
def everything(demo: Synthesized) -> list[dict[str, Any]]:
    """All statements of all roles, and of the boundary."""
    boundary = demo.policy(demo.one("aws_iam_policy")["policy"])
    return [*boundary, *(statement for role in roles(demo) for statement in demo.statements(role))]


def test_no_right_is_a_wildcard_of_actions(everything: list[dict[str, Any]]) -> None:
    """Every statement allows, and names each action in full."""
    assert {statement["Effect"] for statement in everything} == {"Allow"}
    assert [action for statement in everything for action in statement["Action"] if "*" in action] == []


def test_only_what_aws_cannot_limit_is_on_everything(everything: list[dict[str, Any]]) -> None:
    """A statement on resource `*` has only actions that take no other."""
    wide = {action for item in everything if item["Resource"] == ["*"] for action in item["Action"]}
    assert wide == UNLIMITED
    assert [item for item in everything if "*" in item["Resource"] and item["Resource"] != ["*"]] == []


def test_every_role_has_the_boundary(demo: Synthesized) -> None:
    """No role is without the environment's permissions boundary."""
    boundaries = {demo.resolved(role["permissions_boundary"]) for role in demo.all("aws_iam_role").values()}
    assert boundaries == {f"arn:aws:iam::{ACCOUNT}:policy/stepwell-growth-dev-boundary"}


def test_the_boundary_allows_each_action_that_is_granted(demo: Synthesized) -> None:
    """A right that the boundary lacks would be granted in vain; one that nobody has would be a gap."""
    boundary = demo.policy(demo.one("aws_iam_policy")["policy"])
    granted = {action for role in roles(demo) for item in demo.statements(role) for action in item["Action"]}
    assert {action for item in boundary for action in item["Action"]} == granted


def test_no_role_changes_iam(everything: list[dict[str, Any]]) -> None:
    """Of IAM's actions only PassRole is allowed: of execution roles to Step Functions, of scheduler roles to
    what starts by itself."""
    of_iam = [item for item in everything if any(action.startswith("iam:") for action in item["Action"])]
    assert len(of_iam) == 8
    to = {"-sfn": "states.amazonaws.com", "-sch": ["scheduler.amazonaws.com", "events.amazonaws.com"]}
    for statement in of_iam:
        assert statement["Action"] == ["iam:PassRole"]
        (kind,) = {resource[-4:] for resource in statement["Resource"]}
        assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": to[kind]}}


def test_nobody_registers_job_definitions(everything: list[dict[str, Any]]) -> None:
    """Job definitions, and with them the roles of jobs, come from Terraform only."""
    actions = {action for statement in everything for action in statement["Action"]}
    assert "batch:RegisterJobDefinition" not in actions


def test_policies_fit_into_iams_quotas() -> None:
    """With the longest names and 10 projects, policies are under 10,240 and 6,144 characters."""
    projects = [f"project_{index}_{'a' * 12}" for index in range(10)]
    made = synthesized(settings(projects=projects, users=[{"name": "a" * 30, "role": "data-engineer"}]))
    for policy in made.all("aws_iam_role_policy").values():
        assert len(made.resolved(policy["policy"]).replace(" ", "")) <= 10_240
    assert len(made.resolved(made.one("aws_iam_policy")["policy"]).replace(" ", "")) <= 6_144


# What a state machine says of runs that events start, and of tasks and runs that fail.
SAID = {
    owner: [f"ns/{owner}/*/runs/*/{name}.json" for name in ("died", "ended", "event")]
    for owner in ("user/ada", "user/dana", "project/flights")
}
WRITES = {
    "user-ada/namespace/role": ["warehouse/flights/*", "deployments/user/ada/*", "ns/user/ada/*"],
    "user-ada/namespace/job-role": ["warehouse/flights/*", "ns/user/ada/*"],
    "user-ada/namespace/execution-role": SAID["user/ada"],
    "user-dana/namespace/role": [
        "warehouse/facts/*",
        "warehouse/flights/*",
        "deployments/user/dana/*",
        "ns/user/dana/*",
    ],
    "user-dana/namespace/job-role": ["warehouse/facts/*", "warehouse/flights/*", "ns/user/dana/*"],
    "user-dana/namespace/execution-role": SAID["user/dana"],
    "project-flights/namespace/role": [
        "warehouse/flights/*",
        "deployments/project/flights/*",
        *(
            f"ns/project/flights/{production}/{key}"
            for production in ("prod", "prod.*")
            for key in (
                "code/*",
                "environments/*",
                "flows/*/runs/*/ended.json",
                "flows/*/runs/*/origin.json",
                "flows/*/runs/*/parameters.json",
                "flows/*/runs/*/tags/*",
            )
        ),
        "ns/project/flights/branch/*",
    ],
    "project-flights/namespace/job-role": ["warehouse/flights/*", "ns/project/flights/*"],
    "project-flights/namespace/execution-role": SAID["project/flights"],
    **{f"{name}/namespace/scheduler-role": [] for name in ("user-ada", "user-dana", "project-flights")},
    "compute/starter": [],
}


def test_each_role_writes_these_keys(demo: Synthesized) -> None:
    """Nobody but its owner writes a namespace; production is written by its project's tasks."""
    assert {role: keys(demo, role, "s3:PutObject") for role in roles(demo)} == WRITES


def test_a_deployer_deletes_nothing_in_production(demo: Synthesized) -> None:
    """The project's role deletes objects in branches and of tables, not below prod."""
    deletes = keys(demo, "project-flights/namespace/role", "s3:DeleteObject")
    assert deletes == ["warehouse/flights/*", "ns/project/flights/branch/*"]


READS = {
    "role": ["warehouse/*", "deployments/{}/*", "ns/*"],
    "job-role": ["warehouse/*", "ns/{}/*"],
    "execution-role": ["ns/{}/*/splits/*"],
    "scheduler-role": [],
}


@pytest.mark.parametrize("namespace", ["user/ada", "user/dana", "project/flights"])
@pytest.mark.parametrize("role", READS)
def test_each_role_reads_these_keys(demo: Synthesized, namespace: str, role: str) -> None:
    """People read all of the team, tasks their own namespace, state machines the items of a foreach."""
    path = f"{namespace.replace('/', '-')}/namespace/{role}"
    read = [pattern.format(namespace) for pattern in READS[role]]
    assert keys(demo, path, "s3:GetObject") == read
    listed = [
        prefix
        for statement in demo.statements(path)
        if "s3:ListBucket" in statement["Action"]
        for prefix in statement["Condition"]["StringLike"]["s3:prefix"]
    ]
    assert listed == ([] if role in ("execution-role", "scheduler-role") else read)


def test_facts_are_written_by_data_engineers_only(demo: Synthesized) -> None:
    """Tables of facts are changed by the data engineer's roles, project tables by all members'."""
    glue = f"arn:aws:glue:us-east-1:{ACCOUNT}:database/stepwell_growth_dev_"
    writers = {
        role: [item.removeprefix(glue) for item in on(demo, role, "glue:UpdateTable") if ":database/" in item]
        for role in roles(demo)
    }
    assert {role: databases for role, databases in writers.items() if databases} == {
        "user-ada/namespace/role": ["flights"],
        "user-ada/namespace/job-role": ["flights"],
        "user-dana/namespace/role": ["facts", "flights"],
        "user-dana/namespace/job-role": ["facts", "flights"],
        "project-flights/namespace/role": ["flights"],
        "project-flights/namespace/job-role": ["flights"],
    }


@pytest.mark.parametrize("namespace", ["user-ada", "project-flights"])
def test_a_task_only_handles_data(demo: Synthesized, namespace: str) -> None:
    """A job role has rights on S3, Glue, secrets, the contract and to publish events: none on IAM, Batch or
    Step Functions."""
    statements = demo.statements(f"{namespace}/namespace/job-role")
    services = {action.partition(":")[0] for item in statements for action in item["Action"]}
    assert services == {"s3", "glue", "secretsmanager", "ssm", "events"}


def test_state_machines_belong_to_a_namespace_by_name(demo: Synthesized) -> None:
    """A role manages the state machines, and stops the executions, whose names begin with its own."""
    for namespace in ("user-ada", "user-dana", "project-flights"):
        own = [f"{STATES}:{kind}:stepwell-growth-dev-{namespace}-*" for kind in ("execution", "stateMachine")]
        for action in ("CreateStateMachine", "UpdateStateMachine", "StartExecution", "StopExecution"):
            assert on(demo, f"{namespace}/namespace/role", f"states:{action}") == own
        passed = on(demo, f"{namespace}/namespace/role", "iam:PassRole")
        assert passed == [f"{ROLE}-{namespace}-sfn", f"{ROLE}-{namespace}-sch"]


def test_people_see_all_state_machines_of_the_environment(demo: Synthesized) -> None:
    """Describing is not limited to what is one's own."""
    kinds = ("execution", "mapRun", "stateMachine")
    seen = on(demo, "user-ada/namespace/role", "states:DescribeExecution")
    assert seen == [f"{STATES}:{kind}:stepwell-growth-dev-*" for kind in kinds]


def test_a_user_submits_own_jobs_only(demo: Synthesized) -> None:
    """A user submits with her own job definition, tags jobs as hers, and stops those that are."""
    role = "user-ada/namespace/role"
    batch = f"arn:aws:batch:us-east-1:{ACCOUNT}"
    assert sorted(on(demo, role, "batch:SubmitJob")) == [
        f"{batch}:job-definition/stepwell-growth-dev-user-ada",
        f"{batch}:job-definition/stepwell-growth-dev-user-ada:*",
        f"{batch}:job-queue/stepwell-growth-dev",
    ]
    conditions = {
        action: statement["Condition"]
        for statement in demo.statements(role)
        for action in statement["Action"]
        if statement["Resource"] == [f"{batch}:job/*"]
    }
    mine = {"StringEquals": {"aws:ResourceTag/stepwell:namespace": "user/ada"}}
    assert conditions == {
        "batch:CancelJob": mine,
        "batch:TerminateJob": mine,
        "batch:TagResource": {
            "StringEquals": {"aws:RequestTag/stepwell:namespace": "user/ada"},
            "Null": {"aws:ResourceTag/stepwell:namespace": "true"},
        },
    }


def test_a_deployer_does_not_submit_the_projects_jobs(demo: Synthesized) -> None:
    """What runs with a project's rights is a state machine that was deployed."""
    assert on(demo, "project-flights/namespace/role", "batch:SubmitJob") == []


def test_a_state_machine_starts_its_own_children(demo: Synthesized) -> None:
    """The execution role starts, describes and stops executions of its namespace, and watches jobs."""
    role = "user-ada/namespace/execution-role"
    assert on(demo, role, "states:StartExecution") == [
        f"{STATES}:stateMachine:stepwell-growth-dev-user-ada-*"
    ]
    executions = [f"{STATES}:execution:stepwell-growth-dev-user-ada-*"]
    assert on(demo, role, "states:DescribeExecution") == executions
    assert on(demo, role, "states:StopExecution") == executions
    rule = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/StepFunctionsGetEventsForBatchJobsRule"
    assert on(demo, role, "events:PutRule") == [rule]


def test_services_are_trusted_for_this_account_only(demo: Synthesized) -> None:
    """Tasks and state machines assume their roles only on behalf of the account (confused deputy)."""
    service = {"job-role": "ecs-tasks", "execution-role": "states"}
    for role, name in service.items():
        assert trusted(demo, f"user-ada/namespace/{role}") == {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": f"{name}.amazonaws.com"},
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        }


def test_by_default_the_account_says_who_is_who(demo: Synthesized) -> None:
    """A user without principals is assumed by whom the account's IAM policies let."""
    statement = trusted(demo, "user-ada/namespace/role")
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert "Condition" not in statement


def test_principals_limit_who_a_user_is() -> None:
    """Patterns of principals become a condition, and their accounts the trusted ones."""
    principals = ["arn:aws:iam::111122223333:role/Ada*", "arn:aws:iam::444455556666:user/ada"]
    ada = {"name": "ada", "role": "data-scientist", "principals": principals}
    statement = trusted(synthesized(settings(users=[ada])), "user-ada/namespace/role")
    assert statement["Principal"] == {
        "AWS": ["arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root"]
    }
    assert statement["Condition"] == {"ArnLike": {"aws:PrincipalArn": principals}}


@pytest.mark.parametrize(
    ("project", "deployers"),
    [("flights", ["ada", "dana"]), ({"name": "flights", "deployers": ["dana"]}, ["dana"])],
)
def test_deployers_assume_the_projects_role(project: Any, deployers: list[str]) -> None:
    """A project's role trusts its deployers, all users by default, and only they may assume it."""
    made = synthesized(settings(projects=[project]))
    statement = trusted(made, "project-flights/namespace/role")
    assert statement["Condition"] == {
        "ArnEquals": {"aws:PrincipalArn": [f"{ROLE}-user-{name}" for name in deployers]}
    }
    for name in ("ada", "dana"):
        expected = [f"{ROLE}-project-flights"] if name in deployers else []
        assert on(made, f"user-{name}/namespace/role", "sts:AssumeRole") == expected


@pytest.mark.parametrize("owner", ["user-ada", "project-flights"])
@pytest.mark.parametrize("role", ["role", "job-role"])
def test_secrets_are_ones_own_or_shared(demo: Synthesized, owner: str, role: str) -> None:
    """A namespace's people and tasks read its secrets and the team's shared ones, and no others."""
    (statement,) = [
        item
        for item in demo.statements(f"{owner}/namespace/{role}")
        if item["Action"] == ["secretsmanager:GetSecretValue"]
    ]
    secrets = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:stepwell/growth/dev"
    assert statement["Resource"] == sorted([f"{secrets}/{owner.replace('-', '/')}/*", f"{secrets}/shared/*"])

"""Who may do what: the statements of every role's policy, with ARNs as AWS will see them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from stacks.policies import BY_CONDITION, UNLIMITED
from tests.synthesis import ACCOUNT, KEY, Synthesized, foundation, settings, synthesized

BUCKET = f"arn:aws:s3:::stepwell-growth-dev-{ACCOUNT}/"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/stepwell-growth-dev"
STATES = f"arn:aws:states:us-east-1:{ACCOUNT}"


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
def boundary(base: Synthesized) -> list[dict[str, Any]]:
    """The statements of the permissions boundary."""
    return base.policy(base.one("aws_iam_policy")["policy"])


@pytest.fixture(scope="module")
def everything(full: Synthesized, boundary: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All statements of all roles, and of the boundary."""
    return [*boundary, *(statement for role in roles(full) for statement in full.statements(role))]


def test_no_right_is_a_wildcard_of_actions(everything: list[dict[str, Any]]) -> None:
    """Every statement allows, and names each action in full."""
    assert {statement["Effect"] for statement in everything} == {"Allow"}
    assert [action for statement in everything for action in statement["Action"] if "*" in action] == []


def test_only_what_aws_cannot_limit_is_on_everything(everything: list[dict[str, Any]]) -> None:
    """A statement on resource `*` has only actions that take no other."""
    wide = {action for item in everything if item["Resource"] == ["*"] for action in item["Action"]}
    assert wide == UNLIMITED | BY_CONDITION.keys()
    assert [item for item in everything if "*" in item["Resource"] and item["Resource"] != ["*"]] == []


def test_every_role_has_the_boundary(full: Synthesized) -> None:
    """No role is without the region's permissions boundary."""
    boundaries = {full.resolved(role["permissions_boundary"]) for role in full.all("aws_iam_role").values()}
    assert boundaries == {f"arn:aws:iam::{ACCOUNT}:policy/stepwell-us-east-1-boundary"}


def test_every_role_says_whose_environment_it_is(full: Synthesized) -> None:
    """The tags that the boundary reads are on every role, or in the provider's default."""
    (provider,) = full.document["provider"]["aws"]
    assert provider["default_tags"][0]["tags"]["stepwell:environment"] == "growth-dev"
    tags = [role["tags"] for role in full.all("aws_iam_role").values()]
    assert {one["stepwell:catalog"] for one in tags} == {"growth_dev"}


def test_the_boundary_ends_at_the_roles_own_environment(boundary: list[dict[str, Any]]) -> None:
    """What the boundary allows is on what is named after the role's own tag, or named in a few exceptions."""
    own = re.compile(r"\$\{aws:PrincipalTag/stepwell:(environment|catalog)\}")
    shared = {resource for item in boundary for resource in item["Resource"] if not own.search(resource)}
    events = "StepFunctionsGetEventsForBatchJobsRule"
    assert shared == {
        "*",
        KEY,
        f"arn:aws:batch:us-east-1:{ACCOUNT}:job/*",
        "arn:aws:ecr:*:*:repository/*",
        f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default",
        f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{events}",
        f"arn:aws:glue:us-east-1:{ACCOUNT}:catalog",
        f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws-glue/iceberg-*",
    }


def test_the_boundary_allows_each_action_that_is_granted(
    full: Synthesized, boundary: list[dict[str, Any]]
) -> None:
    """A right that the boundary lacks would be granted in vain; one that nobody has would be a gap."""
    granted = {action for role in roles(full) for item in full.statements(role) for action in item["Action"]}
    assert {action for item in boundary for action in item["Action"]} == granted


def test_no_role_changes_iam(everything: list[dict[str, Any]]) -> None:
    """Of IAM's actions only PassRole is allowed: to Step Functions, and to what starts them."""
    of_iam = [item for item in everything if any(action.startswith("iam:") for action in item["Action"])]
    assert len(of_iam) == 2 * 5
    for statement in of_iam:
        assert statement["Action"] == ["iam:PassRole"]
        service = statement["Condition"]["StringEquals"]["iam:PassedToService"]
        suffix = "-sfn" if service == "states.amazonaws.com" else "-sch"
        assert suffix == "-sfn" or service == ["scheduler.amazonaws.com", "events.amazonaws.com"]
        assert all(resource.endswith(suffix) for resource in statement["Resource"])


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
    base = foundation(settings())
    assert len(base.resolved(base.one("aws_iam_policy")["policy"]).replace(" ", "")) <= 6_144


def said(*folders: str) -> list[str]:
    """What a state machine says of runs that events start, and of tasks and runs that fail."""
    return [f"ns/{folder}/*/runs/*/{name}.json" for folder in folders for name in ("died", "ended", "event")]


PRODUCTION = ("project/flights/prod", "project/flights/prod.*")
WRITES: dict[str, list[str]] = {
    "watch/role": [],
    "watch/starter": [],
    "user-ada/namespace/role": [
        "deployments/user/ada/*",
        "tmp/user/ada/athena/*",
        "ns/user/ada/*",
        "warehouse/project/*/*",
    ],
    "user-ada/namespace/job-role": [
        "tmp/user/ada/athena/*",
        "ns/user/ada/*",
        "warehouse/project/*/*",
    ],
    "user-ada/namespace/execution-role": said("user/ada"),
    "user-ada/namespace/starting/role": [],
    "user-dana/namespace/role": [
        "deployments/user/dana/*",
        "tmp/user/dana/athena/*",
        "ns/user/dana/*",
        "warehouse/project/*/*",
        "warehouse/facts/*",
    ],
    "user-dana/namespace/job-role": [
        "tmp/user/dana/athena/*",
        "ns/user/dana/*",
        "warehouse/project/*/*",
        "warehouse/facts/*",
    ],
    "user-dana/namespace/execution-role": said("user/dana"),
    "user-dana/namespace/starting/role": [],
    "project-flights/namespace/role": [
        "tmp/project/flights/athena/*",
        "warehouse/project/flights/*",
        *(f"deployments/{production}/*" for production in PRODUCTION),
        *(
            f"ns/{production}/{what}"
            for production in PRODUCTION
            for what in (
                "code/*",
                "environments/*",
                "flows/*/runs/*/ended.json",
                "flows/*/runs/*/origin.json",
                "flows/*/runs/*/parameters.json",
                "flows/*/runs/*/tags/*",
            )
        ),
    ],
    "project-flights/namespace/job-role": [
        "tmp/project/flights/athena/*",
        "ns/project/flights/prod/*",
        "ns/project/flights/prod.*/*",
        "warehouse/project/flights/*",
    ],
    **{
        f"project-flights/branches/{role}": [
            *deployments,
            "tmp/project/flights/branch/athena/*",
            "ns/project/flights/branch/*",
            "warehouse/project/flights/*",
        ]
        for role, deployments in (("role", ["deployments/project/flights/branch/*"]), ("job-role", []))
    },
    "project-flights/branches/execution-role": said("project/flights/branch"),
    "project-flights/branches/starting/role": [],
    "project-flights/namespace/execution-role": said(*PRODUCTION),
    "project-flights/namespace/starting/role": [],
    "compute/starter": [],
}


def test_each_role_writes_these_keys(demo: Synthesized) -> None:
    """Nobody but its owner writes a namespace; production is written by its project's tasks."""
    found = {role: set(keys(demo, role, "s3:PutObject")) for role in roles(demo)}
    assert found == {role: set(patterns) for role, patterns in WRITES.items()}


def test_a_deployer_deletes_nothing_in_production(demo: Synthesized) -> None:
    """The project's role deletes objects of tables and of queries, and none of runs."""
    deletes = keys(demo, "project-flights/namespace/role", "s3:DeleteObject")
    assert deletes == [
        "tmp/project/flights/athena/*",
        "warehouse/project/flights/*",
    ]


OWNED = {
    "user/ada": ("user-ada/namespace", ["user/ada"]),
    "user/dana": ("user-dana/namespace", ["user/dana"]),
    "project/flights": ("project-flights/namespace", list(PRODUCTION)),
    "project/flights/branch": ("project-flights/branches", ["project/flights/branch"]),
}
READS = {
    "role": ["warehouse/*", "tmp/{}/athena/*", "ns/*", "deployments/[]/*"],
    "job-role": ["warehouse/*", "tmp/{}/athena/*", "ns/[]/*"],
    "execution-role": ["ns/[]/*/splits/*"],
}


@pytest.mark.parametrize("namespace", OWNED)
@pytest.mark.parametrize("role", READS)
def test_each_role_reads_these_keys(demo: Synthesized, namespace: str, role: str) -> None:
    """People read all of the team, tasks their own namespaces, state machines the items of a foreach."""
    construct, folders = OWNED[namespace]
    path = f"{construct}/{role}"
    patterns = [pattern.format(namespace) for pattern in READS[role]]
    read = sorted({one.replace("[]", folder) for one in patterns for folder in folders})
    assert sorted(keys(demo, path, "s3:GetObject")) == read
    listed = [
        prefix
        for statement in demo.statements(path)
        if "s3:ListBucket" in statement["Action"]
        for prefix in statement["Condition"]["StringLike"]["s3:prefix"]
    ]
    assert sorted(listed) == ([] if role == "execution-role" else read)


def test_facts_are_written_by_data_engineers_only(demo: Synthesized) -> None:
    """Tables of facts are changed by the data engineer's roles, project tables by all members'."""
    glue = f"arn:aws:glue:us-east-1:{ACCOUNT}:database/stepwell_growth_dev_"
    writers = {
        role: [item.removeprefix(glue) for item in on(demo, role, "glue:UpdateTable") if ":database/" in item]
        for role in roles(demo)
    }
    assert {role: databases for role, databases in writers.items() if databases} == {
        "user-ada/namespace/role": ["project_*"],
        "user-ada/namespace/job-role": ["project_*"],
        "user-dana/namespace/role": ["project_*", "facts"],
        "user-dana/namespace/job-role": ["project_*", "facts"],
        "project-flights/namespace/role": ["project_flights"],
        "project-flights/namespace/job-role": ["project_flights"],
        "project-flights/branches/role": ["project_flights"],
        "project-flights/branches/job-role": ["project_flights"],
    }


@pytest.mark.parametrize("namespace", ["user-ada", "project-flights"])
def test_a_task_only_handles_data(demo: Synthesized, namespace: str) -> None:
    """A job role has rights on S3 and its key, Glue, Athena, secrets and the contract, and publishes events:
    none on IAM, Batch or Step Functions.
    """
    statements = demo.statements(f"{namespace}/namespace/job-role")
    services = {action.partition(":")[0] for item in statements for action in item["Action"]}
    assert services == {"s3", "kms", "glue", "athena", "secretsmanager", "ssm", "events"}


def test_state_machines_belong_to_a_namespace_by_name(demo: Synthesized) -> None:
    """A role manages the state machines, and stops the executions, of its namespaces, with its own roles."""
    for (path, folders), name in zip(
        OWNED.values(), ("user-ada", "user-dana", "project-flights", "branch-flights"), strict=True
    ):
        own = [
            f"{STATES}:{kind}:stepwell-growth-dev-{folder.replace('/', '-')}-*"
            for kind in ("execution", "stateMachine")
            for folder in folders
        ]
        for action in ("CreateStateMachine", "UpdateStateMachine", "StartExecution", "StopExecution"):
            assert on(demo, f"{path}/role", f"states:{action}") == own
        passed = on(demo, f"{path}/role", "iam:PassRole")
        assert passed == [f"{ROLE}-{name}-sch", f"{ROLE}-{name}-sfn"]


def test_people_see_all_state_machines_of_the_environment(demo: Synthesized) -> None:
    """Describing is not limited to what is one's own."""
    kinds = ("execution", "mapRun", "stateMachine")
    seen = on(demo, "user-ada/namespace/role", "states:DescribeExecution")
    assert seen == [f"{STATES}:{kind}:stepwell-growth-dev-*" for kind in kinds]


def test_a_user_submits_own_jobs_only(demo: Synthesized) -> None:
    """A user submits with her own job definition and share, tags jobs as hers, and stops those that are."""
    batch = f"arn:aws:batch:us-east-1:{ACCOUNT}"
    sent = (
        f"{batch}:job-definition/stepwell-growth-dev-user-ada-*",
        f"{batch}:job-queue/stepwell-growth-dev-*",
    )
    jobs = f"{batch}:job/*"
    conditions = {
        (action, *statement["Resource"]): statement["Condition"]
        for statement in demo.statements("user-ada/namespace/role")
        for action in statement["Action"]
        if action.startswith("batch:") and statement["Resource"] != ["*"]
    }
    mine = {"StringEquals": {"aws:ResourceTag/stepwell:namespace": "user/ada"}}
    as_mine = {"StringEquals": {"aws:RequestTag/stepwell:namespace": "user/ada"}}
    assert conditions == {
        ("batch:SubmitJob", *sent, jobs): {"StringEqualsIfExists": {"batch:ShareIdentifier": "userSada"}},
        ("batch:TagResource", *sent): as_mine,
        ("batch:TagResource", jobs): as_mine | {"Null": {"aws:ResourceTag/stepwell:namespace": "true"}},
        ("batch:CancelJob", jobs): mine,
        ("batch:TerminateJob", jobs): mine,
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


def test_people_who_share_a_role_are_told_apart_by_their_session() -> None:
    """The team's principals are those of who names none; `session` says which of its sessions is whose."""
    sso = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_DataScience_*"
    ada = {"name": "ada", "role": "data-scientist", "session": "ada@example.com"}
    made = synthesized(settings(users=[ada], principals=[sso]))
    assert trusted(made, "user-ada/namespace/role")["Condition"] == {
        "ArnLike": {"aws:PrincipalArn": [sso]},
        "StringLike": {"aws:userid": "*:ada@example.com"},
    }


def test_every_user_deploys_a_project_that_names_no_deployers(demo: Synthesized) -> None:
    """Its role trusts the roles of people, those to come too, and not those of their tasks."""
    assert trusted(demo, "project-flights/namespace/role")["Condition"] == {
        "ArnLike": {"aws:PrincipalArn": f"{ROLE}-user-*"},
        "ArnNotLike": {"aws:PrincipalArn": f"{ROLE}-user-*-*"},
    }


def test_deployers_limit_who_deploys_a_project() -> None:
    """Production's role trusts the deployers that are named, and nobody else; that of branches all users."""
    made = synthesized(settings(projects=[{"name": "flights", "deployers": ["dana"]}]))
    condition = trusted(made, "project-flights/namespace/role")["Condition"]
    assert condition == {"ArnEquals": {"aws:PrincipalArn": [f"{ROLE}-user-dana"]}}
    branches = trusted(made, "project-flights/branches/role")["Condition"]
    assert branches["ArnLike"] == {"aws:PrincipalArn": f"{ROLE}-user-*"}


def test_a_user_may_ask_for_any_projects_role(demo: Synthesized) -> None:
    """Whom a project lets, its own role says: so a project more changes no user."""
    assert on(demo, "user-ada/namespace/role", "sts:AssumeRole") == [
        f"{ROLE}-branch-*",
        f"{ROLE}-project-*",
    ]


def test_a_pipeline_deploys_without_a_key() -> None:
    """A project's role trusts tokens of the issuer that settings name, for its audience and subjects."""
    github = {"url": "https://token.actions.githubusercontent.com"}
    pipeline = {"oidc": "github", "subjects": ["repo:acme/flights:ref:refs/heads/main"]}
    made = synthesized(
        settings(foundation={"oidc": {"github": github}}, projects=[{"name": "flights", "ci": [pipeline]}])
    )
    role = made.one("aws_iam_role", "project-flights/namespace/role/role")
    people, tokens = made.policy(role["assume_role_policy"])
    assert people["Action"] == "sts:AssumeRole"
    issuer = "token.actions.githubusercontent.com"
    assert tokens == {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"},
        "Condition": {
            "StringEquals": {f"{issuer}:aud": "sts.amazonaws.com"},
            "StringLike": {f"{issuer}:sub": ["repo:acme/flights:ref:refs/heads/main"]},
        },
    }


@pytest.mark.parametrize("owner", ["user-ada", "project-flights"])
@pytest.mark.parametrize("role", ["role", "job-role"])
def test_secrets_are_ones_own_or_shared(demo: Synthesized, owner: str, role: str) -> None:
    """A namespace's people and tasks read its secrets and the team's shared ones, and no others."""
    (statement,) = [
        item
        for item in demo.statements(f"{owner}/namespace/{role}")
        if item["Action"] == ["secretsmanager:GetSecretValue"]
    ]
    secrets = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:stepwell/growth-dev"
    assert statement["Resource"] == sorted([f"{secrets}/{owner.replace('-', '/')}/*", f"{secrets}/shared/*"])

"""What IAM namespaces promise, tried for real: every role is assumed, what it may do works, and what it may
not do is refused, through boto3, obstore and pyiceberg."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import obstore
import pytest
from botocore.exceptions import ClientError
from obstore.exceptions import PermissionDeniedError

from stepwell import Flow, aws
from stepwell.contract import (
    NAMESPACE_TAG,
    Contract,
    EnvironmentName,
    NamespaceContract,
    job_definition,
    query_results,
    share,
)
from tests.deployment import ENVIRONMENT, Deployed
from tests.e2e.people import Person
from tests.runtime.cloud.support import until
from tests.support import in_production, write_flow

pytestmark = [pytest.mark.cloud, pytest.mark.xdist_group("cloud")]

NAME = EnvironmentName.parse(ENVIRONMENT)
PRODUCTION = "project/flights/prod"
BRANCH = "project/flights/branch/x"


@pytest.fixture(scope="module")
def admin(deployed: Deployed) -> Person:
    """Who has deployed the environment."""
    return Person(deployed.variables)


@pytest.fixture(scope="module")
def ada(deployed: Deployed) -> Person:
    """A data scientist."""
    return Person({**deployed.acting_as("user-ada"), "STEPWELL_USER": "ada"})


@pytest.fixture(scope="module")
def dana(deployed: Deployed) -> Person:
    """A data engineer."""
    return Person({**deployed.acting_as("user-dana"), "STEPWELL_USER": "dana"})


@pytest.fixture(scope="module")
def deployer(deployed: Deployed) -> Person:
    """The data scientist, who has assumed the role of the project."""
    variables = deployed.acting_as("user-ada", "project-flights")
    return Person({**variables, "STEPWELL_USER": "ada", "STEPWELL_NAMESPACE": PRODUCTION})


@pytest.fixture(scope="module")
def brancher(deployed: Deployed) -> Person:
    """The data scientist, who has assumed the role of the project's branches."""
    variables = deployed.acting_as("user-ada", "branch-flights")
    return Person({**variables, "STEPWELL_USER": "ada", "STEPWELL_NAMESPACE": BRANCH})


@pytest.fixture(scope="module")
def contract(ada: Person) -> Contract:
    """The environment's contract, as a data scientist reads it."""
    text = ada.client("ssm").get_parameter(Name=NAME.contract_parameter)["Parameter"]["Value"]
    return Contract.from_json(text, NAME.contract_parameter)


@pytest.fixture(scope="module")
def namespaces(ada: Person, contract: Contract) -> dict[str, NamespaceContract]:
    """The contracts of all namespaces."""
    found = {}
    for owner in ("user/ada", "user/dana", "project/flights"):
        name = NAME.namespace_parameter(owner)
        text = ada.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
        found[owner] = NamespaceContract.from_json(text, name)
    return found


def definition(of: NamespaceContract) -> str:
    """The job definition of a namespace for the first queue."""
    return job_definition(of.job_definitions, "default", "FARGATE")


def denied(ask: Callable[[], Any]) -> bool:
    """Whether what is asked is refused for want of a right; what fails otherwise fails the test."""
    try:
        ask()
    except (PermissionDeniedError, ClientError) as error:
        assert "is not authorized to perform" in str(error), error
        return True
    return False


@pytest.fixture(scope="module")
def visitor(admin: Person) -> Iterator[Person]:
    """An IAM user whom the account lets assume every role, if the role trusts her."""
    iam, name = admin.client("iam"), f"visitor-{uuid.uuid4().hex[:6]}"
    right = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    iam.create_user(UserName=name)
    iam.put_user_policy(
        UserName=name,
        PolicyName="assume",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [right]}),
    )
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    yield Person({**admin.variables, **keys})


def test_each_role_is_assumed_by_whom_it_trusts(admin: Person, visitor: Person, ada: Person) -> None:
    """Of all roles a person of the account gets the users', a user the project's, and nobody a service's."""
    pages = admin.client("iam").get_paginator("list_roles").paginate()
    prefix = f"stepwell-{NAME}-"
    roles = {
        role["RoleName"].removeprefix(prefix): role["Arn"]
        for page in pages
        for role in page["Roles"]
        if role["RoleName"].startswith(prefix)
    }

    def assumable(person: Person) -> set[str]:
        assume = partial(person.client("sts").assume_role, RoleSessionName="test")
        return {name for name, arn in roles.items() if not denied(partial(assume, RoleArn=arn))}

    assert {"user-ada-job", "user-ada-sfn", "project-flights-job", "branch-flights-sfn"} < roles.keys()
    assert assumable(visitor) == {"user-ada", "user-dana"}
    assert assumable(ada) == {"project-flights", "branch-flights"}


def forbidden_to_a_data_scientist(
    person: Person, contract: Contract, namespaces: dict[str, NamespaceContract]
) -> dict[str, Callable[[], Any]]:
    """What no data scientist may do, by what it is."""
    bucket, store = contract.bucket, person.store(contract.bucket)
    s3, batch, states = person.client("s3"), person.client("batch"), person.client("stepfunctions")
    glue, iam, logs = person.client("glue"), person.client("iam"), person.client("logs")
    secrets, ssm, sts = person.client("secretsmanager"), person.client("ssm"), person.client("sts")
    theirs = {"project": namespaces["project/flights"], "dana": namespaces["user/dana"]}
    mine = namespaces["user/ada"]
    machine = {"definition": json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})}
    name = contract.state_machine_prefix
    found: dict[str, Callable[[], Any]] = {
        "write production": lambda: obstore.put(store, f"ns/{PRODUCTION}/x", b"x"),
        "write another user's": lambda: obstore.put(store, "ns/user/dana/x", b"x"),
        "write a namespace that begins like hers": lambda: obstore.put(store, "ns/user/ada_b/x", b"x"),
        "write facts": lambda: obstore.put(store, "warehouse/facts/x", b"x"),
        "write outside": lambda: s3.put_object(Bucket=bucket, Key="x", Body=b"x"),
        "copy into production": lambda: s3.copy_object(
            Bucket=bucket, Key=f"ns/{PRODUCTION}/x", CopySource=f"{bucket}/ns/user/ada/x"
        ),
        "delete in production": lambda: obstore.delete(store, f"ns/{PRODUCTION}/seen"),
        "delete many in production": lambda: s3.delete_objects(
            Bucket=bucket, Delete={"Objects": [{"Key": f"ns/{PRODUCTION}/seen"}]}
        ),
        "delete a version": lambda: s3.delete_object(Bucket=bucket, Key="ns/user/ada/x", VersionId="null"),
        "list all of the bucket": lambda: s3.list_objects_v2(Bucket=bucket),
        "change the bucket's policy": lambda: s3.delete_bucket_policy(Bucket=bucket),
        "delete the bucket": lambda: s3.delete_bucket(Bucket=bucket),
        "list the account's buckets": lambda: s3.list_buckets(),
        "make a fact table": lambda: glue.create_table(
            DatabaseName=contract.database("facts"), TableInput={"Name": "mine"}
        ),
        "delete a fact table": lambda: glue.delete_table(
            DatabaseName=contract.database("facts"), Name="flights"
        ),
        "delete a database": lambda: glue.delete_database(Name=contract.database("flights")),
        "register a job definition": lambda: batch.register_job_definition(
            jobDefinitionName="mine",
            type="container",
            containerProperties={"image": "x", "vcpus": 1, "memory": 512},
        ),
        "spend another user's share": lambda: batch.submit_job(
            jobName="x",
            jobQueue=contract.queues[0].arn,
            jobDefinition=definition(mine),
            shareIdentifier=share("user/dana"),
        ),
        "submit a job as another user's": lambda: batch.submit_job(
            jobName="x",
            jobQueue=contract.queues[0].arn,
            jobDefinition=definition(mine),
            shareIdentifier=share("user/ada"),
            tags={NAMESPACE_TAG: "user/dana"},
        ),
        "stop jobs of nobody": lambda: batch.terminate_job(jobId=str(uuid.uuid4()), reason="x"),
        "delete the queue": lambda: batch.delete_job_queue(jobQueue=contract.queues[0].arn),
        "make production's state machine": lambda: states.create_state_machine(
            name=f"{name}project-flights-prod-Mine", roleArn=theirs["project"].execution_role, **machine
        ),
        "run her state machine as the project": lambda: states.create_state_machine(
            name=f"{name}user-ada-Mine", roleArn=theirs["project"].execution_role, **machine
        ),
        "run her state machine as herself": lambda: states.create_state_machine(
            name=f"{name}user-ada-Mine", roleArn=mine.role, **machine
        ),
        "make roles": lambda: iam.create_role(RoleName="mine", AssumeRolePolicyDocument="{}"),
        "widen her role": lambda: iam.put_role_policy(
            RoleName=mine.role.rpartition("/")[2], PolicyName="all", PolicyDocument="{}"
        ),
        "drop the boundary": lambda: iam.delete_role_permissions_boundary(
            RoleName=mine.role.rpartition("/")[2]
        ),
        "act as her tasks": lambda: sts.assume_role(RoleArn=f"{mine.role}-job", RoleSessionName="mine"),
        "change the contract": lambda: ssm.put_parameter(
            Name=NAME.contract_parameter, Value="{}", Type="String", Overwrite=True
        ),
        "read another user's secret": lambda: secrets.get_secret_value(
            SecretId=NAME.secret("user/dana", "token")
        ),
        "read the project's secret": lambda: secrets.get_secret_value(
            SecretId=NAME.secret("project/flights", "token")
        ),
        "write logs": lambda: logs.create_log_stream(
            logGroupName=contract.job_log_group, logStreamName="mine"
        ),
        "delete logs": lambda: logs.delete_log_group(logGroupName=contract.job_log_group),
    }
    for owner, other in theirs.items():
        found |= {
            f"submit a job of {owner}": lambda other=other: batch.submit_job(
                jobName="x",
                jobQueue=contract.queues[0].arn,
                jobDefinition=definition(other),
                shareIdentifier=share("user/ada"),
            ),
            f"act as {owner}'s tasks": lambda other=other: sts.assume_role(
                RoleArn=f"{other.role}-job", RoleSessionName="mine"
            ),
        }
    return found


def test_a_data_scientist_may_not(
    ada: Person, admin: Person, contract: Contract, namespaces: dict[str, NamespaceContract]
) -> None:
    """Every forbidden act is refused for want of a right, and leaves what was there."""
    admin.client("s3").put_object(Bucket=contract.bucket, Key=f"ns/{PRODUCTION}/seen", Body=b"seen")
    for owner in ("user/dana", "project/flights"):
        admin.client("secretsmanager").create_secret(Name=NAME.secret(owner, "token"), SecretString="s")
    acts = forbidden_to_a_data_scientist(ada, contract, namespaces)
    assert [act for act, ask in acts.items() if not denied(ask)] == []
    seen = ada.client("s3").get_object(Bucket=contract.bucket, Key=f"ns/{PRODUCTION}/seen")
    assert seen["Body"].read() == b"seen"


def test_jobs_belong_to_who_submitted_them(
    ada: Person, dana: Person, contract: Contract, namespaces: dict[str, NamespaceContract]
) -> None:
    """A user stops her own jobs, and neither stops nor claims another's."""
    jobs = {}
    for person, owner in ((ada, "user/ada"), (dana, "user/dana")):
        jobs[owner] = person.client("batch").submit_job(
            jobName="idle",
            jobQueue=contract.queues[0].arn,
            jobDefinition=definition(namespaces[owner]),
            shareIdentifier=share(owner),
            containerOverrides={"command": ["sleep", "60"]},
            tags={NAMESPACE_TAG: owner},
        )
    batch = ada.client("batch")
    mine, theirs = jobs["user/ada"], jobs["user/dana"]
    assert denied(lambda: batch.terminate_job(jobId=theirs["jobId"], reason="x"))
    claim = {"resourceArn": theirs["jobArn"], "tags": {NAMESPACE_TAG: "user/ada"}}
    assert denied(lambda: batch.tag_resource(**claim))
    batch.terminate_job(jobId=mine["jobId"], reason="enough")
    dana.client("batch").terminate_job(jobId=theirs["jobId"], reason="enough")


LOAD = """
import sys, pyarrow as pa, stepwell
from stepwell.errors import StepwellError
table = sys.argv[1]
try:
    stepwell.write_table(table, pa.table({"x": [1, 2, 3]}), mode="append")
    print(stepwell.table(table).rows)
except StepwellError as error:
    print("refused:", error)
"""


def test_facts_are_loaded_by_data_engineers(ada: Person, dana: Person) -> None:
    """A data engineer makes a fact table and appends to it; a data scientist reads it, and can't write it."""
    table = f"facts.t{uuid.uuid4().hex[:8]}"
    assert [dana.python(LOAD, table).stdout for _ in range(2)] == ["3\n", "6\n"]
    read = ada.python(f"import stepwell; print(stepwell.table({table!r}).to_arrow().num_rows)")
    assert read.stdout == "6\n"
    for refused in (ada.python(LOAD, table), ada.python(LOAD, f"{table}_new")):
        assert refused.stdout.startswith("refused: ")
        assert "is not authorized to perform" in refused.stdout
        assert len(refused.stdout.splitlines()) == 1


def test_a_users_table_is_written_by_her_project(ada: Person, deployer: Person) -> None:
    """Members of a project write its tables."""
    table = f"flights.t{uuid.uuid4().hex[:8]}"
    assert [person.python(LOAD, table).stdout for person in (ada, deployer)] == ["3\n", "6\n"]


ASKS = """
import sys, stepwell
rows = stepwell.sql(f"select count(*) n from {sys.argv[1]}", engine="athena")
print(rows["n"].to_pylist(), rows.schema.metadata[b"stepwell.engine"].decode())
"""


def test_a_query_in_athena_has_its_callers_rights(
    ada: Person, dana: Person, contract: Contract, namespaces: dict[str, NamespaceContract]
) -> None:
    """Who asks has her own workgroup and no other, and her query writes where she may and nowhere else."""
    table, athena = f"facts.t{uuid.uuid4().hex[:8]}", ada.client("athena")
    assert dana.python(LOAD, table).stdout == "3\n"
    asked = ada.python(ASKS, table)
    assert asked.stdout == "[3] athena\n", asked.stderr
    start = athena.start_query_execution
    assert denied(partial(start, QueryString="select 1", WorkGroup=namespaces["user/dana"].workgroup))
    elsewhere = f"s3://{contract.bucket}/{query_results('user/dana')}x/"
    unload = f"UNLOAD (SELECT 1 AS one) TO '{elsewhere}' WITH (format = 'PARQUET')"
    id = start(QueryString=unload, WorkGroup=namespaces["user/ada"].workgroup)["QueryExecutionId"]
    look = lambda: athena.get_query_execution(QueryExecutionId=id)["QueryExecution"]["Status"]  # noqa: E731
    ended = until(look, lambda status: status["State"] not in ("QUEUED", "RUNNING"), 60)
    assert ended["State"] == "FAILED" and "is not authorized to perform" in ended["StateChangeReason"]
    assert denied(partial(dana.client("athena").get_query_execution, QueryExecutionId=id))


TRIES = """
    @step
    def start(self):
        import boto3, obstore, stepwell
        from obstore.exceptions import PermissionDeniedError
        from obstore.store import S3Store
        from stepwell import aws
        import pyarrow as pa
        self.who = boto3.client("sts").get_caller_identity()["Arn"]
        contract = aws.contract(aws.environment_name())
        store = S3Store(contract.bucket, virtual_hosted_style_request=False)
        self.wrote = []
        for key in ("ns/user/ada/tried", "ns/user/dana/tried", "ns/project/flights/prod/tried",
                    "ns/project/flights/branch/x/tried",
                    "warehouse/facts/tried", "warehouse/project/flights/tried"):
            try:
                obstore.put(store, key, b"x")
                self.wrote.append(key)
            except PermissionDeniedError:
                pass
        self.read = []
        for key in ("ns/user/ada/tried", "ns/user/dana/tried", "ns/project/flights/prod/tried",
                    "ns/project/flights/branch/x/tried"):
            try:
                obstore.head(store, key)
                self.read.append(key)
            except (PermissionDeniedError, FileNotFoundError) as error:
                self.read += [key] if isinstance(error, FileNotFoundError) else []
        self.denied = []
        for service, operation, given in (
            ("batch", "list_jobs", {"jobQueue": contract.queues[0].arn}),
            ("stepfunctions", "list_state_machines", {}),
            ("iam", "list_roles", {}),
            ("sts", "assume_role", {"RoleArn": self.who.split("/")[0].replace("sts", "iam"),
                                    "RoleSessionName": "me"}),
        ):
            try:
                getattr(boto3.client(service), operation)(**given)
            except Exception as error:
                self.denied.append((operation, "AccessDenied" in str(error)))
        stepwell.write_table("flights.tried", pa.table({"x": [1]}), mode="overwrite")
        self.next(self.end)

    @step
    def end(self): pass
"""


@pytest.mark.parametrize(
    ("person", "namespace", "owner"),
    [
        ("ada", "user/ada", "user-ada"),
        ("deployer", PRODUCTION, "project-flights"),
        ("brancher", BRANCH, "branch-flights"),
    ],
)
def test_a_task_has_the_rights_of_its_namespace(
    request: pytest.FixtureRequest, deployed: Deployed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    person: str, namespace: str, owner: str,
) -> None:  # fmt: skip
    """A user's run, production's and a branch's run under their own job role and are held to its rights."""
    someone: Person = request.getfixturevalue(person)
    file = write_flow(tmp_path, TRIES)
    run, status = in_production(file, tmp_path / "home", someone.variables)
    assert status == "SUCCEEDED"
    for variable, value in request.getfixturevalue("ada").variables.items():
        monkeypatch.setenv(variable, value)  # who reads all of the team, production too
    aws.forget()
    data = Flow("Made", namespace=namespace, datastore="s3")[run]["start"].task.data
    assert f"assumed-role/stepwell-{NAME}-{owner}-job/" in data.who
    own = f"ns/{namespace}/tried"
    assert data.wrote == [own, "warehouse/project/flights/tried"]
    assert data.read == [own]
    assert [operation for operation, refused in data.denied if refused] == [
        "list_jobs",
        "list_state_machines",
        "list_roles",
        "assume_role",
    ]


def test_a_deployer_leaves_results_to_the_tasks(deployer: Person, contract: Contract) -> None:
    """Who deploys to production puts code there, and neither results nor anything else."""
    store = deployer.store(contract.bucket)
    obstore.put(store, f"ns/{PRODUCTION}/code/{uuid.uuid4().hex}.tar.zst", b"x")
    acts = {
        "put results": lambda: obstore.put(store, f"ns/{PRODUCTION}/flows/F/runs/r/run.json", b"x"),
        "put artifacts": lambda: obstore.put(store, f"ns/{PRODUCTION}/objects/x.parquet", b"x"),
        "delete": lambda: obstore.delete(store, f"ns/{PRODUCTION}/code/x"),
        "write a user's": lambda: obstore.put(store, "ns/user/ada/x", b"x"),
        "write facts": lambda: obstore.put(store, "warehouse/facts/x", b"x"),
    }
    assert [act for act, ask in acts.items() if not denied(ask)] == []


def test_a_boundary_holds_what_is_widened_by_hand(
    admin: Person, deployed: Deployed, contract: Contract
) -> None:
    """A role that someone gives everything still reaches no other bucket and no IAM."""
    iam, role = admin.client("iam"), f"stepwell-{NAME}-user-ada"
    bucket = f"other-{uuid.uuid4().hex[:8]}"
    admin.client("s3").create_bucket(Bucket=bucket)
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_role_policy(RoleName=role, PolicyName="widened", PolicyDocument=document)
    try:
        wide = Person(deployed.acting_as("user-ada"))
        s3 = wide.client("s3")
        s3.put_object(Bucket=contract.bucket, Key="ns/user/dana/widened", Body=b"x")
        assert denied(lambda: s3.put_object(Bucket=bucket, Key="x", Body=b"x"))
        assert denied(lambda: wide.client("iam").create_user(UserName="mine"))
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="widened")

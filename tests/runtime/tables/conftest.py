"""A catalog of each kind, and tasks of runs in which tables are read and written."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from stepwell import aws
from stepwell.cloud.jobs import JobHost, LocalJob
from stepwell.cloud.patches.athena import queries_are_executed
from stepwell.cloud.patches.glue import stale_commits_are_refused
from stepwell.contract import CONTRACT_VERSION, Contract, EnvironmentName, NamespaceContract, query_results
from stepwell.datastore import Datastore, RunInfo, utc_now
from stepwell.flow.current import TaskContext, current
from stepwell.store.opening import open_store

Task = Callable[..., AbstractContextManager[TaskContext]]


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    stale_commits_are_refused()
    queries_are_executed()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    LocalJob.host = JobHost(url, None, None, None)  # which queries do without
    yield url
    server.stop()


@dataclass(frozen=True)
class Environment:
    """An environment that has a contract, a bucket and two databases, and nothing else."""

    contract: Contract
    url: str


@pytest.fixture
def glue(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Environment]:
    name = EnvironmentName(f"team{uuid.uuid4().hex[:8]}", "dev")
    for key, value in {
        "STEPWELL_ENVIRONMENT": str(name),
        "AWS_ENDPOINT_URL": moto_url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(key, value)
    contract = Contract(
        version=CONTRACT_VERSION,
        team=name.team,
        environment=name.environment,
        region="eu-west-1",
        bucket=f"stepwell-{name}",
        queues=(),
        images=(),
        tracing=False,
        dead_letter_queue="",
        log_group="",
        job_log_group="",
        database_prefix=f"stepwell_{name.team}_dev_",
        state_machine_prefix="",
    )
    boto3.client("s3").create_bucket(
        Bucket=contract.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    boto3.client("ssm").put_parameter(Name=name.contract_parameter, Value=contract.to_json(), Type="String")
    for database in ("facts", "flights"):
        boto3.client("glue").create_database(DatabaseInput={"Name": contract.database(database)})
    aws.forget()
    yield Environment(contract, moto_url)
    aws.forget()


@pytest.fixture
def athena(glue: Environment, monkeypatch: pytest.MonkeyPatch) -> str:
    """The workgroup of ada's namespace in the environment."""
    namespace, workgroup = "user/ada", f"stepwell-{glue.contract.team}"
    monkeypatch.setenv("STEPWELL_USER", "ada")
    contract = NamespaceContract(CONTRACT_VERSION, namespace, "", "", "", "", "", workgroup)
    name = EnvironmentName(glue.contract.team, glue.contract.environment).namespace_parameter(namespace)
    boto3.client("ssm").put_parameter(Name=name, Value=contract.to_json(), Type="String")
    results = f"s3://{glue.contract.bucket}/{query_results(namespace)}"
    boto3.client("athena").create_work_group(
        Name=workgroup,
        Configuration={
            "ResultConfiguration": {"OutputLocation": results},
            "EnforceWorkGroupConfiguration": True,
            "BytesScannedCutoffPerQuery": 10_000_000,
        },
    )
    return workgroup


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that holds the local catalog."""
    monkeypatch.delenv("STEPWELL_ENVIRONMENT", raising=False)
    monkeypatch.setenv("STEPWELL_HOME", str(tmp_path / "a home"))
    return tmp_path / "a home"


@pytest.fixture(params=["local", "glue"])
def catalog(request: pytest.FixtureRequest) -> None:
    """Every kind of catalog in turn."""
    request.getfixturevalue(request.param)


@pytest.fixture
def task() -> Task:
    """Enter a task of a run; runs of one test share a datastore."""
    datastore = Datastore(open_store("memory://"), "user/ada")

    @contextmanager
    def enter(
        run: str = "r1",
        step: str = "start",
        path: str = "0",
        attempt: int = 0,
        claimed: bool = False,
        origin: str | None = None,
    ) -> Iterator[TaskContext]:
        if claimed:
            info = RunInfo("Load", run, "user/ada", "ada", utc_now(), "local", origin=origin)
            datastore.claim_run(info)
        context = TaskContext("Load", run, step, path, attempt, "user/ada", "ada", datastore)
        before = current.task_context
        current.set_task(context)
        try:
            yield context
            # what a task leaves ends as JSON in its manifest, and its commit moves the run's pins
            json.dumps([context.table_reads, context.table_writes])
            datastore.move_pins("Load", run, context.table_writes)
        finally:
            current.set_task(before)

    return enter

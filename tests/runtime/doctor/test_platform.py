"""Checks of an environment: on a local cloud that has one, and where AWS refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from stepwell import aws
from stepwell.contract import CONTRACT_VERSION, Contract, EnvironmentName, NamespaceContract
from stepwell.doctor import platform, queue, roles
from stepwell.doctor.examine import Check, examine
from stepwell.doctor.finding import Finding, Outcome, failed, ok

NAME = EnvironmentName("growth", "dev")
ROLE = "arn:aws:iam::123456789012:role/ada"
DOCUMENTS = {
    NAME.contract_parameter: Contract(
        CONTRACT_VERSION,
        "growth",
        "dev",
        "us-east-1",
        "bucket",
        "queue",
        "logs",
        "jobs",
        "growth_dev_",
        "growth-dev-",
        "schedules",
        "letters",
    ).to_json(),
    NAME.namespace_parameter("user/ada"): NamespaceContract(
        CONTRACT_VERSION, "user/ada", ROLE, "job", "sfn", "starter"
    ).to_json(),
    NAME.namespace_parameter("project/flights"): NamespaceContract(
        CONTRACT_VERSION, "project/flights", ROLE.replace("ada", "flights"), "job", "sfn", "starter"
    ).to_json(),
}


def refuse(code: str) -> Callable[..., Any]:
    def call(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "Call")

    return call


class Fake:
    """A client with the methods given; whatever else is called is refused as AWS refuses."""

    class exceptions:
        ParameterNotFound = LookupError

    def __init__(self, **methods: Callable[..., Any]) -> None:
        self._methods = methods

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return self._methods.get(name, refuse("AccessDeniedException"))

    def get_paginator(self, method: str) -> Fake:
        return Fake(paginate=lambda: [getattr(self, method)()])


def get_parameter(Name: str) -> Any:
    if Name not in DOCUMENTS:
        raise LookupError(Name)
    return {"Parameter": {"Value": DOCUMENTS[Name]}}


@pytest.fixture
def fakes(stepwell_home: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Fake]]:
    """Clients by service, to change: contracts can be read, everything else is refused."""
    services = {name: Fake() for name in ("batch", "glue", "stepfunctions")}
    services["ssm"] = Fake(get_parameter=get_parameter)
    services["sts"] = Fake(get_caller_identity=lambda: {"Arn": "arn:aws:iam::123456789012:user/eve"})
    aws.forget()
    monkeypatch.setattr(aws, "client", lambda service, region=None, *, patient=True: services[service])
    monkeypatch.setenv("STEPWELL_ENVIRONMENT", str(NAME))
    monkeypatch.setenv("STEPWELL_USER", "ada")
    yield services
    aws.contract.cache_clear()
    aws.namespace_contract.cache_clear()


def found(look: Callable[[], Finding]) -> Finding:
    return examine([Check("it", look)])["it"]


@pytest.mark.parametrize(
    "look",
    [
        platform.catalog, platform.step_functions, roles.projects, queue.queue, queue.waiting,
        queue.job_definition,
    ],
)  # fmt: skip
def test_what_one_may_not_look_at_has_not_failed(fakes: dict[str, Fake], look: Any) -> None:
    """Where AWS lets the caller's role not describe something, that says nothing about it."""
    finding = found(look)
    assert finding.outcome is Outcome.NOT_ALLOWED
    assert "AccessDeniedException" in finding.reason
    assert finding.way_out == "ask who runs the environment for the right, or assume another role"


@pytest.mark.parametrize("look", [platform.contract, platform.namespace])
def test_a_contract_that_one_may_not_read_is_a_failure(fakes: dict[str, Fake], look: Any) -> None:
    """Flows read the contracts too: who may not, can do nothing there."""
    fakes["ssm"] = Fake()
    assert found(look).outcome is Outcome.FAILED


def test_what_is_broken_has_failed(fakes: dict[str, Fake]) -> None:
    """An answer that is no refusal of a right is a failure."""
    fakes["batch"] = Fake(describe_job_queues=refuse("ServerException"))
    assert found(queue.queue).outcome is Outcome.FAILED


def test_a_queue_that_is_gone(fakes: dict[str, Fake]) -> None:
    """A contract that names a queue that is no more is told with the way out."""
    fakes["batch"] = Fake(describe_job_queues=lambda **_: {"jobQueues": []})
    assert found(queue.queue) == failed("there is no job queue queue", platform.AGAIN)


def test_databases_of_the_environment_alone(fakes: dict[str, Fake]) -> None:
    """Databases of others are not looked at; without that of facts the catalog has failed."""
    names = ["growth_dev_facts", "growth_dev_flights", "default", "growth_prod_facts"]
    fakes["glue"] = Fake(get_databases=lambda: {"DatabaseList": [{"Name": name} for name in names]})
    assert found(platform.catalog) == ok("databases facts, flights")
    names.remove("growth_dev_facts")
    assert found(platform.catalog) == failed("there is no Glue database growth_dev_facts", platform.AGAIN)


def test_roles_are_really_asked_for(fakes: dict[str, Fake]) -> None:
    """Which roles can be assumed is tried; a database that is no project's has no role to try."""

    def assume_role(RoleArn: str, **_: Any) -> None:
        if RoleArn == ROLE:
            refuse("AccessDenied")()

    names = [{"Name": f"growth_dev_{name}"} for name in ("facts", "flights", "by_hand")]
    fakes["glue"] = Fake(get_databases=lambda: {"DatabaseList": names})
    eve = fakes["sts"].get_caller_identity
    fakes["sts"] = Fake(get_caller_identity=eve, assume_role=assume_role)
    assert found(roles.role).outcome is Outcome.FAILED
    assert found(roles.projects) == ok("deployer of flights")


@pytest.mark.xdist_group("quick")
def test_a_bucket_is_written_in_the_callers_namespace(stepwell_environment: dict[str, str]) -> None:
    """The datastore of a deployed environment can be written and read, and keeps nothing of the probe."""
    import boto3

    bucket = aws.contract(EnvironmentName.parse("test-local")).bucket
    assert platform.bucket() == ok(f"s3://{bucket}: user/tester can be read and written")
    s3 = boto3.client("s3", endpoint_url=stepwell_environment["AWS_ENDPOINT_URL"])
    kept = s3.list_objects_v2(Bucket=bucket, Prefix="ns/user/tester/tmp/")
    assert kept["KeyCount"] == 0


@pytest.mark.xdist_group("quick")
def test_production_is_read_only(
    stepwell_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a project's production only its tasks write results, so nothing is put there."""
    monkeypatch.setenv("STEPWELL_NAMESPACE", "project/flights/prod")
    assert platform.bucket().reason.endswith("can be read; only its tasks write results there")


@pytest.mark.parametrize("name", ["facts", "flights", "a_b", "facts_of_facts"])
def test_a_database_is_known_by_what_the_contract_calls_it(name: str) -> None:
    """Whatever a contract puts before a logical name, it is found again; other databases have none."""
    contract = Contract.from_json(DOCUMENTS[NAME.contract_parameter], "")
    assert platform.logical(contract, contract.database(name)) == name
    assert platform.logical(contract, "growth_prod_" + name) == ""

"""Checks of an environment: its contracts, and whether its datastore, catalog and services can be used."""

from __future__ import annotations

from stepwell import aws, config
from stepwell.contract import FACTS, Contract, EnvironmentName, NamespaceContract
from stepwell.doctor.finding import Finding, Outcome, failed, of_error, ok
from stepwell.doctor.machine import probe
from stepwell.errors import NotAllowed, StoreError
from stepwell.store import keys
from stepwell.store.opening import open_store

AGAIN = "deploy the environment again: cdktf deploy TEAM-ENV"


def named() -> EnvironmentName:
    """The environment that is named: for checks that are made only if one is."""
    name = aws.environment_name()
    assert name is not None
    return name


def offered() -> Contract:
    """What the environment offers."""
    return aws.contract(named())


def mine() -> NamespaceContract:
    """What the caller's namespace may use."""
    return aws.namespace_contract(named(), config.namespace())


def contract() -> Finding:
    """Whether the environment's contract is there, and of the version that this runtime reads."""
    try:
        found = offered()
    except NotAllowed as error:
        return of_error(error, denied=Outcome.FAILED)
    return ok(f"version {found.version}, {named().contract_parameter}")


def namespace() -> Finding:
    """Whether the caller's namespace has a contract."""
    try:
        found = mine()
    except NotAllowed as error:
        return of_error(error, denied=Outcome.FAILED)
    return ok(f"{found.namespace}, version {found.version}")


def bucket() -> Finding:
    """Whether the datastore can be read, and written in the caller's namespace."""
    whose = config.namespace()
    store = open_store(f"s3://{offered().bucket}")
    try:
        next(iter(store.list(keys.namespace_root(whose))), None)
        if whose.endswith("/prod"):
            # modules/project.py grants its people code and parameters only
            return ok(f"{store.url}: {whose} can be read; only its tasks write results there")
        probe(store, whose)
    except StoreError as error:
        return of_error(error, denied=Outcome.FAILED)
    return ok(f"{store.url}: {whose} can be read and written")


def catalog() -> Finding:
    """Whether the databases of tables are there."""
    found = databases()
    if FACTS not in found:
        return failed(f"there is no Glue database {offered().database(FACTS)}", AGAIN)
    return ok(f"databases {', '.join(found)}")


def databases() -> list[str]:
    """The databases of the environment by their logical names: facts, and its projects."""
    contract = offered()
    glue = aws.client("glue", contract.region, patient=False)
    with aws.translated("glue"):
        pages = glue.get_paginator("get_databases").paginate()
        names = [one["Name"] for page in pages for one in page["DatabaseList"]]
    return sorted(filter(None, (logical(contract, name) for name in names)))


def logical(contract: Contract, name: str) -> str:
    """The logical database that a Glue database is; empty for one of another environment.

    A logical name is what Glue's ends with, and only the contract knows what comes before.
    """
    ends = (name[start:] for start in range(len(name)))
    return next((end for end in ends if contract.database(end) == name), "")


def step_functions() -> Finding:
    """Whether Step Functions answers."""
    region = offered().region
    with aws.translated("stepfunctions"):
        aws.client("stepfunctions", region, patient=False).list_state_machines(maxResults=1)
    return ok(f"answers in {region}")

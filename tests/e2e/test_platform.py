"""The platform, deployed with the real cdktf and the real AWS provider to the local cloud."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest

from stepwell.contract import Contract, EnvironmentName, NamespaceContract, job_definition
from tests.deployment import ENVIRONMENT, Deployed

pytestmark = [pytest.mark.cloud, pytest.mark.xdist_group("cloud")]

NAME = EnvironmentName.parse(ENVIRONMENT)


def client(deployed: Deployed, service: Any) -> Any:
    variables = deployed.variables
    return boto3.client(
        service,
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name=variables["AWS_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )


def parameter(deployed: Deployed, name: str) -> str:
    text: str = client(deployed, "ssm").get_parameter(Name=name)["Parameter"]["Value"]
    return text


@pytest.fixture(scope="module")
def contract(deployed: Deployed) -> Contract:
    name = NAME.contract_parameter
    return Contract.from_json(parameter(deployed, name), name)


def test_the_second_plan_is_empty(deployed: Deployed) -> None:
    """What was deployed is what was asked for: `terraform plan -detailed-exitcode` finds no change."""
    assert "No changes." in deployed.terraform("plan", "-detailed-exitcode", "-lock=false")


def test_deploying_leaves_no_file(deployed: Deployed) -> None:
    """A deployment for tests leaves nothing in the folder of the stacks; the state is the cloud's."""
    assert {
        path.name for path in deployed.left if path.name.startswith(("cdktf", "terraform", ".gen"))
    } == set()
    assert list(Path(deployed.variables["STEPWELL_STATE_DIR"]).glob("*.tfstate"))


def test_the_configuration_is_valid(deployed: Deployed) -> None:
    """`terraform validate` accepts what was synthesized."""
    assert "Success!" in deployed.terraform("validate")


def test_cdktf_lists_the_environment(deployed: Deployed) -> None:
    """`cdktf list` names TEAM-ENV."""
    assert ENVIRONMENT in deployed.cdktf("list")


def test_cdktf_diff_finds_nothing(deployed: Deployed) -> None:
    """`cdktf diff TEAM-ENV` right after a deploy shows no change."""
    assert "No changes." in deployed.cdktf("diff", ENVIRONMENT, "--no-color")


def test_the_contract_names_what_is_there(deployed: Deployed, contract: Contract) -> None:
    """Every name in the contract that the runtime reads is one of a resource that exists."""
    assert (contract.team, contract.environment) == ("growth", "dev")
    client(deployed, "s3").head_bucket(Bucket=contract.bucket)
    arns = [queue.arn for queue in contract.queues]
    queues = client(deployed, "batch").describe_job_queues(jobQueues=arns)["jobQueues"]
    assert [queue["status"] for queue in queues] == ["VALID"]
    groups = client(deployed, "logs").describe_log_groups()["logGroups"]
    assert contract.job_log_group in {group["logGroupName"] for group in groups}
    assert contract.log_group in {group["arn"].removesuffix(":*") for group in groups}
    databases = client(deployed, "glue").get_databases()["DatabaseList"]
    assert {database["Name"]: database["LocationUri"] for database in databases} == {
        contract.database(name): f"{contract.location(name)}/" for name in ("facts", "flights")
    }


@pytest.mark.parametrize("namespace", ["user/ada", "user/dana", "project/flights"])
def test_a_namespaces_contract_names_what_is_there(deployed: Deployed, namespace: str) -> None:
    """The roles and the job definition in a namespace's contract exist, and the job runs with its role."""
    name = NAME.namespace_parameter(namespace)
    mine = NamespaceContract.from_json(parameter(deployed, name), name)
    assert mine.namespace == namespace
    iam = client(deployed, "iam")
    for role in (mine.role, mine.execution_role):
        assert iam.get_role(RoleName=role.rpartition("/")[2])["Role"]["Arn"] == role
    (definition,) = client(deployed, "batch").describe_job_definitions(
        jobDefinitionName=job_definition(mine.job_definitions.rpartition("/")[2], "default", "FARGATE"),
        status="ACTIVE",
    )["jobDefinitions"]
    assert definition["containerProperties"]["jobRoleArn"] == f"{mine.role}-job"

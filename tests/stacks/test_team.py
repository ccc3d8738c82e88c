"""The stack of a team environment as a whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stepwell.contract import Contract, NamespaceContract, Queue
from tests.synthesis import ACCOUNT, Synthesized, settings, synthesized


def test_the_resources_are_these_and_no_others(demo: Synthesized) -> None:
    """Ids of constructs are a public contract: another path would replace what stands in an account."""
    assert demo.addresses == Path(__file__).with_name("addresses.txt").read_text().splitlines()


def test_the_provider_is_the_tried_one(demo: Synthesized) -> None:
    """The stack names Terraform's and the provider's versions, the latter not as the bindings pin it."""
    terraform = demo.document["terraform"]
    assert terraform["required_version"] == ">= 1.10"
    assert terraform["required_providers"] == {"aws": {"source": "hashicorp/aws", "version": "~> 5.100"}}


def test_the_provider_on_aws(demo: Synthesized) -> None:
    """On AWS the provider has a region and the cost tags, and no setting of a local cloud."""
    assert demo.document["provider"]["aws"] == [
        {
            "region": "us-east-1",
            "default_tags": [{"tags": {"stepwell:team": "growth", "stepwell:environment": "growth-dev"}}],
        }
    ]


def test_the_provider_on_the_local_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    """With AWS_ENDPOINT_URL the provider's settings change, and nothing else of the stack does."""
    on_aws = synthesized(settings()).document
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    local = synthesized(settings()).document
    ((ours,), (theirs,)) = local.pop("provider")["aws"], on_aws.pop("provider")["aws"]
    assert ours == theirs | {
        "s3_use_path_style": True,
        "skip_credentials_validation": True,
        "skip_metadata_api_check": "true",
        "max_retries": 2,
    }
    assert local == on_aws


def test_an_account_is_guarded() -> None:
    """With `account` Terraform refuses every other account."""
    (provider,) = synthesized(settings(account=ACCOUNT)).document["provider"]["aws"]
    assert provider["allowed_account_ids"] == [ACCOUNT]


def test_state_is_kept_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """STEPWELL_STATE_DIR names the folder of Terraform's state."""
    monkeypatch.setenv("STEPWELL_STATE_DIR", str(tmp_path))
    backend = synthesized(settings()).document["terraform"]["backend"]
    assert backend == {"local": {"path": f"{tmp_path}/terraform.growth-dev.tfstate"}}


def test_the_contract_is_what_the_runtime_reads(demo: Synthesized) -> None:
    """The contract's parameter holds the names and ARNs of the stack's own resources."""
    parameter = demo.one("aws_ssm_parameter", "contract/parameter")
    assert parameter["name"] == "/stepwell/growth-dev/contract"
    assert Contract.from_json(demo.resolved(parameter["value"]), parameter["name"]) == Contract(
        version=2,
        team="growth",
        environment="dev",
        region="us-east-1",
        bucket=f"stepwell-growth-dev-{ACCOUNT}",
        queues=(
            Queue(
                "fargate",
                f"arn:aws:batch:us-east-1:{ACCOUNT}:job-queue/stepwell-growth-dev-fargate",
                "FARGATE",
                16,
            ),
        ),
        images=("default",),
        log_group=f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/vendedlogs/states/stepwell-growth-dev",
        tracing=False,
        dead_letter_queue=f"arn:aws:sqs:us-east-1:{ACCOUNT}:stepwell-growth-dev-undelivered",
        job_log_group="/stepwell/growth-dev/jobs",
        database_prefix="stepwell_growth_dev_",
        state_machine_prefix="stepwell-growth-dev-",
    )


@pytest.mark.parametrize("namespace", ["user/ada", "project/flights"])
def test_a_namespaces_contract_is_what_the_runtime_reads(demo: Synthesized, namespace: str) -> None:
    """A namespace's parameter holds its roles, and its job definition without a revision."""
    slug = namespace.replace("/", "-")
    parameter = demo.one("aws_ssm_parameter", f"{slug}/namespace/contract")
    assert parameter["name"] == f"/stepwell/growth-dev/namespaces/{namespace}"
    assert NamespaceContract.from_json(demo.resolved(parameter["value"]), "") == NamespaceContract(
        version=2,
        namespace=namespace,
        role=f"arn:aws:iam::{ACCOUNT}:role/stepwell-growth-dev-{slug}",
        job_definitions=f"arn:aws:batch:us-east-1:{ACCOUNT}:job-definition/stepwell-growth-dev-{slug}",
        execution_role=f"arn:aws:iam::{ACCOUNT}:role/stepwell-growth-dev-{slug}-sfn",
        scheduler_role=f"arn:aws:iam::{ACCOUNT}:role/stepwell-growth-dev-{slug}-sch",
        schedule_group=f"stepwell-growth-dev-{slug}",
        workgroup=f"stepwell-growth-dev-{slug}",
    )


def test_parameters_fit_into_a_standard_parameter() -> None:
    """With the longest names allowed, no contract is over the 4 KiB of a standard SSM parameter."""
    made = synthesized(settings(users=[{"name": "a" * 30, "role": "data-engineer"}]))
    values = [body["value"] for body in made.all("aws_ssm_parameter").values()]
    assert all(len(made.resolved(value)) <= 4096 for value in values)
    assert len(values) == 4


def test_synth_is_the_same_twice(demo: Synthesized) -> None:
    """The same settings give the same document, so a second plan can be empty."""
    again = synthesized(settings()).document
    assert json.dumps(again, sort_keys=True) == json.dumps(demo.document, sort_keys=True)


def test_costs_are_told_apart(full: Synthesized) -> None:
    """All that a namespace has, and AWS puts tags on, says whose it is, and which project's."""
    without_tags = {"aws_iam_role_policy", "aws_lakeformation_permissions"}
    owners = {
        "user-ada/": {"stepwell:namespace": "user/ada"},
        "project-flights/namespace/": {
            "stepwell:namespace": "project/flights",
            "stepwell:project": "flights",
        },
        "project-flights/branches/": {
            "stepwell:namespace": "project/flights/branch",
            "stepwell:project": "flights",
        },
    }
    for kind in full.document["resource"].keys() - without_tags:
        for path, body in full.all(kind).items():
            for below, tags in owners.items():
                if path.startswith(below):
                    assert tags.items() <= body["tags"].items(), f"{kind} {path}"

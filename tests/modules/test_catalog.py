"""Databases, fact tables and what keeps them in order, queries, Lake Formation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stepwell.contract import NamespaceContract
from tests.synthesis import ACCOUNT, KEY, Synthesized, settings, synthesized

BUCKET = f"stepwell-growth-dev-{ACCOUNT}"
FACTS = "stepwell_growth_dev_facts"
COLUMNS = {"carrier": "string", "departure": "timestamp"}


def made(**catalog: Any) -> Synthesized:
    return synthesized(settings(facts={"flights": {"columns": COLUMNS}}, catalog=catalog))


def databases(stack: Synthesized) -> dict[str, str]:
    return {
        body["name"]: stack.resolved(body["location_uri"])
        for body in stack.all("aws_glue_catalog_database").values()
    }


def test_facts_and_each_project_have_a_database(demo: Synthesized) -> None:
    """Databases are named after the environment, projects' with a word more; files lie in warehouse/."""
    assert databases(demo) == {
        FACTS: f"s3://{BUCKET}/warehouse/facts/",
        "stepwell_growth_dev_project_flights": f"s3://{BUCKET}/warehouse/project/flights/",
    }


def test_without_projects_there_are_facts() -> None:
    """A team without a project has the database of facts alone."""
    assert list(databases(synthesized(settings(projects=[])))) == [FACTS]


def test_without_declarations_there_is_no_table(demo: Synthesized) -> None:
    """Tables are made by flows; nothing is optimized then, and there is no role that would."""
    kinds = {address.split()[0] for address in demo.addresses}
    assert kinds.isdisjoint({"aws_glue_catalog_table", "aws_glue_catalog_table_optimizer"})
    assert "catalog/optimizers/role/role" not in demo.all("aws_iam_role")


def test_a_declared_table_is_an_iceberg_table(full: Synthesized) -> None:
    """The catalog names the first metadata file, which has the columns and partitions of the settings."""
    table = full.one("aws_glue_catalog_table")
    assert (table["name"], table["table_type"]) == ("flights", "EXTERNAL_TABLE")
    assert table["description"] == "One row for each flight"
    file = full.one("aws_s3_object")
    assert table["parameters"]["table_type"] == "ICEBERG"
    assert file["key"].startswith("warehouse/declared/facts/flights/00000-")
    location = f"s3://{BUCKET}/warehouse/facts/flights"
    descriptor = table["storage_descriptor"]
    assert full.resolved(descriptor["location"]) == location
    assert descriptor["columns"] == [
        {"name": "carrier", "type": "string"},
        {"name": "departure", "type": "timestamp"},
        {"name": "price", "type": "decimal(10,2)"},
    ]
    document = json.loads(full.resolved(file["content"]))
    assert document["location"] == location
    fields = document["schemas"][0]["fields"]
    assert [(one["name"], one["type"], one["required"]) for one in fields] == [
        ("carrier", "string", True),
        ("departure", "timestamp", False),
        ("price", "decimal(10, 2)", False),
    ]
    spec = document["partition-specs"][0]["fields"]
    assert [(one["name"], one["transform"]) for one in spec] == [
        ("departure_day", "day"),
        ("carrier", "identity"),
    ]


def test_what_flows_commit_is_no_drift(full: Synthesized) -> None:
    """Terraform makes a table and never changes it, nor destroys it without both keys."""
    lifecycle = full.one("aws_glue_catalog_table")["lifecycle"]
    assert set(lifecycle["ignore_changes"]) >= {"parameters", "storage_descriptor"}
    assert lifecycle["prevent_destroy"] is True
    assert full.one("aws_s3_object")["lifecycle"] == {"ignore_changes": ["content"], "prevent_destroy": True}


def configurations(stack: Synthesized) -> dict[str, dict[str, Any]]:
    found = {}
    for body in stack.all("aws_glue_catalog_table_optimizer").values():
        (found[body["type"]],) = body["configuration"]
        assert (body["database_name"].startswith("${"), body["table_name"].startswith("${")) == (True, True)
    return found


def test_declared_tables_are_kept_in_order(full: Synthesized) -> None:
    """Small files are put together; states go after 90 days, lost files after 7."""
    found = configurations(full)
    assert set(found) == {"compaction", "retention", "orphan_file_deletion"}
    assert all(one["enabled"] is True for one in found.values())
    (retention,) = found["retention"]["retention_configuration"]
    assert retention["iceberg_configuration"] == [
        {
            "snapshot_retention_period_in_days": 90,
            "number_of_snapshots_to_retain": 1,
            "clean_expired_files": True,
        }
    ]
    (orphans,) = found["orphan_file_deletion"]["orphan_file_deletion_configuration"]
    (iceberg,) = orphans["iceberg_configuration"]
    assert iceberg["orphan_file_retention_period_in_days"] == 7
    assert full.resolved(iceberg["location"]) == f"s3://{BUCKET}/warehouse/facts/flights"


def test_how_long_states_are_kept_can_be_chosen() -> None:
    """`snapshot_days` says for how long a run's pinned state can be read again."""
    (retention,) = configurations(made(snapshot_days=30))["retention"]["retention_configuration"]
    assert retention["iceberg_configuration"][0]["snapshot_retention_period_in_days"] == 30


def test_optimizers_can_be_left_out() -> None:
    """With `optimize = false` there are none, and no role of theirs."""
    stack = made(optimize=False)
    assert configurations(stack) == {}
    assert "catalog/optimizers/role/role" not in stack.all("aws_iam_role")
    assert len(stack.all("aws_glue_catalog_table")) == 1


def test_optimizers_reach_fact_tables_only(full: Synthesized) -> None:
    """Their role changes tables of facts and their files, and writes logs: nothing else."""
    statements = full.statements("catalog/optimizers/role")
    by_action = {action: one["Resource"] for one in statements for action in one["Action"]}
    glue = f"arn:aws:glue:us-east-1:{ACCOUNT}"
    assert by_action["glue:UpdateTable"] == [
        f"{glue}:catalog",
        f"{glue}:database/{FACTS}",
        f"{glue}:table/{FACTS}/*",
    ]
    assert by_action["s3:DeleteObject"] == [f"arn:aws:s3:::{BUCKET}/warehouse/facts/*"]
    assert all("/aws-glue/iceberg-" in resource for resource in by_action["logs:PutLogEvents"])


@pytest.mark.parametrize("namespace", ["user/ada", "project/flights"])
def test_each_namespace_has_a_workgroup(demo: Synthesized, namespace: str) -> None:
    """Queries have a limit of what they read, and leave results below tmp/ of their namespace, encrypted."""
    slug = namespace.replace("/", "-")
    workgroup = demo.one("aws_athena_workgroup", f"{slug}/namespace/queries/workgroup")
    assert workgroup["name"] == f"stepwell-growth-dev-{slug}"
    configuration = workgroup["configuration"]
    assert configuration["enforce_workgroup_configuration"] is True
    assert configuration["bytes_scanned_cutoff_per_query"] == 100 * 1024**3
    result = configuration["result_configuration"]
    assert demo.resolved(result["output_location"]) == f"s3://{BUCKET}/tmp/{namespace}/athena/"
    encryption = result["encryption_configuration"]
    assert encryption["encryption_option"] == "SSE_KMS"
    assert demo.resolved(encryption["kms_key_arn"]) == KEY
    parameter = demo.one("aws_ssm_parameter", f"{slug}/namespace/contract")
    mine = NamespaceContract.from_json(demo.resolved(parameter["value"]), "")
    assert mine.workgroup == workgroup["name"]


def test_the_limit_of_queries_can_be_chosen() -> None:
    """`scan_limit_gib` is for every workgroup; without a key of ours S3 encrypts the results."""
    stack = synthesized(settings(catalog={"scan_limit_gib": 5}, encryption="aws"))
    for body in stack.all("aws_athena_workgroup").values():
        assert body["configuration"]["bytes_scanned_cutoff_per_query"] == 5 * 1024**3
        result = body["configuration"]["result_configuration"]
        assert result["encryption_configuration"] == {"encryption_option": "SSE_S3"}


def test_one_queries_in_ones_own_workgroup(demo: Synthesized) -> None:
    """People and tasks of a namespace use its workgroup, and no other's."""
    for role in ("role", "job-role"):
        (statement,) = [
            one
            for one in demo.statements(f"user-ada/namespace/{role}")
            if "athena:StartQueryExecution" in one["Action"]
        ]
        name = f"arn:aws:athena:us-east-1:{ACCOUNT}:workgroup/stepwell-growth-dev-user-ada"
        assert statement["Resource"] == [name]


def grants(stack: Synthesized, role: str) -> dict[str, tuple[Any, ...]]:
    """What Lake Formation grants to a role, by the last part of the resource's path."""
    found = {}
    for path, body in stack.all("aws_lakeformation_permissions").items():
        owner, _, name = path.rpartition("/")
        if owner == role:
            policy = body.get("lf_tag_policy")
            on = (
                (policy["resource_type"], *policy["expression"][0]["values"])
                if policy
                else tuple(body.get("table", body.get("database", {})))
            )
            found[name] = (set(body["permissions"]), on)
    return found


def test_lake_formation_is_an_option(demo: Synthesized, full: Synthesized) -> None:
    """By default nothing of it is there; with it the warehouse is registered under a role of its own."""
    assert not any("lakeformation" in address for address in demo.addresses)
    resource = full.one("aws_lakeformation_resource")
    assert full.resolved(resource["arn"]) == f"arn:aws:s3:::{BUCKET}/warehouse"
    assert full.resolved(resource["role_arn"]) == f"arn:aws:iam::{ACCOUNT}:role/stepwell-growth-dev-lake"
    tagged = {
        path: body["lf_tag"][0]["value"]
        for path, body in full.all("aws_lakeformation_resource_lf_tags").items()
    }
    assert tagged == {"catalog/facts-lake": "facts", "catalog/flights-lake": "projects"}


def test_lake_formation_grants_what_iam_does(full: Synthesized) -> None:
    """Everybody reads all; projects are written by members, facts by data engineers, a project by itself."""
    reads = {
        "lake-databases": ({"DESCRIBE"}, ("DATABASE", "facts", "projects")),
        "lake-tables": ({"DESCRIBE", "SELECT"}, ("TABLE", "facts", "projects")),
    }
    change = {"ALTER", "DELETE", "DROP", "INSERT"}
    projects = {
        "lake-projects-makes": ({"CREATE_TABLE"}, ("DATABASE", "projects")),
        "lake-projects-changes": (change, ("TABLE", "projects")),
    }
    facts = {
        "lake-facts-makes": ({"CREATE_TABLE"}, ("DATABASE", "facts")),
        "lake-facts-changes": (change, ("TABLE", "facts")),
    }
    for role in ("role", "job-role"):
        assert grants(full, f"user-ada/namespace/{role}") == {**reads, **projects}
        assert grants(full, f"user-dana/namespace/{role}") == {**reads, **projects, **facts}
        own = grants(full, f"project-flights/namespace/{role}")
        assert own.keys() == {*reads, "lake-project-makes", "lake-project-changes"}

"""What is only so of the tables of an environment."""

from __future__ import annotations

import boto3
import pyarrow as pa
import pytest
from botocore.exceptions import ClientError

import stepwell
from stepwell.errors import ContractError, NotAllowed, PlatformError, TableError
from stepwell.tables.name import TableName
from stepwell.tables.opening import open_catalog
from tests.runtime.tables.conftest import Environment

ROWS = pa.table({"number": [1, 2]})


def test_it_lies_in_the_bucket(glue: Environment) -> None:
    """Files go below warehouse/project/PROJECT/TABLE/ of the bucket, the table into its database."""
    stepwell.write_table("flights.numbers", ROWS)
    listed = boto3.client("s3").list_objects_v2(Bucket=glue.contract.bucket)["Contents"]
    assert all(one["Key"].startswith("warehouse/project/flights/numbers/") for one in listed)
    database = glue.contract.database("flights")
    (table,) = boto3.client("glue").get_tables(DatabaseName=database)["TableList"]
    assert (table["Name"], table["Parameters"]["table_type"]) == ("numbers", "ICEBERG")


def test_databases_are_made_by_terraform(glue: Environment) -> None:
    """A write to a database that is not there makes none, and says which there are and what to do."""
    with pytest.raises(TableError, match=r"no database 'price' in environment '.*'; .*add it and deploy"):
        stepwell.write_table("price.numbers", ROWS)


def test_a_table_of_another_kind(glue: Environment) -> None:
    """A Glue table that is no Iceberg table is told apart from one that is not there."""
    for name, parameters in (("csv", {}), ("hudi", {"table_type": "HUDI"})):
        boto3.client("glue").create_table(
            DatabaseName=glue.contract.database("facts"),
            TableInput={"Name": name, "Parameters": parameters},
        )
        with pytest.raises(TableError, match=f"facts.{name}: .* not as an Iceberg table"):
            stepwell.table(f"facts.{name}")
        with pytest.raises(TableError, match=f"facts.{name}: .* not as an Iceberg table"):
            stepwell.write_table(f"facts.{name}", ROWS)


def test_an_environment_that_is_not_there(glue: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without a contract is named."""
    monkeypatch.setenv("STEPWELL_ENVIRONMENT", "nobody-dev")
    with pytest.raises(ContractError, match="environment 'nobody-dev' is not deployed"):
        stepwell.table("facts.numbers")


def test_aws_refuses(glue: Environment) -> None:
    """What AWS refuses is one line that begins with the table's name."""
    stepwell.write_table("facts.numbers", ROWS)
    boto3.client("glue").delete_database(Name=glue.contract.database("facts"))
    with pytest.raises((TableError, PlatformError), match=r"^facts.numbers: ") as raised:
        stepwell.write_table("facts.numbers", ROWS)
    assert "\n" not in str(raised.value)


def test_files_that_are_gone(glue: Environment) -> None:
    """Rows whose objects are gone are one line that names the table."""
    table = stepwell.write_table("facts.numbers", ROWS)
    bucket = boto3.resource("s3").Bucket(glue.contract.bucket)
    bucket.objects.filter(Prefix="warehouse/facts/numbers/data/").delete()
    with pytest.raises(TableError, match=r"facts.numbers: environment '.*' answered: ") as raised:
        table.to_arrow()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("refusal", "database", "who"),
    [
        (
            OSError("AWS Error ACCESS_DENIED during PutObject operation: no"),
            "facts",
            "data engineers write them",
        ),
        (
            ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "UpdateTable"),
            "flights",
            "the people and tasks of project 'flights' write",
        ),
    ],
)
def test_who_may_write(glue: Environment, refusal: Exception, database: str, who: str) -> None:
    """What IAM refuses, in Glue or in S3, is one line that says whose the table is."""
    name = TableName(database, "numbers")
    with pytest.raises(NotAllowed, match=who) as raised, open_catalog().reaching(name):
        raise refusal
    assert str(raised.value).startswith(f"{name}: ") and "\n" not in str(raised.value)

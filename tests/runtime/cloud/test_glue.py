from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from pyiceberg.catalog import Catalog, load_catalog

from tests.runtime.cloud.proofs import proves
from tests.runtime.cloud.support import Aws

WRITERS, ROWS = 16, 10


def catalog(aws: Aws, bucket: str) -> Catalog:
    keys = {"region": "us-east-1", "access-key-id": "test", "secret-access-key": "test"}
    return load_catalog(
        "glue",
        type="glue",
        warehouse=f"s3://{bucket}/warehouse",
        **{"glue.endpoint": aws.url, "s3.endpoint": aws.url},
        **{f"{service}.{name}": value for service in ("glue", "s3") for name, value in keys.items()},
    )


def test_sixteen_writers_at_once_lose_no_row(aws: Aws) -> None:
    """16 threads that append to one Iceberg table, retrying refused commits, leave all their rows."""
    bucket, database = aws.bucket(), aws.name("db").replace("-", "_")
    own = catalog(aws, bucket)
    own.create_namespace(database)
    retries = {
        "commit.retry.num-retries": "100",
        "commit.retry.min-wait-ms": "5",
        "commit.retry.max-wait-ms": "200",
    }
    own.create_table(f"{database}.t", pa.schema([("n", pa.int64())]), properties=retries)

    def write(writer: int) -> None:
        table = catalog(aws, bucket).load_table(f"{database}.t")
        table.append(pa.table({"n": list(range(writer * ROWS, (writer + 1) * ROWS))}))

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    rows = own.load_table(f"{database}.t").scan().to_arrow()["n"].to_pylist()
    assert sorted(rows) == list(range(WRITERS * ROWS))


@proves("stale_commits_are_refused")
def test_a_stale_commit_is_refused(aws: Aws) -> None:
    """UpdateTable at a version that is no longer the current one changes nothing."""
    glue, database = aws.client("glue"), aws.name("db")
    glue.create_database(DatabaseInput={"Name": database})
    glue.create_table(DatabaseName=database, TableInput={"Name": "t"})
    version = glue.get_table(DatabaseName=database, Name="t")["Table"]["VersionId"]
    first = {"Name": "t", "Description": "first"}
    glue.update_table(DatabaseName=database, TableInput=first, VersionId=version)
    with pytest.raises(ClientError, match="ConcurrentModificationException"):
        glue.update_table(DatabaseName=database, TableInput={"Name": "t"}, VersionId=version)
    assert glue.get_table(DatabaseName=database, Name="t")["Table"]["Description"] == "first"


@proves("table_optimizers_are_kept")
def test_a_tables_optimizers_are_told(aws: Aws) -> None:
    """The configuration of a table's optimizer comes back, can be changed, and is gone once deleted."""
    glue, database = aws.client("glue"), aws.name("db")
    glue.create_database(DatabaseInput={"Name": database})
    glue.create_table(DatabaseName=database, TableInput={"Name": "t"})
    which = {"CatalogId": "123456789012", "DatabaseName": database, "TableName": "t", "Type": "compaction"}
    role = aws.role("glue.amazonaws.com")
    glue.create_table_optimizer(**which, TableOptimizerConfiguration={"roleArn": role, "enabled": True})
    glue.update_table_optimizer(**which, TableOptimizerConfiguration={"roleArn": role, "enabled": False})
    found = glue.get_table_optimizer(**which)["TableOptimizer"]
    assert (found["type"], found["configuration"]) == ("compaction", {"roleArn": role, "enabled": False})
    glue.delete_table_optimizer(**which)
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        glue.get_table_optimizer(**which)

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from tests.runtime.cloud.proofs import proves
from tests.runtime.cloud.support import Aws, until
from tests.runtime.cloud.test_glue import catalog

LIMIT = 10_000_000
"""Bytes that a query may read: the least that Athena has."""


@dataclass(frozen=True)
class Athena:
    """A workgroup, and an Iceberg table ``numbers`` with two snapshots: 1 and 2, then 3 too."""

    aws: Aws
    bucket: str
    database: str
    snapshots: list[int]

    @staticmethod
    def made(aws: Aws) -> Athena:
        bucket, database = aws.bucket(), aws.name("db").replace("-", "_")
        result = {"OutputLocation": f"s3://{bucket}/results/"}
        aws.client("athena").create_work_group(
            Name=database,
            Configuration={
                "ResultConfiguration": result,
                "EnforceWorkGroupConfiguration": True,
                "BytesScannedCutoffPerQuery": LIMIT,
            },
        )
        glue = catalog(aws, bucket)
        glue.create_namespace(database)
        table = glue.create_table(f"{database}.numbers", pa.schema([("n", pa.int64()), ("t", pa.string())]))
        table.append(pa.table({"n": [2, 1], "t": ["two", None]}))
        table.append(pa.table({"n": [3], "t": ['"three"']}))
        return Athena(aws, bucket, database, [one.snapshot_id for one in table.snapshots()])

    def start(self, query: str) -> str:
        client = self.aws.client("athena")
        return str(
            client.start_query_execution(QueryString=query, WorkGroup=self.database)["QueryExecutionId"]
        )

    def ended(self, query: str) -> dict[str, Any]:
        """A query's execution, once it has ended."""
        id, client = self.start(query), self.aws.client("athena")
        look = lambda: client.get_query_execution(QueryExecutionId=id)["QueryExecution"]  # noqa: E731
        return dict(until(look, lambda one: one["Status"]["State"] not in ("QUEUED", "RUNNING"), 60))

    def object(self, key: str) -> bytes:
        return bytes(self.aws.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def keys(self, prefix: str) -> list[str]:
        found = self.aws.client("s3").list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [one["Key"] for one in found.get("Contents", ())]


@proves("queries_are_executed")
def test_a_query_is_executed(aws: Aws) -> None:
    """The rows of a select are in a CSV file below the workgroup's location, and told with their types, and
    what it has read."""
    athena = Athena.made(aws)
    done = athena.ended(f"select t, n from {athena.database}.numbers order by n desc")
    assert done["Status"]["State"] == "SUCCEEDED", done["Status"]
    assert done["Statistics"]["DataScannedInBytes"] > 0
    key = f"results/{done['QueryExecutionId']}.csv"
    assert done["ResultConfiguration"]["OutputLocation"] == f"s3://{athena.bucket}/{key}"
    assert athena.object(key).decode() == '"t","n"\n"""three""","3"\n"two","2"\n,"1"\n'
    told = aws.client("athena").get_query_results(QueryExecutionId=done["QueryExecutionId"])["ResultSet"]
    assert told["Rows"][-1] == {"Data": [{}, {"VarCharValue": "1"}]}
    assert [one["Type"] for one in told["ResultSetMetadata"]["ColumnInfo"]] == ["varchar", "bigint"]


def test_unload(aws: Aws) -> None:
    """UNLOAD writes the rows that a snapshot had as Parquet files to a place that is empty, no other."""
    athena = Athena.made(aws)
    source = f'"AwsDataCatalog"."{athena.database}"."numbers" FOR VERSION AS OF {athena.snapshots[0]}'
    unload = f"UNLOAD (SELECT n FROM {source}) TO 's3://{athena.bucket}/out/' WITH (format = 'PARQUET')"
    assert athena.ended(unload)["Status"]["State"] == "SUCCEEDED"
    parts = [pq.read_table(io.BytesIO(athena.object(key))) for key in athena.keys("out/")]
    assert sorted(pa.concat_tables(parts)["n"].to_pylist()) == [1, 2]
    assert "HIVE_PATH_ALREADY_EXISTS" in athena.ended(unload)["Status"]["StateChangeReason"]


def test_what_fails(aws: Aws) -> None:
    """A syntax error is refused at once; what is not there, and times of microseconds in Parquet, fail; who
    reads more than the workgroup lets is cancelled."""
    athena = Athena.made(aws)
    with pytest.raises(ClientError, match=r"line 1:.*mismatched input"):
        athena.start("select from where")
    missing = athena.ended(f"select * from {athena.database}.nothing")["Status"]
    assert missing["State"] == "FAILED" and "TABLE_NOT_FOUND" in missing["StateChangeReason"]
    unload = f"UNLOAD (SELECT current_timestamp AS t) TO 's3://{athena.bucket}/t/' WITH (format = 'PARQUET')"
    assert "precision is MILLISECONDS" in athena.ended(unload)["Status"]["StateChangeReason"]
    random = np.random.default_rng(0).integers(1 << 62, size=LIMIT // 7)
    catalog(aws, athena.bucket).load_table(f"{athena.database}.numbers").append(pa.table({"n": random}))
    cancelled = athena.ended(f"select max(n) from {athena.database}.numbers")["Status"]
    assert cancelled["State"] == "CANCELLED" and "Bytes scanned limit" in cancelled["StateChangeReason"]

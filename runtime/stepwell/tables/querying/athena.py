"""A query in Athena: in the workgroup of one's namespace, and its rows from the files that it leaves."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from stepwell import aws, config
from stepwell.contract import Contract, EnvironmentName, owner, query_results
from stepwell.errors import NotAllowed, TableError
from stepwell.store.opening import open_store
from stepwell.tables.name import TableName
from stepwell.tables.querying import duck
from stepwell.tables.querying.translation import Query, Source, unload

_FIRST_WAIT, _LONGEST_WAIT = 0.1, 2.0
_DENIED = ("not authorized", "Access Denied", "AccessDenied", "Insufficient permissions")


class Answer(NamedTuple):
    """What a query gave: rows, Athena's id of it, bytes that it read, and seconds that it took."""

    rows: pa.Table
    id: str
    scanned: int
    seconds: float


def run(
    name: EnvironmentName, query: Query, schema: pa.Schema, snapshots: Mapping[TableName, int | None]
) -> Answer:
    """Run a query at the snapshots of its tables.

    Args:
        schema: of its rows, as DuckDB has them; Athena's are turned into these types.

    Raises:
        TableError: Athena can't run it, or ended it because it reads too much.
        NotAllowed: IAM refuses.
        PlatformError: Athena can't be reached.
    """
    contract, namespace = aws.contract(name), config.namespace()
    workgroup = aws.namespace_contract(name, namespace).workgroup
    location = f"s3://{contract.bucket}/{query_results(owner(namespace))}{uuid.uuid4().hex}/"
    statement = unload(query, schema, _sources(snapshots, contract), location)
    client = aws.client("athena", contract.region)
    began = time.monotonic()
    with aws.translated("sql"):
        try:
            id = client.start_query_execution(QueryString=statement, WorkGroup=workgroup)["QueryExecutionId"]
        except client.exceptions.InvalidRequestException as error:
            raise _refused(error.response["Error"]["Message"], client, workgroup) from error
        told = _ended(client, id)
    if told["Status"]["State"] != "SUCCEEDED":
        raise _refused(told["Status"].get("StateChangeReason") or "it was stopped", client, workgroup)
    rows = _ordered(_read(location, schema), query, schema)
    return Answer(rows, id, told["Statistics"].get("DataScannedInBytes", 0), time.monotonic() - began)


def _sources(snapshots: Mapping[TableName, int | None], contract: Contract) -> dict[TableName, Source]:
    return {
        name: Source(contract.database(name.database), name.table, snapshot)
        for name, snapshot in snapshots.items()
    }


def _ended(client: Any, id: str) -> dict[str, Any]:
    """A query's execution once it has ended; it is stopped where waiting for it is."""
    wait = _FIRST_WAIT
    try:
        while True:
            told: dict[str, Any] = client.get_query_execution(QueryExecutionId=id)["QueryExecution"]
            if told["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return told
            time.sleep(wait)
            wait = min(1.5 * wait, _LONGEST_WAIT)
    except BaseException:
        client.stop_query_execution(QueryExecutionId=id)
        raise


def _refused(reason: str, client: Any, workgroup: str) -> Exception:
    """What Athena says as an error of ours."""
    reason = " ".join(reason.split()).rstrip(".")
    if "Bytes scanned limit" in reason:
        with aws.translated("sql"):
            found = client.get_work_group(WorkGroup=workgroup)["WorkGroup"]["Configuration"]
        most = found["BytesScannedCutoffPerQuery"] / 2**30
        return TableError(
            f"sql: Athena ended the query, for it reads more than the {most:,.3g} GiB that workgroup "
            f"'{workgroup}' lets a query read (catalog.scan_limit_gib); name fewer columns, or filter by "
            "what the table is sorted or partitioned by"
        )
    if any(one in reason for one in _DENIED):
        return NotAllowed(f"sql: Athena answered: {reason}; ask who runs the environment for the right")
    return TableError(f"sql: Athena answered: {reason}; engine='duckdb' runs it here")


def _read(location: str, schema: pa.Schema) -> pa.Table:
    """The rows that were left below a location, in columns of the types of `schema`."""
    store = open_store(location)
    keys = [one.key for one in store.list("") if one.size]
    parts = [pq.read_table(pa.BufferReader(one)) for one in store.get_many(keys)]
    if not parts:
        return schema.empty_table()
    found = pa.concat_tables(parts)
    columns = []
    for number, field in enumerate(schema):
        column = found.column(f"c{number}")
        try:
            columns.append(_reader(field.type)(column))
        except pa.ArrowException as error:
            raise TableError(
                f"sql: Athena gave column {number + 1}, '{field.name}', as {column.type}, and not as "
                f"{field.type}; cast it in the query, or engine='duckdb' runs it here"
            ) from error
    return pa.Table.from_arrays(columns, schema=schema)


def _reader(kind: Any) -> Callable[[Any], Any]:
    """How a column of a type is made of what was written."""
    if pa.types.is_null(kind):
        return lambda column: pa.chunked_array([pa.nulls(len(column))])
    if pa.types.is_timestamp(kind):
        return lambda column: column.cast(pa.timestamp(kind.unit)).cast(pa.int64()).cast(kind)
    return lambda column: column.cast(kind)


def _ordered(rows: pa.Table, query: Query, schema: pa.Schema) -> pa.Table:
    """The rows in the query's order, without the columns that are there for it only."""
    if query.order:
        numbers = sorted({number for number, _ in query.order})
        keys = {f"c{number}": rows.column(number) for number in numbers}
        view = pa.table({**keys, "row": pa.array(range(rows.num_rows), pa.int64())})
        by = ", ".join(f"c{number}{how}" for number, how in query.order)
        name = TableName("query", "rows")
        rows = rows.take(duck.rows(f'select "row" from query.rows order by {by}', {name: view})["row"])
    shown = len(schema) - query.hidden
    return rows.select(list(range(shown)))

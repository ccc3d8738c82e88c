"""Athena's part of the local cloud: SQL over the Iceberg tables of Glue, executed by DuckDB.

What a query touches it touches with its caller's keys, so that IAM decides as it does for Athena.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from botocore.exceptions import BotoCoreError, ClientError
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.table import StaticTable
from sqlglot import exp, parse_one
from sqlglot.errors import ParseError

from stepwell.cloud.identities import Keys
from stepwell.errors import TableError
from stepwell.tables import files
from stepwell.tables.arrow import plain_schema
from stepwell.tables.name import TableName
from stepwell.tables.querying import duck, estimate, translation

_UNLOAD = re.compile(
    r"\s*UNLOAD\s*\((?P<select>.*)\)\s*TO\s*'(?P<location>s3://[^']+/)'\s*WITH\s*\((?P<how>[^)]*)\)\s*",
    re.IGNORECASE | re.DOTALL,
)
_TIMES = re.compile(r"\b(timestamp|time32|time64)\[")
_DENIED = re.compile("AccessDenied|ACCESS_DENIED")
_PARQUET = re.compile(r"\s*format\s*=\s*'PARQUET'\s*", re.IGNORECASE)


class Wrong(Exception):
    """What a query fails with, as Athena says it."""


class TooMuch(Exception):
    """A query reads more than its workgroup lets it."""


@dataclass(slots=True)
class Execution:
    """A query as it is executed.

    Attributes:
        query: its text.
        output: where Athena puts its result: an object's URL without an extension.
        most: bytes that it may read; None for any number.
        scanned: bytes that it has read.
        rows: its result, where it is no ``UNLOAD``.
    """

    query: str
    output: str
    most: int | None
    scanned: int = 0
    rows: pa.Table | None = None
    _unload: re.Match[str] | None = field(init=False)
    _tree: exp.Query = field(init=False)

    def __post_init__(self) -> None:
        """Raises `Wrong` where it can't be read: Athena doesn't take such a query."""
        self._unload = _UNLOAD.fullmatch(self.query)
        select = self._unload["select"] if self._unload else self.query
        try:
            tree = parse_one(select, dialect="athena")
        except ParseError as error:
            at = error.errors[0]
            raise Wrong(f"line {at['line']}:{at['col']}: mismatched input '{at['highlight']}'") from error
        if not isinstance(tree, exp.Query) or (self._unload and not _PARQUET.fullmatch(self._unload["how"])):
            raise Wrong("Queries of this type are not supported by the local cloud")
        self._tree = tree

    def run(self, keys: Keys, region: str, endpoint: str) -> None:
        """Execute it as whoever has the keys.

        Raises:
            Wrong: it fails.
            TooMuch: it reads more than `most`.
        """
        account = _Account(keys, region, endpoint)
        try:
            self._run(account)
        except TableError as error:
            raise Wrong(f"GENERIC_USER_ERROR: {str(error).removeprefix('sql: ')}") from error
        except (ClientError, BotoCoreError, OSError) as error:
            denied = "Insufficient permissions to execute the query." if _DENIED.search(str(error)) else None
            raise Wrong(f"{denied or 'GENERIC_INTERNAL_ERROR:'} {error}") from error

    def _run(self, account: _Account) -> None:
        reads: dict[TableName, estimate.Read] = {}
        views: dict[TableName, Any] = {}
        for node in [node for node in self._tree.find_all(exp.Table) if node.db]:
            version = node.args.get("version")
            at = int(version.expression.name) if version else None
            read = account.table(node.db, node.name, at)
            # one table may be read at several snapshots
            name = TableName(node.db, node.name if at is None else f"{node.name}@{at}")
            reads[name], views[name] = read, _view(read)
            here = exp.table_(name.table, name.database, quoted=True, alias=node.alias or node.name)
            node.replace(here)
        query = self._tree.sql("duckdb")
        self.scanned = estimate.scanned(translation.resolved(query, duck.types(views)), reads)
        if self.most is not None and self.scanned > self.most:
            raise TooMuch
        rows = duck.rows(query, views)
        if self._unload:
            self._unloaded(rows, account, self._unload["location"])
            return
        self.rows = rows
        cells = pa.table([column.cast(pa.string()) for column in rows.columns], rows.column_names)
        account.put(f"{self.output}.csv", _csv(cells))

    def _unloaded(self, rows: pa.Table, account: _Account, location: str) -> None:
        """Write the rows side by side into several files, as Athena does: none knows the others' order."""
        for column in rows.schema:
            if _TIMES.search(str(column.type)):
                raise Wrong(
                    "NOT_SUPPORTED: Incorrect timestamp precision for timestamp(6); the configured precision "
                    f"is MILLISECONDS; column name: {column.name}"
                )
        if account.has(location):
            raise Wrong(f"HIVE_PATH_ALREADY_EXISTS: Target directory '{location}' already exists")
        written = []
        for number in range(min(2, rows.num_rows)):
            file = io.BytesIO()
            pq.write_table(rows.take(list(range(rows.num_rows))[number::2]), file)
            written.append(f"{location}{self.output.rpartition('/')[2]}_{number}")
            account.put(written[-1], file.getvalue())
        account.put(f"{self.output}-manifest.csv", "".join(f"{one}\n" for one in written).encode())


@dataclass(frozen=True, slots=True)
class _Account:
    """The account as somebody sees it."""

    keys: Keys
    region: str
    endpoint: str

    def table(self, database: str, table: str, at: int | None) -> estimate.Read:
        """A table of Glue at a snapshot; raises `Wrong`."""
        try:
            told = self._client("glue").get_table(DatabaseName=database, Name=table)["Table"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityNotFoundException":
                raise
            named = f"'awsdatacatalog.{database}.{table}'"
            raise Wrong(f"TABLE_NOT_FOUND: line 1:1: Table {named} does not exist") from error
        iceberg = StaticTable.from_metadata(told["Parameters"]["metadata_location"], self._files)
        snapshot = iceberg.current_snapshot() if at is None else iceberg.snapshot_by_id(at)
        if snapshot is None and at is not None:
            raise Wrong(f"INVALID_ARGUMENTS: Iceberg snapshot ID does not exists: {at}")
        schema = iceberg.schemas()[snapshot.schema_id or 0] if snapshot else iceberg.schema()
        return estimate.Read(iceberg, schema, snapshot.snapshot_id if snapshot else None)

    def put(self, url: str, data: bytes) -> None:
        bucket, _, key = url.removeprefix("s3://").partition("/")
        self._client("s3").put_object(Bucket=bucket, Key=key, Body=data)

    def has(self, url: str) -> bool:
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        return bool(self._client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["KeyCount"])

    @property
    def _files(self) -> dict[str, str]:
        named = {
            "s3.endpoint": self.endpoint, "s3.region": self.region,
            "s3.access-key-id": self.keys.key, "s3.secret-access-key": self.keys.secret,
        }  # fmt: skip
        return named | ({"s3.session-token": self.keys.token} if self.keys.token else {})

    def _client(self, service: str) -> Any:
        session = boto3.Session(self.keys.key, self.keys.secret, self.keys.token, self.region)
        return session.client(service, endpoint_url=self.endpoint)  # type: ignore[call-overload]


def _view(read: estimate.Read) -> Any:
    schema = plain_schema(read.schema.as_arrow())
    if read.snapshot_id is None:
        return schema.empty_table()
    tasks = files.planned(read.iceberg, read.snapshot_id, AlwaysTrue())
    if files.is_plain(read.iceberg, tasks):
        return files.dataset(read.iceberg, schema, files.whole(tasks))
    return read.iceberg.scan(snapshot_id=read.snapshot_id).to_arrow()


def _csv(cells: pa.Table) -> bytes:
    file = io.BytesIO()
    pyarrow.csv.write_csv(cells, file, pyarrow.csv.WriteOptions(quoting_style="all_valid"))
    return file.getvalue()


def result_set(rows: pa.Table) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A result's rows, the names of its columns before them, and its columns, as `GetQueryResults` tells."""
    cells = [column.cast(pa.string()).to_pylist() for column in rows.columns]
    lines = [list(rows.column_names), *map(list, zip(*cells, strict=True))]
    data: Callable[[Any], Mapping[str, str]] = lambda cell: {} if cell is None else {"VarCharValue": cell}  # noqa: E731
    kinds = duck.types({TableName("the", "result"): rows})[TableName("the", "result")].values()
    columns = [
        {"Name": name, "Type": exp.DataType.build(kind, dialect="duckdb").sql("athena").lower()}
        for name, kind in zip(rows.column_names, kinds, strict=True)
    ]
    return [{"Data": [data(cell) for cell in line]} for line in lines], columns

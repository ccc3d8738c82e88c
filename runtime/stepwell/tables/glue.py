"""Tables of an environment: Glue and S3."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from pyiceberg.catalog import glue

from stepwell import aws
from stepwell.contract import FACTS, Contract, EnvironmentName
from stepwell.errors import NotAllowed, TableError
from stepwell.tables.catalog import TableCatalog
from stepwell.tables.name import TableName

_DENIED = re.compile("ACCESS_DENIED|AccessDenied|not authorized")


class GlueCatalog(TableCatalog):
    """Glue and S3 of an environment; Terraform makes the databases."""

    def __init__(self, name: EnvironmentName, contract: Contract, environ: Mapping[str, str]) -> None:
        self.where = f"environment '{name}'"
        self._contract = contract
        properties = {"s3.region": contract.region, **_credentials()}
        endpoint = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL")
        if endpoint:
            properties["s3.endpoint"] = endpoint
        super().__init__(glue.GlueCatalog("stepwell", aws.client("glue", contract.region), **properties))

    @contextmanager
    def reaching(self, name: TableName | str) -> Iterator[None]:
        try:
            with aws.translated(str(name)), super().reaching(name):
                yield
        except (NotAllowed, TableError) as error:
            # Arrow's S3 client says it in an OSError, Glue in a ClientError
            if isinstance(error, TableError) and not _DENIED.search(str(error)):
                raise
            database = name.database if isinstance(name, TableName) else FACTS
            raise NotAllowed(f"{error}; {_who(database)}") from error

    def databases(self) -> list[str]:
        prefix = self._contract.database_prefix
        known = (name for (name,) in self._iceberg.list_namespaces())
        return [name.removeprefix(prefix) for name in known if name.startswith(prefix)]

    def _database(self, name: TableName) -> str:
        return self._contract.database(name.database)

    def _location(self, name: TableName) -> str:
        return f"{self._contract.location(name.database)}/{name.table}"

    def _make_database(self, name: TableName) -> None:
        pass


def _who(database: str) -> str:
    """Who may write a database, as IAM has it."""
    if database == FACTS:
        return (
            "everybody reads facts, and data engineers write them: users with role = 'data-engineer' in "
            "environments.toml"
        )
    return (
        f"everybody reads the tables of '{database}', and the people and tasks of project '{database}' write "
        "them, as environments.toml names them"
    )


def _credentials() -> dict[str, Any]:
    """The caller's keys for Arrow's S3 client, which knows no profile that assumes a role.

    They are taken for each table anew, so that they are fresh when temporary ones expire.
    """
    found = boto3.Session().get_credentials()
    if found is None:
        return {}
    keys = found.get_frozen_credentials()
    named = {
        "s3.access-key-id": keys.access_key,
        "s3.secret-access-key": keys.secret_key,
        "s3.session-token": keys.token,
    }
    return {name: value for name, value in named.items() if value}

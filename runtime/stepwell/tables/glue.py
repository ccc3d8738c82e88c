"""Tables of an environment: Glue and S3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from pyiceberg.catalog import glue

from stepwell import aws
from stepwell.contract import Contract, EnvironmentName
from stepwell.tables.catalog import TableCatalog
from stepwell.tables.name import TableName


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
        with aws.translated(str(name)), super().reaching(name):
            yield

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

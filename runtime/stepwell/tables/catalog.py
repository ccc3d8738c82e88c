"""Where tables are kept: a SQLite catalog and a local folder, or Glue and S3.

`open_catalog` chooses by STEPWELL_ENVIRONMENT alone; everything above it is the same for both.
See ``docs/decisions/0040-tables-follow-the-environment.md``.
"""

from __future__ import annotations

import logging
import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pyarrow as pa
from pyiceberg.catalog import MetastoreCatalog
from pyiceberg.exceptions import (
    NoSuchIcebergTableError,
    NoSuchNamespaceError,
    NoSuchPropertyException,
    NoSuchTableError,
)
from pyiceberg.table import Table as IcebergTable

from stepwell import aws, config
from stepwell.contract import TABLE_PROPERTIES
from stepwell.errors import TableError, did_you_mean
from stepwell.tables.name import TableName

# pyiceberg logs and warns about what is normal here, such as a commit that another writer outran
logging.getLogger("pyiceberg").addHandler(logging.NullHandler())
warnings.filterwarnings("ignore", module=r"pyiceberg\.")


def open_catalog(environ: Mapping[str, str] = os.environ) -> TableCatalog:
    """The catalog of the environment that STEPWELL_ENVIRONMENT names, else the one in STEPWELL_HOME.

    Raises:
        UsageError: STEPWELL_ENVIRONMENT has another form.
        ContractError: there is no such environment.
        TableError: the local catalog can't be opened.
    """
    name = aws.environment_name(environ)
    if name is None:
        from stepwell.tables.local import LocalCatalog

        return LocalCatalog(config.home(environ))
    from stepwell.tables.glue import GlueCatalog

    return GlueCatalog(name, aws.contract(name), environ)


class TableCatalog(ABC):
    """A pyiceberg catalog, with our names and our errors.

    Attributes:
        where: what it is, for messages.
    """

    where: str

    def __init__(self, iceberg: MetastoreCatalog) -> None:
        self._iceberg = iceberg

    @abstractmethod
    def _database(self, name: TableName) -> str:
        """What the database of a table is called in this catalog."""

    @abstractmethod
    def _location(self, name: TableName) -> str:
        """Where the files of a new table go."""

    @abstractmethod
    def _make_database(self, name: TableName) -> None:
        """Make the database of a table if there is none and this is the place to do so."""

    @contextmanager
    def reaching(self, name: TableName) -> Iterator[None]:
        """Turn what fails below us in the block into one line."""
        try:
            yield
        except OSError as error:
            raise TableError(f"{name}: {self.where} answered: {error}".replace("\n", " ")) from error

    def load(self, name: TableName) -> IcebergTable:
        """The table as it is now.

        Raises:
            TableError: there is no such table, or it can't be reached.
        """
        with self.reaching(name):
            found = self._find(name)
            if found is not None:
                return found
            known = self._tables(name)
        near = did_you_mean(str(name), (f"{name.database}.{table}" for table in known))
        raise TableError(
            f"{name}: there is no such table in {self.where}{near}; "
            f"the tables of '{name.database}' are {', '.join(known) or 'none'}; "
            f"write_table('{name}', data) makes it"
        )

    def load_or_create(self, name: TableName, schema: pa.Schema) -> IcebergTable:
        """The table, made with the columns of `schema` if there is none.

        Raises:
            TableError: the database is not there, or the table can't be reached.
        """
        with self.reaching(name):
            self._make_database(name)
            found = self._find(name)
            if found is not None:
                return found
            untyped = [field.name for field in schema if field.type == pa.null()]
            if untyped:
                raise TableError(
                    f"{name}: column '{untyped[0]}' of the new table holds only nulls, so its type is "
                    "unknown; cast it to the type it will have"
                )
            try:
                return self._iceberg.create_table_if_not_exists(
                    self._identifier(name),
                    schema,
                    location=self._location(name),
                    properties=TABLE_PROPERTIES,
                )
            except NoSuchNamespaceError:
                raise TableError(
                    f"{name}: there is no database '{name.database}' in {self.where}; the databases are "
                    "'facts' and the projects of environments.toml: name one of them, or add it and deploy"
                ) from None

    def _identifier(self, name: TableName) -> tuple[str, str]:
        return self._database(name), name.table

    def _find(self, name: TableName) -> IcebergTable | None:
        try:
            return self._iceberg.load_table(self._identifier(name))
        except (NoSuchIcebergTableError, NoSuchPropertyException):
            raise TableError(
                f"{name}: {self.where} has it, but not as an Iceberg table; "
                "read it with another tool, or use a table of another name"
            ) from None
        except NoSuchTableError:
            return None

    def _tables(self, name: TableName) -> list[str]:
        try:
            return sorted(table for *_, table in self._iceberg.list_tables(self._database(name)))
        except NoSuchNamespaceError:
            return []

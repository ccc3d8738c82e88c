"""What every catalog of tables can do, wherever it is: `stepwell.tables.opening` opens one."""

from __future__ import annotations

import logging
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

import pyarrow as pa
from pyiceberg.catalog import MetastoreCatalog
from pyiceberg.exceptions import (
    NoSuchIcebergTableError,
    NoSuchNamespaceError,
    NoSuchPropertyException,
    NoSuchTableError,
)
from pyiceberg.partitioning import PARTITION_FIELD_ID_START, PartitionField, PartitionSpec
from pyiceberg.schema import assign_fresh_schema_ids
from pyiceberg.table import Table as IcebergTable
from pyiceberg.transforms import IdentityTransform

from stepwell.contract import TABLE_PROPERTIES
from stepwell.errors import TableError, did_you_mean
from stepwell.tables.name import TableName

# pyiceberg logs and warns about what is normal here, such as a commit that another writer outran
logging.getLogger("pyiceberg").addHandler(logging.NullHandler())
warnings.filterwarnings("ignore", module=r"pyiceberg\.")
warnings.filterwarnings("ignore", "Delete operation did not match")


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

    @abstractmethod
    def databases(self) -> list[str]:
        """The databases there are, as tables are named by them."""

    def names(self) -> list[TableName]:
        """All tables, by name.

        Raises:
            TableError: the catalog can't be reached.
        """
        with self.reaching("tables"):
            found = [TableName(one, table) for one in self.databases() for table in self._tables(one)]
        return sorted(found, key=str)

    def turn(self) -> AbstractContextManager[None]:
        """Wait until it is this writer's turn to commit, where writers can wait for one another."""
        return nullcontext()

    @contextmanager
    def reaching(self, name: TableName | str) -> Iterator[None]:
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
            found = self.find(name)
            if found is not None:
                return found
            known = self._tables(name.database)
        near = did_you_mean(str(name), (f"{name.database}.{table}" for table in known))
        raise TableError(
            f"{name}: there is no such table in {self.where}{near}; "
            f"the tables of '{name.database}' are {', '.join(known) or 'none'}; "
            f"write_table('{name}', data) makes it"
        )

    def load_or_create(
        self, name: TableName, schema: pa.Schema, partition_by: Sequence[str] = ()
    ) -> IcebergTable:
        """The table, made with the columns of `schema` if there is none, a partition for each value of some.

        Raises:
            TableError: the database is not there, or the table can't be reached.
        """
        with self.reaching(name):
            self._make_database(name)
            found = self.find(name)
            if found is not None:
                return found
            untyped = [field.name for field in schema if field.type == pa.null()]
            if untyped:
                raise TableError(
                    f"{name}: column '{untyped[0]}' of the new table holds only nulls, so its type is "
                    "unknown; cast it to the type it will have"
                )
            try:
                columns = assign_fresh_schema_ids(self._iceberg._convert_schema_if_needed(schema))
                ids = [columns.find_field(column).field_id for column in partition_by]
                spec = PartitionSpec(
                    *(
                        PartitionField(id, PARTITION_FIELD_ID_START + place, IdentityTransform(), column)
                        for place, (id, column) in enumerate(zip(ids, partition_by, strict=True))
                    )
                )
                return self._iceberg.create_table_if_not_exists(
                    self._identifier(name),
                    columns,
                    self._location(name),
                    spec,
                    properties=TABLE_PROPERTIES,
                )
            except NoSuchNamespaceError:
                raise TableError(
                    f"{name}: there is no database '{name.database}' in {self.where}; the databases are "
                    "'facts' and the projects of environments.toml: name one of them, or add it and deploy"
                ) from None

    def _identifier(self, name: TableName) -> tuple[str, str]:
        return self._database(name), name.table

    def find(self, name: TableName) -> IcebergTable | None:
        """The table as it is now, if there is one."""
        try:
            return self._iceberg.load_table(self._identifier(name))
        except (NoSuchIcebergTableError, NoSuchPropertyException):
            raise TableError(
                f"{name}: {self.where} has it, but not as an Iceberg table; "
                "read it with another tool, or use a table of another name"
            ) from None
        except NoSuchTableError:
            return None

    def _tables(self, database: str) -> list[str]:
        try:
            listed = self._iceberg.list_tables(self._database(TableName(database, "")))
        except NoSuchNamespaceError:
            return []
        return sorted(table for *_, table in listed)

"""Tables on this machine: a SQLite catalog, and Parquet files in a folder."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from pyiceberg.catalog.sql import SqlCatalog
from sqlalchemy.exc import SQLAlchemyError

from stepwell.errors import TableError
from stepwell.tables.catalog import TableCatalog
from stepwell.tables.name import TableName

_SQLITE_LOCK_SECONDS = 60


class LocalCatalog(TableCatalog):
    """``catalog.db`` and ``warehouse/`` in a folder of this machine."""

    def __init__(self, home: Path) -> None:
        self.where = str(home)
        self._warehouse = home / "warehouse"
        self._lock = home / "catalog.lock"
        try:
            home.mkdir(parents=True, exist_ok=True)
            # the first process makes the catalog's own tables; the others would trip over half of them
            with self._locked():
                super().__init__(
                    SqlCatalog("stepwell", uri=f"sqlite:///{home}/catalog.db?timeout={_SQLITE_LOCK_SECONDS}")
                )
        except (OSError, SQLAlchemyError) as error:
            raise TableError(
                f"tables can't be kept in {home}: {_reason(error)}; set STEPWELL_HOME to a folder this user "
                "may write"
            ) from error

    @contextmanager
    def reaching(self, name: TableName | str) -> Iterator[None]:
        try:
            with super().reaching(name):
                yield
        except SQLAlchemyError as error:
            raise TableError(f"{name}: the catalog in {self.where} answered: {_reason(error)}") from error

    def turn(self) -> AbstractContextManager[None]:
        # of sixteen that commit at once fifteen would do it in vain, again and again
        return self._locked()

    def databases(self) -> list[str]:
        return [name for (name,) in self._iceberg.list_namespaces()]

    def _database(self, name: TableName) -> str:
        return name.database

    def _location(self, name: TableName) -> str:
        return str(self._warehouse / name.database / name.table)

    def _make_database(self, name: TableName) -> None:
        with self._locked():
            self._iceberg.create_namespace_if_not_exists(name.database)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _reason(error: Exception) -> str:
    """What SQLite or the file system said, without SQLAlchemy's notes below it."""
    return str(getattr(error, "orig", error))

"""AWS Glue."""

from __future__ import annotations

import threading
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.glue.exceptions import EntityNotFoundException, GlueClientError
from moto.glue.responses import GlueResponse

from stepwell.cloud.patches.replacing import adds, replaces

_commits = threading.Lock()


def stale_commits_are_refused() -> None:
    """moto ignores the ``VersionId`` of ``UpdateTable``: concurrent Iceberg commits lose rows silently.

    AWS: API Reference, ``UpdateTable``: the version at which the update is made; another one there
    is a ``ConcurrentModificationException``.
    """

    @replaces(GlueResponse, "update_table")
    def update_table(original: Any, self: Any) -> Any:
        expected = self.parameters.get("VersionId")
        with _commits:
            if expected is not None:
                database, name = self.parameters["DatabaseName"], self.parameters["TableInput"]["Name"]
                current = self.glue_backend.get_table(database, name).as_dict()["VersionId"]
                if current != expected:
                    raise GlueClientError(
                        "ConcurrentModificationException",
                        "Update table failed due to concurrent modifications.",
                    )
            return original(self)


def table_optimizers_are_kept() -> None:
    """moto has no table optimizers.

    It keeps and returns their configuration; nothing is optimized.
    AWS: API Reference, ``CreateTableOptimizer``, ``GetTableOptimizer``, ``UpdateTableOptimizer``,
    ``DeleteTableOptimizer``.
    """

    def kept(response: Any) -> dict[tuple[str, ...], Any]:
        found: dict[tuple[str, ...], Any] = vars(response.glue_backend).setdefault("optimizers", {})
        return found

    def key(response: Any) -> tuple[str, ...]:
        return tuple(response.parameters[name] for name in ("DatabaseName", "TableName", "Type"))

    def existing(response: Any) -> Any:
        try:
            return kept(response)[key(response)]
        except KeyError:
            raise EntityNotFoundException("the table has no such optimizer") from None

    @adds(GlueResponse)
    def create_table_optimizer(self: Any) -> Any:
        kept(self)[key(self)] = self.parameters["TableOptimizerConfiguration"]
        return EmptyResult()

    @adds(GlueResponse)
    def update_table_optimizer(self: Any) -> Any:
        existing(self)
        return self.create_table_optimizer()

    @adds(GlueResponse)
    def get_table_optimizer(self: Any) -> Any:
        database, table, kind = key(self)
        found = {"type": kind, "configuration": existing(self)}
        catalog = self.parameters.get("CatalogId")
        return ActionResult(
            {"CatalogId": catalog, "DatabaseName": database, "TableName": table, "TableOptimizer": found}
        )

    @adds(GlueResponse)
    def delete_table_optimizer(self: Any) -> Any:
        existing(self)
        del kept(self)[key(self)]
        return EmptyResult()


PATCHES = (stale_commits_are_refused, table_optimizers_are_kept)

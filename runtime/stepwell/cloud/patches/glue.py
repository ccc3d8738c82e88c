"""AWS Glue."""

from __future__ import annotations

import threading
from typing import Any

from moto.glue.exceptions import GlueClientError
from moto.glue.responses import GlueResponse

from stepwell.cloud.patches.replacing import replaces

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


PATCHES = (stale_commits_are_refused,)

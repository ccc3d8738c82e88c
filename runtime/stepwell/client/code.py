"""The code that a run ran."""

from __future__ import annotations

import tarfile
from pathlib import Path

from stepwell.archive import open_archive
from stepwell.datastore import Datastore


class Code:
    """The code package of a run; it is fetched when it is first looked into.

    Attributes:
        sha256: its hash: runs of the same code have the same.
    """

    def __init__(self, datastore: Datastore, sha256: str) -> None:
        self.sha256 = sha256
        self._datastore = datastore

    @property
    def tarball(self) -> tarfile.TarFile:
        """The package, opened. Raises `NotFound` where it is gone."""
        return open_archive(self._datastore.code(self.sha256))

    @property
    def files(self) -> list[str]:
        """The files in it, relative to the folder of the flow's file."""
        with self.tarball as tar:
            return tar.getnames()

    def extract(self, folder: str | Path) -> Path:
        """Unpack it into a folder, which is made where there is none."""
        with self.tarball as tar:
            tar.extractall(folder, filter="data")
        return Path(folder)

    def __repr__(self) -> str:
        return f"<code {self.sha256[:12]}>"

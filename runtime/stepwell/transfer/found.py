"""An object that was asked for."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path


@dataclass(slots=True, eq=False)
class S3Object:
    """An object; its names are Metaflow's.

    Attributes:
        prefix: the root that it was asked of.
        key: its name below the root.
        url: its whole name.
        size: in bytes; None where there is no such object.
        etag: changes when the object does.
        last_modified: in UTC.
        content_type, metadata: as they were given when it was put; not known of listed ones.
        downloaded: whether its content was fetched.
    """

    prefix: str
    key: str
    url: str
    size: int | None = None
    etag: str | None = None
    last_modified: datetime | None = None
    content_type: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    downloaded: bool = False
    _data: memoryview | None = None
    _path: Path | None = None
    _folder: Path | None = None

    @property
    def exists(self) -> bool:
        """Whether there is such an object."""
        return self.size is not None

    @property
    def blob(self) -> bytes | None:
        """Its content; None where it was not fetched."""
        if self._data is not None:
            return bytes(self._data)
        return self._path.read_bytes() if self._path else None

    @property
    def text(self) -> str | None:
        """Its content as UTF-8."""
        blob = self.blob
        return None if blob is None else blob.decode()

    @property
    def path(self) -> str | None:
        """A local file with its content, until the `S3` is closed; None where it was not fetched."""
        if self._path is None and self._data is not None:
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
                file.write(self._data)
            self._path, self._data = Path(file.name), None
        return str(self._path) if self._path else None

    def __repr__(self) -> str:
        return f"<S3Object {self.url}, {'not there' if self.size is None else f'{self.size:,} bytes'}>"

"""Code packages as archives: tar files compressed with Zstandard."""

from __future__ import annotations

import io
import tarfile


def open_archive(data: bytes) -> tarfile.TarFile:
    """The tar file in a code package."""
    import pyarrow as pa

    with pa.input_stream(pa.BufferReader(data), compression="zstd") as stream:
        return tarfile.open(fileobj=io.BytesIO(stream.read()))

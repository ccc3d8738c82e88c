"""The code package of a flow: the same files give the same bytes, whenever and wherever packed."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stepwell.errors import UsageError

SUFFIXES = (".py", ".sql", ".toml", ".json", ".yaml", ".yml", ".txt")
"""Which files go into a package: code, and the small text files that code reads."""
MAX_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class CodePackage:
    """A packed folder of code.

    Attributes:
        sha256: hash of `data`, its name in the datastore.
        flow_file: the flow's file, relative to the package.
        data: a tar archive, compressed with Zstandard.
        files: what is in it, sorted.
    """

    sha256: str
    flow_file: str
    data: bytes
    files: tuple[str, ...]


def pack(flow_file: Path) -> CodePackage:
    """Pack the folder of a flow's file.

    Left out are hidden files and folders, caches, virtual environments and ``node_modules``.

    Raises:
        UsageError: the files are too large together; the message names the largest.
    """
    import pyarrow as pa

    folder = flow_file.resolve().parent
    files = sorted(_files(folder), key=lambda path: path.relative_to(folder).as_posix())
    total = sum(path.stat().st_size for path in files)
    if total > MAX_BYTES:
        largest = sorted(files, key=lambda path: -path.stat().st_size)[:3]
        named = ", ".join(f"{path.relative_to(folder)} ({path.stat().st_size:,} bytes)" for path in largest)
        raise UsageError(
            f"{folder}: {total:,} bytes of code to package, above the limit of {MAX_BYTES:,}; "
            f"the largest files are {named}; move the flow to a folder of its own"
        )
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in files:
            entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
            entry.size = path.stat().st_size
            entry.mode = 0o644
            with path.open("rb") as file:
                tar.addfile(entry, file)
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(archive.getvalue())
    data = sink.getvalue().to_pybytes()
    return CodePackage(
        hashlib.sha256(data).hexdigest(), flow_file.name, data,
        tuple(path.relative_to(folder).as_posix() for path in files),
    )  # fmt: skip


def unpack(data: bytes, folder: Path) -> None:
    """Unpack a code package into a folder."""
    import pyarrow as pa

    with pa.input_stream(pa.BufferReader(data), compression="zstd") as stream:
        archive = stream.read()
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")


def _files(folder: Path) -> Iterator[Path]:
    for current, folders, names in os.walk(folder):
        here = Path(current)
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".")
            and name not in ("__pycache__", "node_modules")
            and not (here / name / "pyvenv.cfg").exists()
        ]
        for name in names:
            path = here / name
            if path.suffix in SUFFIXES and not name.startswith(".") and path.is_file():
                yield path

"""The code package of a flow: the same files give the same bytes, whenever and wherever packed."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import stepwell
from stepwell.archive import open_archive
from stepwell.errors import PlatformError
from stepwell.execution.files import code_files, package_suffixes, source_file
from stepwell.execution.revision import Revision, ask
from stepwell.flow.commandline import FROZEN, Frozen
from stepwell.flow.config import ConfigSource
from stepwell.flow.includefile import IncludeFile
from stepwell.flow.spec import FlowSpec

FROZEN_FILE = ".stepwell-frozen.json"
"""What a package was made with besides code, beside the flow's file."""


@dataclass(frozen=True, slots=True)
class CodePackage:
    """A packed folder of code.

    Attributes:
        sha256: hash of `data`, its name in the datastore.
        flow_file: the flow's file, relative to the package.
        data: a tar archive, compressed with Zstandard.
        files: what is in it, sorted, and the bytes of each.
        revision: the commit of git that it was packed at, and whether the tree was dirty.
    """

    sha256: str
    flow_file: str
    data: bytes
    files: dict[str, int]
    revision: Revision | None = None


def pack_flow(
    flow_class: type[FlowSpec],
    attached: Sequence[str] = (),
    tags: Sequence[str] = (),
    environments: Mapping[str, Any] | None = None,
) -> CodePackage:
    """Pack the folder of a flow, with what its configs and default files are now.

    Args:
        attached: decorators for every step that has none of their kind, as ``--with`` takes them.
        tags: what all runs of the deployment are tagged with.
        environments: the packages of its steps, as `stepwell.environments.prepare` has them.

    Raises:
        UsageError: the files are too large together.
        FlowError: a config, or the default of an included file, can't be read.
    """
    frozen = replace(
        freeze(flow_class), attached=tuple(attached), tags=tuple(tags),
        environments=dict(environments or {}), stepwell=stepwell.__version__,
    )  # fmt: skip
    file = source_file(flow_class)
    revision = ask(file)
    packed = pack(file, frozen, package_suffixes(flow_class))
    return replace(packed, revision=revision())


def freeze(flow_class: type[FlowSpec]) -> Frozen:
    """The values of a flow's configs, and the contents of its included files' defaults."""
    given = flow_class.parameters().values()
    files = {one.name: one.default_content() for one in given if isinstance(one, IncludeFile)}
    return Frozen(
        configs={one.name: one.document for one in given if isinstance(one, ConfigSource)},
        files={name: content for name, content in files.items() if content is not None},
    )


def frozen_in(folder: Path) -> Frozen:
    """What the package in `folder` was frozen with."""
    file = folder / FROZEN_FILE
    return Frozen.from_json(file.read_bytes()) if file.exists() else Frozen()


def check_runtime(frozen: Frozen, here: str = stepwell.__version__) -> None:
    """Raise `PlatformError` where the Stepwell here, an image's, is not one that can run a package's tasks.

    That is one of the same series, such as 0.4 or 2, and not older.
    """
    there = frozen.stepwell or here
    ours, theirs = (tuple(map(int, re.findall(r"\d+", version)[:3])) for version in (here, there))
    series = 2 if theirs[0] == 0 else 1
    if ours[:series] != theirs[:series] or ours < theirs:
        raise PlatformError(
            f"this image has Stepwell {here}, and the flow was deployed with {there}; let the environment "
            f"have an image with {there} (compute.image of environments.toml), or deploy with Stepwell {here}"
        )


def frozen_arguments(folder: Path) -> list[str]:
    """The words of a flow's command line that point it to what its package in `folder` was frozen with."""
    return [FROZEN, FROZEN_FILE] if (folder / FROZEN_FILE).exists() else []


def pack(
    flow_file: Path,
    frozen: Frozen = Frozen(),  # noqa: B008, for it is immutable
    suffixes: Sequence[str] = (),
) -> CodePackage:
    """Pack the folder of a flow's file.

    Left out are hidden files and folders, caches, virtual environments, ``node_modules``, datastores and
    what git ignores. What is frozen is the file `FROZEN_FILE` of the package.

    Args:
        suffixes: of files that go in besides code and the small text files that it reads.

    Raises:
        UsageError: the files are too large together; the message names the largest.
    """
    import pyarrow as pa

    folder = flow_file.resolve().parent
    files = code_files(flow_file, suffixes)
    contents = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    if frozen:
        contents[FROZEN_FILE] = frozen.to_json()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o644
            tar.addfile(entry, io.BytesIO(content))
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(archive.getvalue())
    data = sink.getvalue().to_pybytes()
    return CodePackage(
        hashlib.sha256(data).hexdigest(), flow_file.name, data,
        {name: len(content) for name, content in contents.items()},
    )  # fmt: skip


def unpack(data: bytes, folder: Path) -> None:
    """Unpack a code package into a folder."""
    with open_archive(data) as tar:
        tar.extractall(folder, filter="data")

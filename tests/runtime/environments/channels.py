"""A conda channel of small packages."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
import tarfile
from hashlib import sha256
from pathlib import Path

from rattler.index import index_fs

from stepwell.environments import platforms

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
SITE = f"lib/python{PYTHON}/site-packages"
OLD = "/opt/placeholder_" * 14
"""What stands in packages for where they will lie, as in those of conda-build."""


def write_package(
    channel: Path,
    name: str,
    version: str,
    files: dict[str, str],
    depends: tuple[str, ...] = (),
    links: dict[str, str] | None = None,
) -> None:
    """A conda package for this machine: an archive with its files and what it says of itself."""
    subdir = platforms.SUBDIRS[platforms.here()]
    paths: list[dict[str, object]] = []
    for path, text in files.items():
        said = {"_path": path, "path_type": "hardlink", "sha256": sha256(text.encode()).hexdigest()}
        if OLD in text:
            said |= {"prefix_placeholder": OLD, "file_mode": "binary" if "\0" in text else "text"}
        paths.append({**said, "size_in_bytes": len(text.encode())})
    paths += [{"_path": path, "path_type": "softlink"} for path in links or {}]
    index = {
        "name": name, "version": version, "build": "0", "build_number": 0, "depends": depends,
        "subdir": subdir, "arch": "x86_64", "platform": "linux",
    }  # fmt: skip
    contents = {
        **files,
        "info/index.json": json.dumps(index),
        "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}),
    }
    contents["info/files"] = "\n".join([*files, *(links or {})])
    folder = channel / subdir
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / f"{name}-{version}-0.tar.bz2", "w:bz2") as archive:
        for path, text in contents.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(text.encode()), 0o644
            archive.addfile(entry, io.BytesIO(text.encode()))
        for path, target in (links or {}).items():
            entry = tarfile.TarInfo(path)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)


def write_channel(folder: Path) -> Path:
    """A channel with a Python, which is this machine's under another prefix, and three packages."""
    base = os.path.realpath(sys._base_executable)  # type: ignore[attr-defined]
    config = f"home = {Path(base).parent}\ninclude-system-site-packages = false\n"
    write_package(folder, "python", f"{PYTHON}.0", {"pyvenv.cfg": config}, links={"bin/python": base})
    where = {"share/where.txt": f"{OLD}/share", "share/where.bin": f"\1\0{OLD}/share\0end"}
    write_package(
        folder, "leaf", "1.0", {f"{SITE}/leaf/__init__.py": "WORD = 'leaf'\n", **where}, ("python",)
    )
    write_package(folder, "leaf", "2.0", {f"{SITE}/leaf/__init__.py": "WORD = 'new leaf'\n"}, ("python",))
    code = (
        "import sys, leaf\nfrom pathlib import Path\nWHERE = [Path(sys.prefix, 'share', name).read_bytes() "
    )
    code += "for name in ('where.txt', 'where.bin')]\n"
    write_package(folder, "tree", "1.0", {f"{SITE}/tree/__init__.py": code}, ("python", "leaf <2"))
    write_package(folder, "stone", "3.1", {f"{SITE}/stone/__init__.py": ""}, ("python",))
    asyncio.run(index_fs(folder))
    return folder

"""What conda's solver and installer do for environments: as a library, py-rattler, without a conda.

A conda environment brings its own Python. What Stepwell needs is added to it from wheels, in versions that
go with what is there.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import tempfile
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from stepwell import config
from stepwell.environments import platforms, uv, wheels
from stepwell.environments.pack import Distribution
from stepwell.errors import PackagesError, UsageError
from stepwell.flow.decorators.packages import Wanted, condition

CHANNELS = ("conda-forge",)
PREFIX = "/" + "stepwell_environment_is_not_here_yet_" * 6
"""Where files say that they lie, until they are unpacked; long, for a path in a binary can't grow."""
_WHEELS = "\n--- # wheels\n"
_OLDEST = {"linux": [("__glibc", "2.28"), ("__linux", "5.10")], "macos": [("__osx", "13.0")]}
"""The machines that environments are for, by what they are not older than."""


def _library() -> ModuleType:
    try:
        import rattler
    except ImportError:
        raise UsageError(
            "py-rattler, which makes conda environments, is not there; install it: pip install "
            "'stepwell[conda]', or use what is installed: --environment=local before the command"
        ) from None
    return rattler


def lock(
    wanted: Wanted, requirements: Sequence[str], python: str, platforms_: Sequence[str], what: str
) -> str:
    """The packages of each platform, as py-rattler writes them, and the wheels that Stepwell needs besides.

    Raises:
        PackagesError: there are no packages that fit together, or a channel can't be reached.
        UsageError: py-rattler is not there.
    """
    rattler = _library()
    channels = list(wanted.channels or CHANNELS)
    specs = [f"python {python}.*", *(f"{name} {condition(version)}" for name, version in wanted.packages)]
    records = {}
    for platform in platforms_:
        solving = rattler.solve(
            channels, specs, platforms=[platforms.SUBDIRS[platform], "noarch"],
            virtual_packages=_virtual(rattler, platform),
        )  # fmt: skip
        ways = (
            f"check the names and versions, and that {', '.join(channels)} can be reached and has {platform}"
        )
        records[rattler.LockPlatform(platforms.SUBDIRS[platform])] = _run(solving, what, ways)
    locked = rattler.LockFile(list(records))
    locked.set_channels("default", [rattler.LockChannel(one) for one in channels])
    for machine, found in records.items():
        for record in found:
            locked.add_conda_package("default", machine, record)
    with tempfile.TemporaryDirectory(prefix="stepwell-") as folder:
        file = Path(folder, "lock")
        locked.to_path(file)
        text = file.read_text()
    there = {one.name.normalized: str(one.version) for found in records.values() for one in found}
    pinned = "\n".join(f"{name}=={version}" for name, version in there.items() if not name.startswith("_"))
    added = ""
    if requirements:
        added = uv.lock(requirements, python, platforms_, what, pinned=pinned, left_out=there)
    return text + _WHEELS + added


def _virtual(rattler: ModuleType, platform: str) -> list[Any]:
    named = [("__unix", "0"), *_OLDEST[platform.partition("-")[0]]]
    return [
        rattler.GenericVirtualPackage(
            rattler.PackageName(name), rattler.Version(version), rattler.BuildString("0")
        )
        for name, version in named
    ]


def install(text: str, python: str, platform: str, root: Path, site: Path, what: str) -> None:
    """Install what is locked into the folder of an environment, each file with the hash it was locked with.

    Raises:
        PackagesError: a file is another one, or can't be fetched.
    """
    rattler = _library()
    packages, _, added = text.partition(_WHEELS)
    with tempfile.TemporaryDirectory(prefix="stepwell-") as folder:
        file = Path(folder, "lock")
        file.write_text(packages)
        locked = rattler.LockFile.from_path(file).default_environment()
        machine = next(one for one in locked.platforms() if one.name == platforms.SUBDIRS[platform])
        records = locked.conda_repodata_records_for_platform(machine)
    _check_local(records, what)
    installing = rattler.install(
        records, root, cache_dir=config.cache() / "conda", platform=machine.subdir,
        show_progress=False, execute_link_scripts=False, alternative_target_prefix=PREFIX,
    )  # fmt: skip
    _run(installing, what, "check the network; where a file is another one than was locked, find out why")
    if added:
        uv.install(added, python, platform, site, what)


def _check_local(records: Sequence[Any], what: str) -> None:
    """Compare hashes of packages in a folder, which py-rattler does of those that it fetches."""
    for record in records:
        if record.url.startswith("file:"):
            path = Path(url2pathname(urlsplit(record.url).path))
            if path.exists() and hashlib.sha256(path.read_bytes()).digest() != record.sha256:
                raise PackagesError(
                    f"{what}: {path}: Hash mismatch, it is another file than was locked; find out why; where "
                    "that is well, resolve again: environment resolve"
                )


def _run(doing: Coroutine[Any, Any, Any], what: str, ways: str) -> Any:
    """Wait for a coroutine, also where a loop runs already, as in a notebook."""
    with ThreadPoolExecutor(1) as pool:
        try:
            return pool.submit(asyncio.run, doing).result()
        except Exception as error:
            told = " ".join(re.sub(r"[│├└─╰╭]+", "", str(error)).split())
            raise PackagesError(f"{what}: {told or type(error).__name__}; {ways}") from error


def distributions(root: Path, site: str) -> tuple[list[Distribution], dict[str, str]]:
    """The distributions of a conda environment, and which of its files say where it lies, and how."""
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}
    moved = {}
    for name in files:
        path = root / name
        content = b"" if path.is_symlink() else path.read_bytes()
        if PREFIX.encode() in content:
            moved[name] = "binary" if b"\0" in content else "text"
    told = {file for file in files if re.search(r"\.dist-info/(METADATA|entry_points\.txt)$", file)}
    metas = [json.loads(path.read_text()) for path in sorted((root / "conda-meta").glob("*.json"))]
    names, found = {meta["name"] for meta in metas}, []
    for meta in metas:
        own = set(meta["files"]) & files
        own |= wheels.compiled(own, files)
        files -= own
        key = hashlib.sha256(f"{wheels.FORM} {meta['sha256']}".encode()).hexdigest()
        needed = {one.split()[0] for one in meta["depends"]} & names - {meta["name"]}
        inside = [file.removeprefix(f"{site}/") for file in own if file.startswith(f"{site}/")]
        importable = sorted({wheels.importable(file) for file in inside} - {""})
        found.append(Distribution(meta["name"], sorted(own - told), importable, sorted(needed), key))
    added = wheels.distributions(root, site, files)
    first = {*added.pop().files, *told}
    return [*found, *added, Distribution(wheels.FIRST, sorted(first), [], [])], moved

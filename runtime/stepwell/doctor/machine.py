"""Checks of this machine: what a laptop needs to run flows, and a checkout to deploy."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Sequence
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from stepwell import config
from stepwell.doctor.finding import Finding, Outcome, failed, of_error, ok, skipped, warning
from stepwell.errors import AlreadyExists, StoreError
from stepwell.store import keys
from stepwell.store.base import Store
from stepwell.store.opening import open_store

PYTHON = (3, 11)
NODE = (20,)
TERRAFORM = (1, 10)
CDKTF = (0, 20)
TOOL_SECONDS = 10

_GIB = 1 << 30
FREE_ENOUGH = 5 * _GIB
FREE_AT_ALL = _GIB >> 2
"""Bytes below which a run is likely to end for want of room."""

Version = Sequence[int]


def python() -> Finding:
    """Whether this Python is one that Stepwell runs on."""
    found = sys.version_info[:3]
    text = f"Python {_dotted(found)}, stepwell {version('stepwell')}, {sys.prefix}"
    if found < PYTHON:
        return failed(text, f"make an environment with Python {_dotted(PYTHON)} or newer")
    return ok(text)


def home() -> Finding:
    """Whether the local datastore can be written and read."""
    folder = config.home()
    if not folder.exists():
        above = _existing(folder)
        if os.access(above, os.W_OK | os.X_OK):
            return ok(f"{folder} is not there yet; the first run makes it")
        return failed(
            f"{folder} can't be made: {above} can't be written", "set STEPWELL_HOME to another folder"
        )
    try:
        probe(open_store(str(folder)), config.namespace())
    except StoreError as error:
        return of_error(error, denied=Outcome.FAILED)
    return ok(f"{folder} can be written and read")


def probe(store: Store, namespace: str) -> None:
    """Put an object once and not twice, read it and delete it, where nobody misses it.

    Raises:
        NotAllowed: the caller lacks a right for it.
        StoreError: the store did not do it.
    """
    key, data = keys.temporary(namespace, f"doctor-{uuid.uuid4().hex}"), b"stepwell doctor"
    store.put(key, data, if_absent=True)
    try:
        if store.get(key) != data:
            raise StoreError(f"{store.url}: an object was read back with other bytes; {_NO_STORE}")
        try:
            store.put(key, b"", if_absent=True)
        except AlreadyExists:
            return
        raise StoreError(f"{store.url}: a conditional put overwrote an object; {_NO_STORE}")
    finally:
        store.delete(key)


_NO_STORE = "runs would overwrite one another there, use another datastore"


def disk() -> Finding:
    """Whether there is room for artifacts."""
    folder = _existing(config.home())
    return judge_disk(shutil.disk_usage(folder).free, folder)


def judge_disk(free: int, folder: Path) -> Finding:
    text = f"{free / _GIB:.1f} GiB free where {folder} is"
    way_out = "free some room, or set STEPWELL_HOME to a folder on another disk"
    if free < FREE_AT_ALL:
        return failed(text, way_out)
    return warning(text, way_out) if free < FREE_ENOUGH else ok(text)


def tables() -> Finding:
    """Whether the local catalog of tables can be read."""
    file = config.home() / "catalog.db"
    if not file.exists():
        return ok("none yet; the first table makes the catalog")
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=TOOL_SECONDS)) as catalog:
            (sound,) = catalog.execute("PRAGMA quick_check(1)").fetchone()
            (count,) = catalog.execute("SELECT count(*) FROM iceberg_tables").fetchone()
    except sqlite3.Error as error:
        sound, count = str(error), 0
    if sound != "ok":
        return failed(f"{file}: SQLite says: {sound}", f"restore {file}, or move it away to begin anew")
    return ok(f"{count} {'table' if count == 1 else 'tables'} in {file}")


def node(folder: Path) -> Finding:
    """Whether Node.js is there and new enough for cdktf."""
    return judge_tool("Node.js", _says("node", "--version"), NODE, _deploys(folder), "nodejs.org")


def terraform(folder: Path) -> Finding:
    """Whether Terraform is there and new enough."""
    said = _says("terraform", "version", "-json")
    found = json.loads(said)["terraform_version"] if said else None
    from_where = "developer.hashicorp.com/terraform/install"
    return judge_tool("Terraform", found, TERRAFORM, _deploys(folder), from_where)


def cdktf(folder: Path) -> Finding:
    """Whether cdktf is there: the checkout's own, else the one on the path."""
    package = folder / "node_modules/cdktf-cli/package.json"
    found = json.loads(package.read_text())["version"] if package.is_file() else _says("cdktf", "--version")
    return judge_tool("cdktf", found, CDKTF, _deploys(folder), "`npm ci`, in the folder of cdktf.json")


def judge_tool(name: str, found: str | None, wanted: Version, deploys: bool, source: str) -> Finding:
    """Judge a tool's version; who only runs flows does without it.

    Args:
        found: what the tool says of itself, None where there is none.
        deploys: whether environments are deployed from here.
    """
    way_out = f"get {_dotted(wanted)} or newer from {source}"
    if found is None:
        return failed(f"{name} is not there", way_out) if deploys else skipped(f"{name} is not there; {_FOR}")
    parts = re.findall(r"\d+", found)[:3]
    text = f"{name} {'.'.join(parts)}"
    if tuple(map(int, parts)) >= tuple(wanted):
        return ok(text)
    return failed(text, way_out) if deploys else warning(f"{text}; {_FOR}", way_out)


_FOR = "only `cdktf deploy` needs it"


def _deploys(folder: Path) -> bool:
    return (folder / "cdktf.json").is_file()


def _says(*command: str) -> str | None:
    """What a command prints; None where there is none of that name, or it fails."""
    if shutil.which(command[0]) is None:
        return None
    done = subprocess.run(command, capture_output=True, text=True, timeout=TOOL_SECONDS)
    return done.stdout if done.returncode == 0 else None


def _dotted(version: Version) -> str:
    return ".".join(map(str, version))


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(one for one in (folder, *folder.parents) if one.exists())

"""Environments of another Python than this one: uv finds or fetches it, and containers get it along."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
import tarfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from stepwell.datastore import Datastore
from stepwell.environments import platforms, prepare, pythons
from stepwell.errors import PackagesError
from stepwell.execution.job import Job
from stepwell.execution.job import _python as python_of
from stepwell.execution.package import FROZEN_FILE
from stepwell.flow.commandline import Frozen
from stepwell.flow.decorators.packages import Wanted
from stepwell.flow.graph import TaskId

CODE = "import sys, tree, sqlite3; print(*sys.version_info[:2], sys.base_prefix)"


def others() -> list[Path]:
    """Folders of Pythons of this machine that are of another version, and whole in one folder."""
    homes = [*Path.home().glob(".pyenv/versions/*"), *Path.home().glob(".local/share/uv/python/cpython-*")]
    ours = f"python3.{sys.version_info[1]}"
    found = [path for home in homes for path in home.glob("lib/python3.1[1-9]") if path.name != ours]
    return [path.parents[1] for path in found if not path.parents[1].is_symlink()]


@pytest.fixture
def other(wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The version of a Python that uv can fetch, from a file; it is a copy of one of this machine's."""
    if not others():
        pytest.skip("this machine has one Python only")
    home = others()[0]
    (library,) = home.glob("lib/python3.1[1-9]")
    words = [str(home / "bin" / library.name), "-c", "import platform; print(platform.python_version())"]
    version = subprocess.check_output(words, text=True).strip()
    copied, archive = tmp_path / "copied", tmp_path / "python.tar.gz"
    for name in pythons.copy(home, copied):
        path = copied / name
        if not path.is_symlink() and (data := path.read_bytes())[:4] == b"\x7fELF":
            # those that uv fetches find their library beside them, wherever they lie
            there, beside = f"{home}/lib\0".encode(), b"$ORIGIN/../lib\0"
            path.write_bytes(data.replace(there, beside.ljust(len(there), b"\0")))
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        tar.add(copied, "python")
    major, minor, patch = map(int, version.split("."))
    said = {
        "name": "cpython", "arch": {"family": "x86_64", "variant": None}, "os": "linux", "libc": "gnu",
        "major": major, "minor": minor, "patch": patch, "prerelease": "", "url": archive.as_uri(),
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(), "variant": None, "build": "1",
    }  # fmt: skip
    downloads = tmp_path / "downloads.json"
    downloads.write_text(json.dumps({f"cpython-{version}-linux-x86_64-gnu": said}))
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS_JSON_URL", str(downloads))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "pythons"))
    monkeypatch.setenv("UV_PYTHON_PREFERENCE", "only-managed")
    return f"{major}.{minor}"


@pytest.mark.skipif(platforms.here() != platforms.CONTAINER, reason="its archive is for Linux on x86-64")
def test_another_python_is_fetched_and_goes_along(other: str, datastore: Datastore, tmp_path: Path) -> None:
    """A Python that neither this machine nor the image has is fetched once and is a part of the store: the
    environment has it here, and a container unpacks it; a machine that has it needs no network."""
    told: list[str] = []
    asked = {"a": Wanted("pypi", other, (("tree", ""),))}
    said = prepare.prepare(asked, datastore, told.append, bring=True)
    assert [line.split()[0] for line in told] == ["Resolving", "Building", "Built", "Packing"]
    about = said["steps"]["a"]
    folder = prepare.local_folder(said, "a", datastore)
    printed = subprocess.check_output([folder / "bin/python", "-c", CODE], text=True)
    assert printed.startswith(f"{other.replace('.', ' ')} {tmp_path}/pythons/cpython-{other}")
    (tmp_path / "pythons").rename(tmp_path / "gone")
    job = Job(
        datastore.store.url,
        datastore.namespace,
        "ada",
        "",
        "Made",
        "made.py",
        "1",
        TaskId("a", "0"),
        0,
        None,
        None,
    )
    for environments in (said, {"steps": {"a": {**about, "interpreter": None}}}):
        (tmp_path / FROZEN_FILE).write_bytes(Frozen(environments=environments).to_json())
        with ExitStack() as ending:
            if environments is not said:
                refused = rf"is of Python {other}, and this image has .*python='{other}'"
                ending.enter_context(pytest.raises(PackagesError, match=refused))
            path, variables = ending.enter_context(python_of(job, datastore, tmp_path, os.environ))
            printed = subprocess.check_output([path, "-c", CODE], env=variables, text=True)
            place = Path(printed.split()[2])
            assert (
                printed.startswith(f"{other.replace('.', ' ')} ")
                and place == Path(path).parents[1] / "python"
            )
            assert not list(place.rglob("test_os.py"))
    assert prepare.prepare(asked, datastore, told.append, bring=True) == said and len(told) == 4


def test_a_python_that_can_not_be_fetched(
    wheels: Path, datastore: Datastore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where uv can't fetch the Python that is asked for, and this machine has it, images must have it too:
    that is said each time, and tried again when it is asked for."""
    version = platform.python_version().rpartition(".")[0]
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "pythons"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_MIRROR", (tmp_path / "no mirror").as_uri())
    told: list[str] = []
    asked = {"a": Wanted("pypi", version, (("tree", ""),))}
    said = prepare.prepare(asked, datastore, told.append, bring=True)
    assert said["steps"]["a"]["interpreter"] is None
    assert f"Python {version} does not go along, images must have it: " in told[-1]
    assert "UV_PYTHON_INSTALL_MIRROR" in told[-1] and "\n" not in told[-1]
    first = told[-1]
    prepare.prepare(asked, datastore, told.append, bring=True)
    assert told[-1] == first and len([line for line in told if line.startswith("Packing")]) == 1
    prepare.prepare(asked, datastore, told.append, bring=True, anew=True)
    assert len([line for line in told if line.startswith("Packing")]) == 2

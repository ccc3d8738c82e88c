"""Conda environments, from a channel that the test makes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from stepwell.datastore import Datastore
from stepwell.environments import platforms, prepare
from stepwell.environments.container import unpacking
from stepwell.environments.pack import Pack
from stepwell.errors import PackagesError, UsageError
from stepwell.flow.decorators.packages import Wanted
from tests.runtime.environments.channels import SITE, write_channel, write_package


@pytest.fixture
def channel(wheels: Path, tmp_path: Path) -> Path:
    """A channel in a folder; uv sees small wheels alone."""
    return write_channel(tmp_path / "channel")


def wanted(channel: Path, **packages: str) -> Wanted:
    return Wanted("conda", None, tuple(packages.items()), (channel.as_uri(),))


CODE = "import tree, sys; print(tree.leaf.WORD, *tree.WHERE)"


def test_a_channel_is_enough(channel: Path, datastore: Datastore, tmp_path: Path) -> None:
    """Versions that fit together are locked with hashes and installed; files that say where they lie say so
    on each machine, in a text and in a binary; a container unpacks what is imported."""
    asked = {"a": wanted(channel, tree="1.0", stone="")}
    said = prepare.prepare(asked, datastore, print)
    (text,) = said["locks"].values()
    assert all(part in text for part in ("leaf-1.0", "tree-1.0", "stone-3.1", "sha256: "))
    folder = prepare.local_folder(said, "a", datastore)
    share = f"{folder}/share".encode()
    printed = subprocess.check_output([folder / "bin/python", "-c", CODE], text=True)
    assert printed.startswith(f"leaf {share!r} b'\\x01\\x00{share.decode()}\\x00") and printed.endswith(
        "end'\n"
    )
    name = said["steps"]["a"]["packs"][platforms.CONTAINER]
    place = tmp_path / "e"
    with (
        pa.OSFile(str(tmp_path / f"cache/packs/{name}.pack")) as file,
        unpacking(Pack(file, name), place, os.environ) as (python, env),
    ):
        printed = subprocess.check_output([python, "-c", CODE], env=env, text=True)
        assert printed.startswith(f"leaf {f'{place}/share'.encode()!r} ")
        assert {path.parent.name for path in place.rglob("__init__.py")} == {"tree", "leaf"}


def test_what_is_known_is_not_asked_for_again(channel: Path, datastore: Datastore, tmp_path: Path) -> None:
    """With a warm store the channel may be gone."""
    asked = {"a": wanted(channel, stone="")}
    first = prepare.prepare(asked, datastore, print)
    channel.rename(tmp_path / "gone")
    assert prepare.prepare(asked, datastore, lambda text: pytest.fail(text)) == first


def test_what_can_not_be_had_is_one_line(
    channel: Path, datastore: Datastore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version or a channel that is not there, and py-rattler that is not installed, are one line each."""
    gone = Wanted("conda", None, (("stone", ""),), ((tmp_path / "gone").as_uri(),))
    for asked, said in ((wanted(channel, stone="9"), "stone"), (gone, "gone")):
        with pytest.raises(
            PackagesError, match=f"environment of step fit: .*{said}.*; check the names"
        ) as told:
            prepare.prepare({"fit": asked}, datastore, print)
        assert "\n" not in str(told.value)
    monkeypatch.setitem(sys.modules, "rattler", None)
    with pytest.raises(
        UsageError, match=r"py-rattler.*is not there; install it: pip install 'stepwell\[conda\]'"
    ):
        prepare.prepare({"fit": gone}, datastore, print)


def test_another_file_than_was_locked_is_refused(channel: Path, datastore: Datastore, tmp_path: Path) -> None:
    """A package that was replaced since it was locked is not installed."""
    asked = {"fit": wanted(channel, stone="")}
    prepare.prepare(asked, datastore, print)
    for kept in [*tmp_path.rglob("*.pack"), *tmp_path.rglob("builds/*.json")]:
        kept.unlink()
    shutil.rmtree(tmp_path / "cache/conda")
    write_package(channel, "stone", "3.1", {f"{SITE}/stone/__init__.py": "changed = True\n"}, ("python",))
    with pytest.raises(PackagesError, match=r"fit: .*/stone-3.1-0.tar.bz2: Hash mismatch"):
        prepare.prepare(asked, datastore, print)

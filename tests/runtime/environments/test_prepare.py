"""Environments are locked once, built once, and need nothing outside of the store afterwards."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pyarrow as pa
import pytest

from stepwell.datastore import Datastore
from stepwell.environments import platforms, prepare, uv
from stepwell.environments.pack import Pack
from stepwell.environments.prepare import local_folder
from stepwell.errors import PackagesError, StepwellError, UsageError
from stepwell.flow.decorators.packages import Wanted
from stepwell.store.folder import open_folder
from tests.runtime.environments.conftest import write_wheel

HERE = platforms.here()


def wanted(*packages: tuple[str, str], python: str | None = None) -> Wanted:
    return Wanted("pypi", python, packages)


def silent(text: str) -> None: ...


def test_versions_are_locked_with_hashes(wheels: Path, datastore: Datastore) -> None:
    """The lock names every package that is needed with its version and hashes, and no place it is from."""
    said = prepare.prepare({"a": wanted(("tree", "1.0"))}, datastore, silent)
    (text,) = said["locks"].values()
    assert re.findall(r"^(\S+)", text, re.M) == ["leaf==1.0", "tree==1.0"]
    assert text.count("--hash=sha256:") == 2 and str(wheels) not in text
    assert said["steps"]["a"]["lock"] in said["locks"]


def test_what_is_known_is_not_asked_for_again(
    wheels: Path, datastore: Datastore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second run makes no call of uv; nor does a machine that is new, with the same store."""
    told: list[str] = []
    asked = {"a": wanted(("stone", "")), "b": wanted(("stone", ""))}
    first = prepare.prepare(asked, datastore, told.append)
    assert [line.split()[0] for line in told] == ["Resolving", "Building", "Built"]
    assert first["steps"]["a"] == first["steps"]["b"]
    write_wheel(wheels, "stone", "4.0")
    monkeypatch.setattr(uv, "_run", lambda *words: pytest.fail("uv was called"))
    assert prepare.prepare(asked, datastore, told.append) == first
    monkeypatch.setenv("STEPWELL_CACHE", str(tmp_path / "another machine"))
    assert prepare.prepare(asked, datastore, told.append) == first
    folder = local_folder(first, "b", datastore)
    code = "import stone, sys; print(stone.version, sys.prefix)"
    printed = subprocess.check_output([folder / "bin/python", "-c", code], text=True)
    assert printed == f"3.1 {folder}\n" and len(told) == 3


def test_another_store_gets_the_same_pack(wheels: Path, datastore: Datastore, tmp_path: Path) -> None:
    """What this machine has built goes byte for byte to a store that does not have it."""
    asked = {"a": wanted(("tree", ""))}
    first = prepare.prepare(asked, datastore, silent)
    elsewhere = Datastore(open_folder(tmp_path / "elsewhere"), "project/trees/prod")
    assert prepare.prepare(asked, elsewhere, silent) == first
    packs = [path.read_bytes() for path in tmp_path.rglob("*.pack")]
    assert len(packs) == 3 and len(set(packs)) == 1


def test_building_again_gives_the_same_pack(wheels: Path, datastore: Datastore, tmp_path: Path) -> None:
    """A pack that was lost is built again to the same bytes, under the same name."""
    first = prepare.prepare({"a": wanted(("tree", ""))}, datastore, silent)
    shutil.rmtree(tmp_path / "cache")
    for lost in [*tmp_path.rglob("*.pack"), *tmp_path.rglob("builds/*")]:
        lost.unlink()
    assert prepare.prepare({"a": wanted(("tree", ""))}, datastore, silent) == first


def test_newer_versions_are_found_when_asked_for(wheels: Path, datastore: Datastore) -> None:
    """Versions that were left open stay as they were locked until they are resolved anew."""
    asked = {"a": wanted(("stone", ">=3"))}
    prepare.prepare(asked, datastore, silent)
    write_wheel(wheels, "stone", "4.0")
    (text,) = prepare.prepare(asked, datastore, silent, anew=True)["locks"].values()
    assert text.startswith("stone==4.0")


def unreachable(wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = wheels.parent / "uv.toml"
    settings.write_text('index = [{ url = "http://127.0.0.1:9/simple", default = true }]\n')


def no_uv(wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv.program.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "uv", None)
    monkeypatch.setenv("PATH", "")


def other_platform(wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_wheel(wheels, "stone", "5.0", tag="py3-none-win_amd64")


@pytest.mark.parametrize(
    ("asked", "change", "said"),
    [
        (wanted(("stone", "9.9")), None, "no version of stone==9.9 .*; correct the name or the version"),
        (wanted(("tree", ""), ("leaf", ">=2")), None, "leaf>=2.*correct what is asked for"),
        (wanted(("stone", "5.0")), other_platform, "stone==5.0 has no wheels with a matching .*linux-x86"),
        (wanted(("stone", "")), unreachable, "127.0.0.1:9/simple/stone.*; check the network"),
        (wanted(("stone", "")), no_uv, r"uv.* is not there; install it: pip install 'stepwell\[pypi\]'"),
        (wanted(("stone", ""), python="3.99"), None, "cpython-3.99.*; choose a version that uv has"),
    ],
)  # fmt: skip
def test_what_can_not_be_had_is_one_line(
    asked: Wanted, change: object, said: str, wheels: Path, datastore: Datastore,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A version or a wheel that is not there, an index or uv that is away: one line, and nothing is kept."""
    if callable(change):
        change(wheels, monkeypatch)
    with pytest.raises(StepwellError) as raised:
        prepare.prepare({"train": asked}, datastore, silent)
    message = str(raised.value)
    assert re.search(said, message) and "\n" not in message
    assert isinstance(raised.value, PackagesError | UsageError)
    assert not list(tmp_path.rglob("*.pack")) and not list(tmp_path.rglob("builds/*"))
    uv.program.cache_clear()


def test_another_file_than_was_locked_is_refused(wheels: Path, datastore: Datastore, tmp_path: Path) -> None:
    """A wheel that was replaced since its version was locked is not installed."""
    asked = {"train": wanted(("stone", ""))}
    prepare.prepare(asked, datastore, silent)
    for kept in [*tmp_path.rglob("*.pack"), *tmp_path.rglob("builds/*.json")]:
        kept.unlink()
    shutil.rmtree(tmp_path / "uv")
    write_wheel(wheels, "stone", "3.1", other="changed = True\n")
    with pytest.raises(PackagesError, match=r"environment of step train: .*Hash mismatch for `stone==3\.1`"):
        prepare.prepare(asked, datastore, silent)


def test_one_lock_for_all_platforms(
    wheels: Path, datastore: Datastore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A laptop of another kind than containers locks for both at once; each gets its wheel of the same
    version, and a version that has none for one of them is refused there and then."""
    mac, linux = "macosx_11_0_arm64", "manylinux_2_17_x86_64"
    for name, tags in (("oak", [mac, linux]), ("elm", [mac])):
        files = [write_wheel(wheels, name, "1.0", tag=f"py3-none-{tag}", kind=f"# {tag}") for tag in tags]
        # an index that says the hash of each file, as real ones do
        links = [f'<a href="{file.as_uri()}#sha256={_sha256(file)}">{file.name}</a>' for file in files]
        page = tmp_path / "simple" / name / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text(f"<!doctype html><html><body>{'<br>'.join(links)}</body></html>")
    simple = (tmp_path / "simple").as_uri()
    (wheels.parent / "uv.toml").write_text(f'index = [{{ url = "{simple}", default = true }}]\n')
    monkeypatch.setattr(platforms, "here", lambda: "macos-arm64")
    asked = {"a": wanted(("oak", ""))}
    said = prepare.prepare(asked, datastore, silent, made_for=["macos-arm64", platforms.CONTAINER])
    (text,) = said["locks"].values()
    assert text.startswith("oak==1.0") and text.count("--hash=sha256:") == 2
    for platform, tag in (("macos-arm64", mac), (platforms.CONTAINER, linux)):
        name = said["steps"]["a"]["packs"][platform]
        with pa.OSFile(str(tmp_path / f"cache/packs/{name}.pack")) as file:
            Pack(file, name).unpack(tmp_path / platform)
        (module,) = (tmp_path / platform).rglob("oak/kind.py")
        assert module.read_text() == f"# {tag}"
    refused = r"elm==1\.0.*has a wheel for each of .*linux-x86_64.*, or use @conda"
    with pytest.raises(PackagesError, match=refused):
        prepare.prepare({"a": wanted(("elm", ""))}, datastore, silent)


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()

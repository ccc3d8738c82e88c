"""A folder as a store: what can go wrong with files."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from stepwell.errors import StoreError
from stepwell.store.opening import open_store


def test_the_folder_is_made(tmp_path: Path) -> None:
    """A folder that isn't there is made, with its parents."""
    store = open_store(str(tmp_path / "a" / "b"))
    store.put("key", b"x")
    assert (tmp_path / "a" / "b" / "key").read_bytes() == b"x"


def test_file_url(tmp_path: Path) -> None:
    """A file:// URL opens the same folder as its path, with its escaped characters too."""
    folder = tmp_path / "a b"
    open_store(str(folder)).put("key", b"x")
    assert open_store(folder.as_uri()).get("key") == b"x"


def test_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path means the same folder after the working folder has changed."""
    monkeypatch.chdir(tmp_path)
    store = open_store("data")
    monkeypatch.chdir("/")
    store.put("key", b"x")
    assert (tmp_path / "data" / "key").exists()
    assert store.url == str(tmp_path / "data")


def test_path_is_a_file(tmp_path: Path) -> None:
    """A datastore whose path is a file, or below one, is one clear line when it is opened."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StoreError, match="can't be written") as caught:
            open_store(str(path))
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that this user may not write is one clear line when it is opened."""
    # The mode of a folder doesn't stop root, so the system's answer is what is made up here.
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    with pytest.raises(StoreError, match=r"Permission denied.*--datastore"):
        open_store(str(tmp_path))


def test_put_file_from_another_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of another file system is copied in, whole before it is seen."""
    store = open_store(str(tmp_path / "store"))
    source = tmp_path / "source"
    source.write_bytes(b"data")
    rename = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if self == source:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    store.put_file("key", source)
    assert store.get("key") == b"data"


def test_what_the_killed_left_is_removed(tmp_path: Path) -> None:
    """Staged files a day old are gone after the next open, younger ones stay for their writer."""
    store = open_store(str(tmp_path))
    with store.staging() as old, store.staging() as young:
        old.write_bytes(b"")
        young.write_bytes(b"")
        yesterday = time.time() - 25 * 3600
        os.utime(old, (yesterday, yesterday))
        open_store(str(tmp_path))
        assert not old.exists()
        assert young.exists()


def test_objects_have_the_usual_mode(tmp_path: Path) -> None:
    """A staged file becomes readable to whom the user's umask allows, as any file does."""
    store = open_store(str(tmp_path))
    usual = tmp_path / "usual"
    usual.write_bytes(b"")
    with store.staging() as path:
        path.write_bytes(b"")
        store.put_file("key", path)
    assert (tmp_path / "key").stat().st_mode == usual.stat().st_mode


def test_listing_is_lazy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of many folders costs the listing of its own path alone."""
    store = open_store(str(tmp_path))
    for number in range(20):
        store.put(f"f/{number:02}/key", b"")
    scanned: list[Path] = []
    scandir = os.scandir

    def counting(path: str) -> os.ScandirIterator[str]:
        scanned.append(Path(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", counting)
    assert next(store.list("f/")).key == "f/00/key"
    assert scanned == [tmp_path / "f", tmp_path / "f" / "00"]

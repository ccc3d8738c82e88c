"""What every store promises, whichever it is."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stepwell.errors import AlreadyExists, NotFound, StoreError
from stepwell.store.base import Store

ODD_KEYS = [
    "a b/c%20d.txt",
    "ä/é~!@$&'()*+,;=.x",
    'q/[]{}|^`"<>?',
    "a/b#c",
    "a/#1/b",
    "a#1",
    "dots/..a/b..",
    " leading/ space ",
    "plus+and%2Fslash",
    "日本語/データ",
]


def listed(store: Store, prefix: str = "", start_after: str | None = None) -> list[str]:
    return [info.key for info in store.list(prefix, start_after=start_after)]


def test_get_returns_what_was_put(store: Store) -> None:
    """An object's bytes come back as they were put, from none to more than one part."""
    for size in (0, 1, 20 << 20):
        data = bytes(bytearray(range(256))) * (size // 256) + b"x" * (size % 256)
        store.put("some/key", data)
        assert store.get("some/key") == data


def test_memoryview(store: Store) -> None:
    """A memory view is put like bytes."""
    store.put("some/key", memoryview(b"--abc--")[2:5])
    assert store.get("some/key") == b"abc"


def test_put_overwrites(store: Store) -> None:
    """A plain put replaces the object."""
    store.put("some/key", b"old")
    store.put("some/key", b"new")
    assert store.get("some/key") == b"new"


def test_missing_objects(store: Store) -> None:
    """What isn't there is NotFound to get, get_many and open, with the key and one line."""
    for read in (store.get, store.open, lambda key: store.get_many(["there", key])):
        store.put("there", b"")
        with pytest.raises(NotFound, match="no/such/key") as caught:
            read("no/such/key")
        assert "\n" not in str(caught.value)


def test_exists(store: Store) -> None:
    """exists is true of an object, false of a missing one and of a folder."""
    store.put("folder/key", b"")
    assert store.exists("folder/key")
    assert not store.exists("folder/other")
    assert not store.exists("folder")


def test_delete(store: Store) -> None:
    """A deleted object is gone at once, and to delete what isn't there is no error."""
    store.put("some/key", b"x")
    store.delete("some/key")
    store.delete("some/key")
    assert not store.exists("some/key")
    assert listed(store) == []


def test_get_many_keeps_order(store: Store) -> None:
    """get_many gives the objects in the order of the keys, one asked for twice as well."""
    names = [f"k/{number}" for number in range(100)]
    for name in names:
        store.put(name, name.encode())
    asked = [*reversed(names), names[0]]
    assert store.get_many(asked) == [name.encode() for name in asked]
    assert store.get_many([]) == []


def test_conditional_put_keeps_the_first(store: Store) -> None:
    """A conditional put of a key that is taken raises AlreadyExists and changes nothing."""
    store.put("some/key", b"first", if_absent=True)
    with pytest.raises(AlreadyExists, match="some/key"):
        store.put("some/key", b"second", if_absent=True)
    assert store.get("some/key") == b"first"


def test_conditional_put_race_of_threads(store: Store) -> None:
    """Of 16 threads that put one key conditionally exactly one wins, and its bytes are there."""
    for attempt in range(10):
        assert _winners(store, f"race/{attempt}") == [store.get(f"race/{attempt}")]


def _winners(store: Store, key: str) -> list[bytes]:
    winners: list[bytes] = []
    barrier = threading.Barrier(16)

    def race(number: int) -> None:
        data = f"writer {number}".encode() * 1000
        barrier.wait()
        with suppress(AlreadyExists):
            store.put(key, data, if_absent=True)
            winners.append(data)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return winners


def test_listing_is_sorted(store: Store) -> None:
    """A listing is sorted by key, where folders and files mix as well."""
    names = ["f/a/z", "f/a.txt", "f/b", "f/a-1/x", "f/B", "f/é", "f/10", "f/9"]
    for name in names:
        store.put(name, b"")
    assert listed(store, "f/") == sorted(names)
    assert listed(store) == sorted(names)


def test_listing_says_size_and_time(store: Store) -> None:
    """A listing knows each object's size and when it was put, in UTC."""
    store.put("f/a", b"12345")
    (info,) = store.list("f/")
    assert info.size == 5
    assert abs(datetime.now(UTC) - info.modified) < timedelta(minutes=1)


def test_listing_a_folder(store: Store) -> None:
    """A prefix that ends in / lists that folder alone, not one whose name only begins with it."""
    for name in ("ab/1", "a/1", "a/sub/2", "ac"):
        store.put(name, b"")
    assert listed(store, "a/") == ["a/1", "a/sub/2"]
    assert listed(store, "none/") == []


@pytest.mark.parametrize("start_after", ["f/a", "f/a/2", "f/a/2/", "f/a0", "f/c", "f/zzz", "a", "g"])
def test_listing_starts_after(store: Store, start_after: str) -> None:
    """start_after leaves out the keys up to and including it, whether it is one or not."""
    names = ["f/a/1", "f/a/2", "f/a/3", "f/b", "f/c", "f/d/1"]
    for name in names:
        store.put(name, b"")
    assert listed(store, "f/", start_after) == [name for name in names if name > start_after]


def test_folders(store: Store) -> None:
    """list_folders names the folders directly below, sorted, without files."""
    for name in ("f/b/1", "f/a/1/2", "f/a-b/1", "f/file", "g/1"):
        store.put(name, b"")
    assert store.list_folders("f/") == ["a", "a-b", "b"]
    assert store.list_folders("") == ["f", "g"]
    assert store.list_folders("none/") == []


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_keys(store: Store, key: str) -> None:
    """A key with odd characters is put, read, listed and deleted under exactly that name."""
    store.put(key, b"odd")
    assert store.get(key) == b"odd"
    assert store.open(key).read() == b"odd"
    assert listed(store) == [key]
    store.delete(key)
    assert listed(store) == []


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", ".", "a/../b", "../a", "a\nb", "a\x00", "\ud800"])
def test_refused_keys(store: Store, key: str) -> None:
    """A key that some store could not hold is refused by all of them, in one line."""
    with pytest.raises(StoreError, match="use another name") as caught:
        store.put(key, b"")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("size", [0, 5, 40 << 20])
def test_put_file(store: Store, tmp_path: Path, size: int) -> None:
    """A file is put whole, from a staging path or any other, and replaces what was there."""
    data = b"ab" * (size // 2) + b"c" * (size % 2)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(data)
    store.put("files/one", b"old")
    store.put_file("files/one", elsewhere)
    with store.staging() as path:
        path.write_bytes(data)
        store.put_file("files/two", path)
    assert store.get("files/one") == data
    assert store.get("files/two") == data


def test_staging_is_never_listed(store: Store) -> None:
    """A staged file is in no listing, and gone at the end whether or not it was put."""
    with store.staging() as path:
        path.write_bytes(b"half")
        assert listed(store) == []
        assert store.list_folders("") == []
    assert not path.exists()


def test_open_reads_anywhere(store: Store) -> None:
    """An open object is read at any position, up to its end and not beyond."""
    data = bytes(range(256)) * 1024
    store.put("some/key", data)
    with store.open("some/key") as file:
        assert file.size() == len(data)
        for start, size in ((0, 10), (100_000, 70_000), (len(data) - 5, 100), (len(data), 1), (3, 0)):
            file.seek(start)
            assert file.read(size) == data[start : start + size]
        file.seek(1000)
        assert file.read() == data[1000:]


def test_open_of_an_empty_object(store: Store) -> None:
    """An empty object opens and has nothing in it."""
    store.put("some/key", b"")
    with store.open("some/key") as file:
        assert file.read() == b""

"""Objects of a bucket and files of a folder, by the same calls."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.exceptions import GenericError

import stepwell
from stepwell import S3
from stepwell.errors import AlreadyExists, NotFound, StoreError, UsageError
from stepwell.transfer import engine


@pytest.fixture(params=["folder", "s3"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A root of each kind in turn."""
    if request.param == "folder":
        return str(tmp_path / "some root")
    return f"s3://{request.getfixturevalue('s3').new_bucket()}/some/prefix"


def test_put_and_get(root: str) -> None:
    """What was put comes back as bytes, as text and as a file that is gone when the `S3` is closed."""
    with S3(s3root=root) as s3:
        assert s3.put("a/one", "text") == f"{root}/a/one"
        s3.put_many([("a/two", b"2"), ("three", "")])
        one, two, three = s3.get_many(["a/one", "a/two", "three"])
        assert (one.text, two.blob, three.blob) == ("text", b"2", b"")
        assert (one.key, one.url, one.prefix, one.size) == ("a/one", f"{root}/a/one", root, 4)
        path = Path(one.path or "")
        assert path.read_text() == one.text == "text"
    assert not path.exists()


def test_lists(root: str) -> None:
    """One level has objects and prefixes, all levels have objects, with sizes, by their keys."""
    with S3(s3root=root) as s3:
        s3.put_many([("x/a", "1"), ("x/y/b", "22"), ("z", "333")])
        assert [(one.key, one.exists) for one in s3.list_paths()] == [("x/", False), ("z", True)]
        assert [one.key for one in s3.list_paths(["x"])] == ["x/a", "x/y/"]
        assert [(one.key, one.size) for one in s3.list_recursive()] == [("x/a", 1), ("x/y/b", 2), ("z", 3)]
        assert [one.text for one in s3.get_recursive(["x"])] == ["1", "22"]
        assert [one.text for one in s3.get_all()] == ["1", "22", "333"]
        assert s3.list_paths(["nothing"]) == []
        infos = s3.info_many(["z", "nothing"], return_missing=True)
        assert [(one.size, one.exists, one.downloaded) for one in infos] == [
            (3, True, False),
            (None, False, False),
        ]


def test_large_objects(root: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A large file is sent and fetched in parts, side by side, and comes back as it was."""
    monkeypatch.setattr(engine, "_RANGE", 5 << 20)
    monkeypatch.setattr(engine, "_SENT", 5 << 20)
    content = os.urandom(12 << 20)
    (tmp_path / "large").write_bytes(content)
    with S3(s3root=root) as s3:
        s3.put_files([("large", tmp_path / "large"), ("again", tmp_path / "large")])
        found = s3.get_many(["large", "again"])
        assert all(one._data is None and one.blob == content for one in found)
        assert s3.get("large", range=(5, 9)).blob == content[5:9]


def test_memory_is_bounded(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small objects beyond what may be held in memory are in files."""
    monkeypatch.setattr(engine, "_IN_MEMORY", 10)
    with S3(s3root=root) as s3:
        s3.put_many([(str(n), "12345") for n in range(6)])
        found = s3.get_many([str(n) for n in range(6)])
        assert sum(one._data is not None for one in found) == 2
        assert {one.text for one in found} == {"12345"}


def test_conditional_writes(root: str) -> None:
    """`if_absent` raises where there is an object, and `overwrite=False` leaves it as it is."""
    with S3(s3root=root) as s3:
        s3.put("key", "first", if_absent=True)
        with pytest.raises(AlreadyExists, match="key"):
            s3.put("key", "other", if_absent=True)
        s3.put("key", "other", overwrite=False)
        s3.put_many([("key", "other")], overwrite=False)
        assert s3.get("key").text == "first"


def test_only_over_what_was_read(s3: Any, tmp_path: Path) -> None:
    """`if_match` writes over the object with that etag only; a folder says that it can't."""
    with S3(s3root=f"s3://{s3.new_bucket()}") as objects:
        objects.put("key", "1", content_type="text/plain", metadata={"who": "ada"})
        first = objects.get("key")
        assert (first.content_type, dict(first.metadata)) == ("text/plain", {"who": "ada"})
        objects.put("key", "2", if_match=first.etag)
        with pytest.raises(StoreError, match=r"put '.*/key': "):
            objects.put("key", "3", if_match=first.etag)
        assert objects.get("key").text == "2"
    with S3(s3root=str(tmp_path)) as files, pytest.raises(StoreError, match="a folder has no such thing"):
        files.put("key", "1", if_match="x")


def test_whole_urls(root: str) -> None:
    """Without a root, keys are whole: `s3://BUCKET/KEY`, or absolute paths."""
    with S3() as s3:
        s3.put(f"{root}/key", "1")
        assert s3.get(f"{root}/key").text == "1"
        assert [one.key for one in s3.list_recursive([root])] == [f"{root}/key"]


def test_what_breaks_off_is_tried_again(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that breaks off is asked for again, after a while; what is final is not."""
    waits: list[float] = []
    monkeypatch.setattr(engine.time, "sleep", waits.append)
    with S3(s3root=root) as s3:
        s3.put("key", "1")
        get, failures = obstore.get, [GenericError("broke off"), GenericError("broke off")]

        def failing(*arguments: Any, **options: Any) -> Any:
            if failures:
                raise failures.pop()
            return get(*arguments, **options)

        monkeypatch.setattr(obstore, "get", failing)
        assert s3.get("key").text == "1"
        assert len(waits) == 2
        with pytest.raises(NotFound, match="nothing"):
            s3.get("nothing")
        assert len(waits) == 2
        assert not s3.get("nothing", return_missing=True).exists


def test_progress(root: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A function is told how many objects and bytes are done."""
    told: list[tuple[int, int]] = []
    with S3(s3root=root, progress=lambda objects, size: told.append((objects, size))) as s3:
        s3.put_many([(str(n), "12345") for n in range(4)])
    assert told[-1] == (4, 20) and len(told) == 4


class Puts(stepwell.FlowSpec):
    @stepwell.step
    def start(self) -> None:
        with S3(run=self) as s3:
            self.url = s3.put("some/key", "of the run")
        self.next(self.end)

    @stepwell.step
    def end(self) -> None: ...


def test_of_a_run(tmp_path: Path) -> None:
    """Keys of a run lie below it, for its steps and for who reads it afterwards; elsewhere there is none."""
    from stepwell.datastore import Datastore
    from stepwell.flow.graph import TaskId
    from stepwell.store.opening import open_store
    from stepwell.testing.task import run_task_here

    datastore = Datastore(open_store(str(tmp_path)), "user/ada")
    run_task_here(Puts, TaskId("start", "0"), datastore, "ada", {})
    found = tmp_path / "ns/user/ada/flows/Puts/runs/test/data/some/key"
    assert found.read_text() == "of the run"
    with pytest.raises(UsageError, match="outside a task; give a run, "):
        S3(run=Puts)


@pytest.mark.parametrize(
    ("options", "key", "message"),
    [
        ({}, "key", "it must be s3://BUCKET/KEY or an absolute path"),
        ({"s3root": "s3://b", "bucket": "b"}, "key", "received s3root and bucket; give one of"),
        ({"prefix": "p"}, "key", "received prefix; give one of"),
        ({"s3root": "/tmp"}, "/key", "keys are relative to the root /tmp"),
        ({"s3root": "/tmp"}, 3, "received the key 3; a key is text"),
        ({"s3root": "/tmp"}, "a/../../b", "a key is text without empty, '.' or '..' segments"),
    ],
)
def test_mistakes(options: dict[str, Any], key: Any, message: str) -> None:
    """What contradicts itself or leads out of the root is one line."""
    with pytest.raises((UsageError, StoreError), match=message):
        S3(**options).get(key)
    with pytest.raises(UsageError, match="received int for 'k'; an object is text or bytes"):
        S3(s3root="/tmp").put("k", 3)  # type: ignore[arg-type]

"""Logs that grow while their task runs."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from stepwell.datastore import Datastore
from stepwell.errors import StoreError
from stepwell.execution import growinglog
from stepwell.execution.growinglog import GrowingLog, LogReader, pause
from stepwell.execution.queue import Attempt
from stepwell.flow.graph import TaskId
from stepwell.logs import LogBook
from stepwell.store.base import Store

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TASK = TaskId("work", "0")


def book(*lines: str) -> LogBook:
    log = LogBook()
    for line in lines:
        log.add("o", f"{line}\n".encode(), NOW)
    return log


@pytest.mark.parametrize(
    ("age", "size", "seconds"), [(0, 0, 1), (5, 0, 1), (50, 0, 5), (3600, 0, 10), (3600, 9_000_000, 100)]
)
def test_pauses_grow(age: float, size: int, seconds: float) -> None:
    """A new and small log is kept each second, an old one every ten, a large one more seldom."""
    assert pause(age, size) == pytest.approx(seconds)


def test_a_log_is_kept_while_it_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed is kept before the end, only if there is more; a failing store is tried again."""
    monkeypatch.setattr(growinglog, "_SHORTEST", 0.01)
    kept: list[bytes] = []
    failures = [StoreError("away")]

    def put(log: bytes) -> None:
        if failures:
            raise failures.pop()
        kept.append(log)

    log = book("one")
    with GrowingLog(log, put):
        until(lambda: kept == [log.so_far()])
        log.add("o", b"two\nthr", NOW)
        until(lambda: len(kept) == 2)
        time.sleep(0.05)
        log.close(NOW)
    assert [content.count(b"\n") for content in kept] == [1, 2, 3]
    assert kept[-1] == log.to_bytes()


def until(holds: object) -> None:
    deadline = time.monotonic() + 5
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_log_is_read_once(store: Store) -> None:
    """A reader gives each whole line once, of one attempt after the other, on every kind of store."""
    datastore = Datastore(store, "user/ada")
    reader = LogReader(datastore, "Made", "r1", Attempt(TASK, 1))

    def put(attempt: int, log: bytes) -> None:
        datastore.put_log("Made", "r1", TASK, attempt, log)

    assert reader.new(1) == []
    put(1, book("one", "two").to_bytes())
    assert reader.new(1) == [("o", "one"), ("o", "two")]
    assert reader.new(1) == []
    three = book("one", "two", "three").to_bytes()
    put(1, three[:-3])  # as if it had been cut off
    assert reader.new(1) == []
    put(1, three)
    put(2, book("again").to_bytes())
    assert reader.new(2) == [("o", "three"), ("o", "again")]
    assert reader.new(1) == []


def test_large_logs_are_read_from_where_one_stopped(store: Store) -> None:
    """More than is fetched at once is read without a gap."""
    datastore = Datastore(store, "user/ada")
    reader = LogReader(datastore, "Made", "r1", Attempt(TASK))
    texts = [f"{number} " + "x" * 100 for number in range(3000)]
    for end in (1, 1000, 3000):
        datastore.put_log("Made", "r1", TASK, 0, book(*texts[:end]).to_bytes())
        begin = {1: 0, 1000: 1, 3000: 1000}[end]
        assert [text for _, text in reader.new(0)] == texts[begin:end]

"""Logs that grow while their task runs."""

from __future__ import annotations

import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stepwell.datastore import Datastore
from stepwell.errors import NotFound, StoreError
from stepwell.execution import growinglog
from stepwell.execution.growinglog import GrowingLog, LogReader, pause
from stepwell.flow.graph import TaskId
from stepwell.logs import LogBook, began, lines
from stepwell.store.base import Store
from stepwell.store.opening import open_store
from tests.support import environment, flow_command, write_flow

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TASK = TaskId("work", "0")


def book(*lines: str) -> LogBook:
    log = LogBook(NOW)
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
    assert [content.count(b"\n") for content in kept] == [2, 3, 4]
    assert kept[-1] == log.to_bytes()


def until(holds: object, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_log_is_read_once(store: Store) -> None:
    """A reader gives each whole line once, of one attempt after the other, on every kind of store."""
    datastore = Datastore(store, "user/ada")
    reader = LogReader(datastore, "Made", "r1", TASK, 1)

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
    reader = LogReader(datastore, "Made", "r1", TASK, 0)
    texts = [f"{number} " + "x" * 100 for number in range(3000)]
    for end in (1, 1000, 3000):
        datastore.put_log("Made", "r1", TASK, 0, book(*texts[:end]).to_bytes())
        begin = {1: 0, 1000: 1, 3000: 1000}[end]
        assert [text for _, text in reader.new(0)] == texts[begin:end]


def test_a_log_says_when_its_attempt_began() -> None:
    """A log begins with the time of its attempt, which is none of its lines."""
    log = LogBook(NOW)
    assert log.is_empty and began(log.so_far()) == NOW
    log.add("o", b"one\n", NOW)
    assert not log.is_empty and began(log.to_bytes()) == NOW
    assert list(lines(log.to_bytes())) == [(NOW, "o", "one")]
    assert began(b"") is None and began(b"2026-11-23T00:00:00+00:00 o b\n") is None


def test_the_log_of_a_local_task_grows(tmp_path: Path) -> None:
    """While a task runs on this machine its log is in the datastore with what it has printed so far; one
    that is silent is there too, and says when it began."""
    body = """
    @step
    def start(self):
        self.xs = ["talks", "silent"]
        self.next(self.work, foreach="xs")
    @step
    def work(self):
        if self.input == "talks":
            print("begun")
        while not os.path.exists(os.environ["GATE"]):
            time.sleep(0.05)
        if self.input == "talks":
            print("ended")
        self.next(self.join)
    @step
    def join(self, inputs):
        self.next(self.end)
    @step
    def end(self): pass
    """
    home, gate = tmp_path / "home", tmp_path / "gate"
    process = subprocess.Popen(
        flow_command(write_flow(tmp_path, body), "run"), env=environment(home, GATE=str(gate)),
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    datastore = Datastore(open_store(str(home)), "user/tester")
    talks, silent = TaskId("work", "0-0"), TaskId("work", "0-1")

    def log(task: TaskId) -> bytes:
        (run,) = datastore.runs("Made")
        try:
            return datastore.log("Made", run, task, 0)
        except NotFound:
            return b""

    until(lambda: list(datastore.runs("Made")), 60)
    until(lambda: log(talks) and log(silent), 60)
    assert not gate.exists()
    assert [text for _, _, text in lines(log(talks))] == ["begun"]
    for task in (talks, silent):
        assert began(log(task)) is not None
    assert not list(lines(log(silent)))
    gate.touch()
    assert process.wait() == 0
    assert [text for _, _, text in lines(log(talks))] == ["begun", "ended"]
    assert log(TaskId("end", "0")) == b""  # short, and without a word

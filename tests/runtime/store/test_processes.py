"""Many processes on one store: racing, and killed."""

from __future__ import annotations

import hashlib
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stepwell.store.opening import open_store

RACER = """
import sys, time
from stepwell.errors import AlreadyExists
from stepwell.store.opening import open_store

url, me, start = sys.argv[1], sys.argv[2], float(sys.argv[3])
store = open_store(url)
store.exists("warm")
time.sleep(max(0.0, start - time.time()))
for attempt in range(30):
    try:
        store.put(f"race/{attempt}", me.encode(), if_absent=True)
    except AlreadyExists:
        continue
    print(attempt)
"""

# Every object's content is its key's digest, over and over: 32 MB that its key alone tells.
WRITER = """
import hashlib, itertools, sys
from stepwell.store.opening import open_store

store = open_store(sys.argv[1])
print("ready", flush=True)
for number in itertools.count():
    for kind in ("put", "create", "file"):
        key = f"written/{number}-{kind}"
        data = hashlib.sha256(key.encode()).digest() * 1_000_000
        if kind == "file":
            with store.staging() as path:
                path.write_bytes(data)
                store.put_file(key, path)
        else:
            store.put(key, data, if_absent=kind == "create")
"""


@pytest.fixture(params=["folder", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "folder":
        return str(tmp_path / "store")
    return f"s3://{request.getfixturevalue('s3').new_bucket()}"


def test_conditional_put_race_of_processes(url: str) -> None:
    """Of four processes that put 30 keys conditionally each key has exactly one winner."""
    start = str(time.time() + 2)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, url, str(me), start], stdout=subprocess.PIPE, text=True
        )
        for me in range(4)
    ]
    won = {me: set(map(int, racer.communicate(timeout=60)[0].split())) for me, racer in enumerate(racers)}
    store = open_store(url)
    holders = [int(store.get(f"race/{attempt}")) for attempt in range(30)]
    assert won == {me: {attempt for attempt in range(30) if holders[attempt] == me} for me in range(4)}


def test_a_killed_writer_leaves_only_whole_objects(url: str) -> None:
    """Whenever a writer of large objects is killed, every object that is listed is whole."""
    seen = 0
    store = open_store(url)
    for kill in range(100):
        if kill >= 12 and seen:
            break
        writer = subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(random.uniform(0.005, 0.6))
        writer.send_signal(signal.SIGKILL)
        writer.communicate(timeout=60)
        for info in store.list("written/"):
            assert info.size == 32_000_000
            assert store.get(info.key) == hashlib.sha256(info.key.encode()).digest() * 1_000_000
            store.delete(info.key)
            seen += 1
        assert store.list_folders("") in ([], ["written"])
    assert seen, "no writer lived long enough to write an object: the kills proved nothing"


FORKER = """
import os, sys
from stepwell.store.opening import open_store

store = open_store(sys.argv[1])
print(len(os.listdir("/proc/self/task")), flush=True)
for child in range(2):
    if os.fork() == 0:
        store.put(f"child/{child}", b"written")
        os._exit(0)
for child in range(2):
    os.wait()
print(store.get("child/0"), store.get("child/1"))
"""


def test_a_store_is_opened_before_a_fork(url: str) -> None:
    """Opening a store starts no thread, and processes forked afterwards use it, as does their parent."""
    if not Path("/proc/self/task").exists():
        pytest.skip("threads are counted in /proc")
    printed = subprocess.check_output([sys.executable, "-c", FORKER, url], text=True, timeout=60)
    assert printed.splitlines() == ["1", "b'written' b'written'"]

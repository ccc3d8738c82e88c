"""Stepwell beside Metaflow on S3: objects left and requests made, a task.

Both run a wide foreach on this machine with their datastore in an S3 of this process, which counts what
it is asked; the difference to a flow without the foreach is what its tasks cost::

    python benchmarks/counts.py [--items 20]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from moto.server import DomainDispatcherApplication, create_backend_app
from report import Comparison, show
from sources import FOREACH
from werkzeug.serving import WSGIRequestHandler, make_server

OBJECTS_A_TASK = 2.0
"""The most that Stepwell may leave, large artifacts apart: a manifest and a log."""


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None: ...


@contextmanager
def counting_s3() -> Iterator[tuple[str, Counter[str]]]:
    """The URL of an S3, and how many requests of each method it has had."""
    application = DomainDispatcherApplication(create_backend_app)
    methods: Counter[str] = Counter()

    def counting(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        methods[environ["REQUEST_METHOD"]] += 1
        return application(environ, start_response)

    server = make_server("127.0.0.1", 0, counting, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", methods
    server.shutdown()


def run(framework: str, items: int, url: str, bucket: str, folder: Path) -> None:
    """One run of the flow with its datastore in the bucket."""
    file = folder / f"flow_{framework}.py"
    file.write_text(FOREACH.format(framework=framework, items=items))
    options = ["--datastore", f"s3://{bucket}"] if framework == "stepwell" else ["--datastore", "s3"]
    environ = {
        **os.environ,
        "USER": "bench",
        "AWS_ENDPOINT_URL": url,
        "METAFLOW_S3_ENDPOINT_URL": url,
        "METAFLOW_DATASTORE_SYSROOT_S3": f"s3://{bucket}/metaflow",
        "METAFLOW_DEFAULT_METADATA": "local",
    }
    subprocess.run(
        [sys.executable, str(file), *options, "run", "--max-num-splits", str(items)],
        check=True,
        capture_output=True,
        cwd=folder,
        env=environ,
    )


def measure(framework: str, items: int) -> tuple[int, Counter[str]]:
    """Objects in the bucket after a run, and the requests that it made."""
    with tempfile.TemporaryDirectory() as folder, counting_s3() as (url, methods):
        client = boto3.client("s3", endpoint_url=url)
        client.create_bucket(Bucket="bench")
        methods.clear()
        run(framework, items, url, "bench", Path(folder))
        made = Counter(methods)
        pages = client.get_paginator("list_objects_v2").paginate(Bucket="bench")
        objects = sum(page["KeyCount"] for page in pages)
        boto3.client("s3", endpoint_url=url).close()
        _empty(client)
    return objects, made


def _empty(client: Any) -> None:
    for page in client.get_paginator("list_objects_v2").paginate(Bucket="bench"):
        for entry in page.get("Contents", ()):
            client.delete_object(Bucket="bench", Key=entry["Key"])
    client.delete_bucket(Bucket="bench")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--items", type=int, default=20)
    items: int = arguments.parse_args().items
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_REGION": "us-east-1"}
    a_task: dict[str, dict[str, float]] = {}
    for framework in ("stepwell", "metaflow"):
        few, many = measure(framework, 1), measure(framework, items + 1)
        made = {method: (many[1][method] - few[1][method]) / items for method in sorted(few[1] | many[1])}
        a_task[framework] = {"objects": (many[0] - few[0]) / items, "requests": sum(made.values()), **made}
        print(
            f"{framework}, a task: "
            + ", ".join(f"{value:.2f} {name}" for name, value in a_task[framework].items())
        )
    ours, theirs = a_task["stepwell"], a_task["metaflow"]
    show(
        "Stepwell beside Metaflow on S3, a task of a foreach",
        "stepwell",
        "metaflow",
        [
            Comparison("objects left", "", ours["objects"], theirs["objects"], limit=OBJECTS_A_TASK),
            Comparison("requests", "", ours["requests"], theirs["requests"]),
        ],
    )


if __name__ == "__main__":
    main()

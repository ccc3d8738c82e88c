"""The three kinds of store, and an S3 that counts what it is asked."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from stepwell.store.base import Store
from stepwell.store.opening import open_store


@dataclass(frozen=True)
class Request:
    """One request that reached the S3 of the tests."""

    method: str
    path: str
    query: str
    range: str | None


@dataclass
class S3:
    """An S3 in this process, and what it was asked since its last new bucket, oldest first."""

    url: str
    requests: list[Request] = field(default_factory=list)

    def new_bucket(self) -> str:
        import boto3

        name = f"stepwell-{uuid.uuid4().hex}"
        boto3.client("s3", endpoint_url=self.url).create_bucket(Bucket=name)
        self.requests.clear()
        return name


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3]:
    application = DomainDispatcherApplication(create_backend_app)
    s3, writers = S3(""), threading.Lock()

    def counting(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        query, path = environ["QUERY_STRING"], unquote(environ["PATH_INFO"])
        s3.requests.append(Request(environ["REQUEST_METHOD"], path, query, environ.get("HTTP_RANGE")))
        if environ["REQUEST_METHOD"] != "PUT":
            return application(environ, start_response)
        with writers:  # of several that write if there is nothing, moto would let two win
            return application(environ, start_response)

    server = make_server("127.0.0.1", 0, counting, threaded=True)
    s3.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield s3
    server.shutdown()
    thread.join()


@pytest.fixture
def s3(s3_server: S3, monkeypatch: pytest.MonkeyPatch) -> S3:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    return s3_server


@pytest.fixture(params=["memory", "folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Every kind of store in turn."""
    if request.param == "memory":
        return open_store("memory://")
    if request.param == "folder":
        return open_store(str(tmp_path / "store"))
    return open_store(f"s3://{request.getfixturevalue('s3').new_bucket()}/some/prefix")

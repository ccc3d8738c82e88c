"""What stands between the tasks of a local cloud and AWS: it answers in AWS's place, or kills who asks."""

from __future__ import annotations

import http.client
import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from tests.runtime.production.conftest import Place

_DEFINITION = "stepwell-prod-local-user-ada-default-fargate"
SERVICES = ("S3", "GLUE", "SSM")
Forward = Callable[[], Response]
Rule = Callable[["Asked", Forward], Response]
"""Answers a request; `Forward` has AWS answer it."""

THROTTLED = "ThrottlingException"
_ERROR = '<?xml version="1.0"?><Error><Code>{0}</Code><Message>injected</Message></Error>'


class Asked(NamedTuple):
    """A request as text, such as ``PUT /bucket/key``, and the port from which it came."""

    text: str
    port: int


def failing(status: int, code: str, times: int = 2, *, lost: bool = False, only: str = "") -> Rule:
    """Each request fails so often before AWS answers; or, where `lost`, AWS carries it out each time.

    Args:
        only: a pattern of the requests that fail.
    """
    seen: Counter[str] = Counter()
    lock = threading.Lock()

    def answer(asked: Asked, forward: Forward) -> Response:
        request = asked.text
        with lock:
            seen[request] += 1
            fails = seen[request] <= times and re.search(only, request)
        if not fails:
            return forward()
        if lost:
            forward()
        if request.startswith("POST AWS"):
            said = f'{{"__type": "{THROTTLED}", "message": "injected"}}'
            return Response(said, 400, content_type="application/json") if not lost else Response(status=500)
        return Response(_ERROR.format(code), status, content_type="application/xml")

    return answer


@dataclass
class Killing:
    """Kills the job of a flow with its n-th request that a pattern finds, before or after AWS has answered.

    Attributes:
        when: the pattern.
        attempts: how many attempts are killed.
        after: whether AWS carries the request out.
    """

    flow: str
    when: str
    attempts: int = 1
    after: bool = False
    killed: list[str] = field(default_factory=list)

    def __call__(self, asked: Asked, forward: Forward) -> Response:
        if not re.search(self.when, asked.text) or len(self.killed) >= self.attempts:
            return forward()
        job = _job(self.flow, asked.port)
        if job is None:
            return forward()
        self.killed.append(asked.text)
        answer = forward() if self.after else Response(status=500)
        with suppress(ProcessLookupError):
            os.killpg(job, signal.SIGKILL)
        return answer


def _job(flow: str, port: int) -> int | None:
    """The process group of a job of a flow's step ``fetch``, if that is who asks from a port."""
    wanted = {f"STEPWELL_FLOW={flow}".encode(), b"STEPWELL_STEP=fetch"}
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    sockets = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}")}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if wanted <= set((folder / "environ").read_bytes().split(b"\0")) and any(
                str(one.readlink()) in sockets for one in (folder / "fd").iterdir()
            ):
                return os.getpgid(int(folder.name))
    return None


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class Between:
    """The server; `rules` are asked in turn, the first around those behind it."""

    def __init__(self, cloud: str) -> None:
        self._cloud = urlsplit(cloud)
        self.rules: list[Rule] = []
        self.seen: Counter[str] = Counter()
        self._server = make_server(
            "127.0.0.1", 0, Request.application(self._answer), threaded=True, request_handler=_Quiet
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()

    def _answer(self, request: Request) -> Response:
        path = request.full_path.rstrip("?")
        target = request.headers.get("X-Amz-Target", "")
        said = f"{request.method} {target or unquote(path)}"
        self.seen[said.split("?")[0]] += 1
        data, headers = request.get_data(), dict(request.headers)
        headers.pop("Transfer-Encoding", None)

        def forward() -> Response:
            assert self._cloud.hostname
            connection = http.client.HTTPConnection(self._cloud.hostname, self._cloud.port, timeout=60)
            raw = request.environ["RAW_URI"]
            connection.request(request.method, raw, body=data or None, headers=headers)
            found = connection.getresponse()
            answer = Response(found.read(), found.status)
            for name, value in found.getheaders():  # of HEAD the length of what does not come
                if name.lower() not in ("connection", "transfer-encoding"):
                    answer.headers[name] = value
            return answer

        answer = forward
        for rule in self.rules[::-1]:
            answer = _around(rule, Asked(said, int(request.environ["REMOTE_PORT"])), answer)
        return answer()


def _around(rule: Rule, asked: Asked, forward: Forward) -> Forward:
    return lambda: rule(asked, forward)


@contextmanager
def between(place: Place) -> Iterator[Between]:
    """From now on the tasks of ada's jobs ask for S3, Glue and parameters here."""
    batch, server = place.client("batch"), Between(place.variables["AWS_ENDPOINT_URL"])
    found = batch.describe_job_definitions(jobDefinitionName=_DEFINITION, status="ACTIVE")["jobDefinitions"]
    container = found[-1]["containerProperties"]
    said = [{"name": f"AWS_ENDPOINT_URL_{service}", "value": server.url} for service in SERVICES]
    made = batch.register_job_definition(  # jobs have the newest revision
        jobDefinitionName=_DEFINITION, type="container", platformCapabilities=["FARGATE"],
        schedulingPriority=1,
        containerProperties={**container, "environment": [*container["environment"], *said]},
    )["jobDefinitionArn"]  # fmt: skip
    try:
        yield server
    finally:
        batch.deregister_job_definition(jobDefinition=made)
        server.close()

"""The web view's server: on this machine only, for reading only."""

from __future__ import annotations

import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from stepwell.errors import UsageError
from stepwell.ui.guard import HEADERS, Guard

LOOPBACK = "127.0.0.1"
_PATIENCE = 30.0
"""Seconds for which a connection may say nothing."""
_MOST_FIELDS = 20


class Response(NamedTuple):
    """What a request is answered with."""

    body: bytes
    type: str = "text/plain; charset=utf-8"
    status: HTTPStatus = HTTPStatus.OK


Answer = Callable[[str, dict[str, str]], Response]
"""Answers an admitted request, by its path below the guard's root and its query."""


class Server(ThreadingHTTPServer):
    """Serves `answer` to whom its guard admits.

    Args:
        port: 0 chooses a free one.

    Raises:
        UsageError: the port is taken, or not allowed.
    """

    daemon_threads = True

    def __init__(self, answer: Answer, port: int = 0) -> None:
        try:
            super().__init__((LOOPBACK, port), Handler)
        except OSError as error:
            raise UsageError(
                f"--port: received {port}, which can't be used ({error.strerror}); name another, or leave it "
                "out for a free one"
            ) from None
        self.answer = answer
        self.guard = Guard(self.server_port)

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that goes away is no error of ours; nothing else may end the server either."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            print(f"Error: {type(error).__name__}: {error}", file=sys.stderr)


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE

    def do_GET(self) -> None:
        response, more = self._response()
        self._send(response, more)

    do_HEAD = do_GET

    def _refuse_method(self) -> None:
        self.close_connection = True  # what it sends besides is not read
        self._send(
            _refused(HTTPStatus.METHOD_NOT_ALLOWED, "this page is for reading"), {"Allow": "GET, HEAD"}
        )

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_CONNECT = _refuse_method

    def _response(self) -> tuple[Response, dict[str, str]]:
        guard = self.server.guard
        if not guard.is_host(self.headers.get("Host")):
            return _refused(HTTPStatus.FORBIDDEN, f"open it as {LOOPBACK} or localhost"), {}
        url = urlsplit(self.path)
        try:
            query = dict(parse_qsl(url.query, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
        except ValueError:
            return _refused(HTTPStatus.BAD_REQUEST, "too many parameters"), {}
        if url.path == "/" and guard.is_token(query.get("token")):
            return Response(b"", status=HTTPStatus.SEE_OTHER), {
                "Location": guard.root, "Set-Cookie": guard.cookie,
            }  # fmt: skip
        path = unquote(url.path).removeprefix(guard.root)
        is_inside = url.path.startswith(guard.root)
        if not is_inside or not guard.admits(self.headers, navigation=not path):  # type: ignore[arg-type]
            return _refused(HTTPStatus.FORBIDDEN, "open the URL that `stepwell ui` has printed"), {}
        return self.server.answer(path, query), {}

    def _send(self, response: Response, more: dict[str, str]) -> None:
        self.send_response(response.status)
        fields = {"Content-Type": response.type, "Content-Length": str(len(response.body)), **HEADERS, **more}
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Of a request that is none: in our form, without telling what runs here."""
        self.close_connection = True
        self.command, self.request_version = self.command or "", self.protocol_version
        self._send(_refused(HTTPStatus(code), "no such request is answered here"), {})

    def version_string(self) -> str:
        return "stepwell"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed: URLs have the token."""


def _refused(status: HTTPStatus, why: str) -> Response:
    return Response(f"{status.phrase}: {why}\n".encode(), status=status)

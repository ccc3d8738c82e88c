"""The web view's server, asked without a browser."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stepwell.datastore import Datastore
from stepwell.errors import UsageError
from stepwell.ui.guard import HEADERS
from stepwell.ui.routes import static_files
from stepwell.ui.server import Server
from tests.runtime.client.support import finished_run
from tests.runtime.ui.conftest import Serve
from tests.support import environment


class Client:
    """Asks a server, as whom its cookie makes it."""

    def __init__(self, server: Server, cookie: bool = True) -> None:
        self.server, self.cookie = server, cookie

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        guard = self.server.guard
        connection = http.client.HTTPConnection("127.0.0.1", guard.port, timeout=20)
        if self.cookie:
            headers.setdefault("Cookie", f"stepwell={guard.token}")
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), body

    def api(self, name: str) -> Any:
        status, _, body = self.ask(f"{self.server.guard.root}api/{name}")
        return status, json.loads(body)


@pytest.fixture
def server(ada: Datastore, serve: Serve) -> Server:
    finished_run(ada, "one")
    return serve(ada)


def test_the_token_leads_to_the_page(server: Server) -> None:
    """The first request's token gives the browser its cookie, and leaves the URL."""
    status, headers, body = Client(server, cookie=False).ask(
        server.guard.url.partition(str(server.server_port))[2]
    )
    assert (status, headers["Location"], body) == (303, server.guard.root, b"")
    assert headers["Set-Cookie"] == server.guard.cookie
    status, headers, body = Client(server).ask(server.guard.root)
    assert status == 200 and b"<title>Stepwell</title>" in body and server.guard.token.encode() not in body


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?token=wrong",
        "/?token=",
        "{root}",
        "{root}api/runs",
        "{root}static/app.js",
        "/x",
        "/favicon.ico",
    ],
)
def test_without_the_token_nothing_is_told(server: Server, path: str) -> None:
    """A request without token and cookie, or with wrong ones, is forbidden, whatever it asks for."""
    path = path.format(root=server.guard.root)
    for client, more in ((Client(server, cookie=False), {}), (Client(server), {"Cookie": "stepwell=wrong"})):
        status, headers, body = client.ask(path, **more)
        assert (status, body) == (403, b"Forbidden: open the URL that `stepwell ui` has printed\n")
        assert "Set-Cookie" not in headers


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1", "evil.example:{port}", "[::1]:{port}", ""])
def test_other_hosts_are_refused(server: Server, host: str) -> None:
    """A request that was sent to another name is forbidden, even with the cookie and the token."""
    host = host.format(port=server.server_port)
    for path in (server.guard.root, f"/?token={server.guard.token}"):
        status, headers, _ = Client(server).ask(path, Host=host)
        assert status == 403 and "Set-Cookie" not in headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_is_written(server: Server, method: str) -> None:
    """Every method but GET and HEAD is refused."""
    status, headers, _ = Client(server).ask(f"{server.guard.root}api/runs", method)
    assert (status, headers["Allow"]) == (405, "GET, HEAD")


def test_requests_of_other_pages_are_refused(server: Server) -> None:
    """What another page lets a browser ask for is forbidden, from another port of this machine too."""
    for site in ("cross-site", "same-site"):
        assert Client(server).ask(f"{server.guard.root}api/runs", **{"Sec-Fetch-Site": site})[0] == 403
    assert Client(server).ask(f"{server.guard.root}api/runs", **{"Sec-Fetch-Site": "same-origin"})[0] == 200


def test_every_answer_has_the_headers(server: Server) -> None:
    """Each answer, also of what is refused, says to take nothing from elsewhere and to keep nothing."""
    root = server.guard.root
    for client, path in (
        (Client(server), root),
        (Client(server), f"{root}api/runs"),
        (Client(server), f"{root}x"),
        (Client(server, False), root),
    ):
        _, headers, _ = client.ask(path)
        assert HEADERS.items() <= headers.items()
        assert headers["Server"] == "stepwell"
        assert "Access-Control-Allow-Origin" not in headers


def test_a_request_that_is_none(server: Server) -> None:
    """What is no HTTP is refused without telling what runs here, and the server goes on."""
    for text in (
        b"\x00\x01\r\n\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", server.server_port), 20) as connection:
            connection.sendall(text)
            answer = connection.makefile("rb").read()
        assert re.match(rb"HTTP/1.1 (400|414|501) ", answer), answer
        assert b"Python" not in answer and b"<" not in answer.partition(b"\r\n\r\n")[2]
    assert Client(server).ask(server.guard.root)[0] == 200


def test_head_is_answered_without_a_body(server: Server) -> None:
    """HEAD says how long an answer is, and sends none of it."""
    status, headers, body = Client(server).ask(f"{server.guard.root}static/style.css", "HEAD")
    assert (status, body) == (200, b"") and int(headers["Content-Length"]) > 1000


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "static/../server.py",
        "static/%2e%2e/server.py",
        "static/",
        "api/",
        "api/__class__",
        "static//page.html",
    ],
)
def test_what_is_not_there(server: Server, path: str) -> None:
    """Only the page's own files are served, and only what has a name is answered."""
    status, headers, body = Client(server).ask(server.guard.root + path)
    assert (status, headers["Content-Type"]) == (404, "application/json")
    assert json.loads(body) == {"error": "there is no such page"}


def test_every_file_of_the_page_is_used() -> None:
    """Each file is named by another one; none asks for anything of another server."""
    texts = {name: one.body.decode() for name, one in static_files().items()}
    for name in texts:
        assert name == "page.html" or any(name in text for other, text in texts.items() if other != name)
    for text in texts.values():
        assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text) == []
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text
        )


@pytest.mark.parametrize(
    ("asked", "status", "message"),
    [
        ("run?flow=Train&run=two", 404, "run Train/two is not in namespace 'user/ada'"),
        ("run?flow=Train", 400, "run: received ''; it must be a name"),
        ("run?flow=Train/runs&run=one", 400, "flow: received 'Train/runs'; it must be a name"),
        ("run?flow=..&run=one", 502, "a key is text without"),
        ("run?flow=Train&run=one&namespace=user/../../x", 400, "namespace: received 'user/../../x'"),
        ("runs?status=odd", 400, "status: received 'odd'"),
        ("tasks?flow=Train&run=one&step=fit&page=x", 400, "page: received 'x'; it must be a whole number"),
        ("task?flow=Train&run=one&step=fit&task=0-9", 404, "run Train/one has no task fit/0-9"),
        (
            "artifact?flow=Train&run=one&step=fit&task=0-0&name=x",
            404,
            "task Train/one/fit/0-0 has no artifact 'x'",
        ),
    ],
)
def test_mistakes_are_told(server: Server, asked: str, status: int, message: str) -> None:
    """A request for what is not there, or that is wrong, is answered with one line that says so."""
    found, answer = Client(server).api(asked)
    assert found == status and message in answer["error"] and "\n" not in answer["error"]


def test_what_can_not_be_read_is_told(ada: Datastore, server: Server) -> None:
    """A damaged object is an answer, not an end: the others are still shown."""
    ada.store.put("ns/user/ada/flows/Train/runs/one/tasks/fit/0-0/manifest.parquet", b"damaged")
    status, answer = Client(server).api("task?flow=Train&run=one&step=fit&task=0-0")
    assert status == 502 and "no manifest of a task, or a damaged one" in answer["error"]
    assert Client(server).api("task?flow=Train&run=one&step=fit&task=0-1")[0] == 200


def test_a_port_that_is_taken(server: Server) -> None:
    """A port that is taken is refused in one line."""
    with pytest.raises(UsageError, match=rf"--port: received {server.server_port}, which can't be used"):
        Server(lambda path, query: None, server.server_port)  # type: ignore[arg-type,return-value]


def test_the_command(ada: Datastore, tmp_path: Path) -> None:
    """`stepwell ui` prints a URL that works, listens on this machine alone, and ends with Ctrl-C."""
    finished_run(ada, "one")
    command = [str(Path(sys.executable).parent / "stepwell"), "ui", "--no-browser"]
    process = subprocess.Popen(
        command, env=environment(tmp_path / "home", STEPWELL_USER="ada"), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.fullmatch(r"Runs of user/ada in .*home: http://127\.0\.0\.1:(\d+)/\?token=([\w-]{43})\n", line)
    assert found, line
    connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=20)
    connection.request("GET", f"/?token={found[2]}")
    assert connection.getresponse().status == 303
    connection.close()
    listening = {
        parts[1]
        for parts in map(str.split, Path(f"/proc/{process.pid}/net/tcp").read_text().splitlines()[1:])
    }
    assert f"0100007F:{int(found[1]):04X}" in listening and f"00000000:{int(found[1]):04X}" not in listening
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(20) == 0

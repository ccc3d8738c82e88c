"""A real browser: Chromium, driven by its own driver with the W3C WebDriver protocol, without a library."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
)  # fmt: skip
SECONDS = 60.0
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""What the protocol calls an element by (WebDriver, 12.1)."""


def missing() -> str | None:
    """Why there is no browser here; None where there is."""
    lacks = [name for name, found in (("chromium", CHROMIUM), ("chromedriver", DRIVER)) if not found]
    return f"{' and '.join(lacks)} not found: apt-get install chromium chromium-driver" if lacks else None


class Browser:
    """A window of a browser of its own."""

    def __init__(self, session: str) -> None:
        self._session = session

    def open(self, url: str) -> None:
        """Go to a URL and wait until it is loaded."""
        self._ask("POST", "/url", {"url": url})

    @property
    def url(self) -> str:
        found: str = self._ask("GET", "/url")
        return found

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script returns; arguments are ``arguments[0]`` and so on."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    @property
    def text(self) -> str:
        """What is to be seen of the page, as text."""
        found: str = self.run("return document.body.innerText")
        return found

    def wait(self, holds: Callable[[], T]) -> T:
        """Wait until something holds; returns what it is."""
        deadline = time.monotonic() + SECONDS
        while not (found := holds()):
            if time.monotonic() > deadline:
                raise AssertionError(f"the page never came to it; it shows:\n{self.text}")
            time.sleep(0.05)
        return found

    def wait_for(self, text: str) -> str:
        """Wait for a text; returns all that is to be seen."""
        self.wait(lambda: text in self.text)
        return self.text

    def click(self, selector: str) -> None:
        """Click the first element that a CSS selector finds, as a person does."""
        element = self.wait(
            lambda: self._ask("POST", "/elements", {"using": "css selector", "value": selector})
        )
        self._ask("POST", f"/element/{element[0][_ELEMENT]}/click", {})

    def size(self, width: int, height: int) -> None:
        self._ask("POST", "/window/rect", {"width": width, "height": height})

    def errors(self) -> list[str]:
        """What the browser has complained of since it was last asked: errors, and what it refused to load."""
        found = self._ask("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in found]

    def command(self, name: str, parameters: dict[str, Any]) -> Any:
        """A command of Chromium's own protocol, such as one that emulates a dark screen."""
        return self._ask("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def screenshot(self, file: Path) -> None:
        file.write_bytes(base64.b64decode(self._ask("GET", "/screenshot")))

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        return _ask(method, self._session + path, body)


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser with a new empty profile in `folder`."""
    assert DRIVER and CHROMIUM
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "chromedriver.log"
    driver = subprocess.Popen([DRIVER, f"--port={port}", f"--log-path={log}"], stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _until_ready(address, driver, log)
        options = {"args": [*FLAGS, f"--user-data-dir={folder / 'profile'}"], "binary": CHROMIUM}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        begun = _ask("POST", f"{address}/session", {"capabilities": {"alwaysMatch": wanted}})
        session = f"{address}/session/{begun['sessionId']}"
        try:
            yield Browser(session)
        finally:
            _ask("DELETE", session)
    finally:
        driver.terminate()
        driver.wait(10)


def _until_ready(address: str, driver: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            if _ask("GET", f"{address}/status")["ready"]:
                return
        except OSError:
            assert driver.poll() is None and time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def _ask(method: str, url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=SECONDS) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        raise AssertionError(json.load(error)["value"]["message"]) from None

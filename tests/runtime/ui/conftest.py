"""A store of its own for each test, and a browser for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from stepwell.datastore import Datastore
from stepwell.store.opening import open_store
from stepwell.ui.place import Place
from stepwell.ui.routes import Routes
from stepwell.ui.server import Server
from stepwell.ui.views import views
from tests.runtime.ui.browser import Browser, browser, missing

Serve = Callable[[Datastore], Server]


@pytest.fixture
def ada(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Datastore:
    """Her own namespace, in a folder."""
    monkeypatch.setenv("STEPWELL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STEPWELL_USER", "ada")
    return Datastore(open_store(str(tmp_path / "home")), "user/ada")


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts the web view of a datastore, in this process; it ends with the test."""
    with ExitStack() as ending:

        def start(datastore: Datastore) -> Server:
            server = Server(Routes(views(Place(datastore.store, datastore.namespace))))
            thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
            thread.start()
            for end in (thread.join, server.server_close, server.shutdown):  # in the other order
                ending.callback(end)
            return server

        yield start


@pytest.fixture(scope="session")
def one_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if why := missing():
        pytest.skip(why)
    with browser(tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.fixture
def page(one_browser: Browser) -> Iterator[Browser]:
    """A browser that has complained of nothing at the end of the test."""
    one_browser.size(1280, 900)
    one_browser.errors()
    yield one_browser
    errors = one_browser.errors()
    one_browser.open("about:blank")
    assert errors == []

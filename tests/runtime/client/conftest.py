"""A store of its own for each test, which the client finds by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stepwell.client import namespaces
from stepwell.datastore import Datastore
from stepwell.store.base import Store
from stepwell.store.opening import open_store


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The local datastore of the user ada; her namespace is the client's again afterwards."""
    monkeypatch.setenv("STEPWELL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STEPWELL_USER", "ada")
    yield open_store(str(tmp_path / "home"))
    namespaces.default_namespace()


@pytest.fixture
def ada(home: Store) -> Datastore:
    """Her own namespace."""
    return Datastore(home, "user/ada")

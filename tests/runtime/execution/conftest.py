"""What tests of runs share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stepwell.testing.isolation import isolated_home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Where everything of a test lies, for its flows and for the client in this process."""
    with isolated_home(tmp_path / "home") as home:
        yield home

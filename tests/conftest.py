"""What tests of several parts share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stepwell.cloud import control


@pytest.fixture(scope="session")
def local_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[control.CloudInfo]:
    """A local cloud of this session's own; `control.environment` has the variables that point to it."""
    home = tmp_path_factory.mktemp("home")
    yield control.up(home)
    control.down(home)

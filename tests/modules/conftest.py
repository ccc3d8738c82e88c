from __future__ import annotations

import pytest

from tests.synthesis import Synthesized, settings, synthesized


@pytest.fixture(scope="session")
def demo() -> Synthesized:
    """The stack of the demo's settings, where everything that can be is left to its default."""
    return synthesized(settings())

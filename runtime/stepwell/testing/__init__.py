"""Test flows: one step, or a whole flow, in the test's own process; nothing is left behind.

::

    from stepwell.testing import run_flow, run_step

    def test_square():
        assert run_step(Squares, "square", item=3).result == 9

    def test_squares():
        assert run_flow(Squares, {"count": 3}).data.total == 5

Artifacts are in memory, and tables in a home that is gone afterwards, unless the test has one of its
own (`isolated_home`, or the fixture ``stepwell_home``). What a step raises is raised here. The fixtures
for tests with processes or a local cloud are in `stepwell.testing.plugin`; pytest finds them by itself.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stepwell.testing.flow import run_flow as run_flow
    from stepwell.testing.isolation import isolated_home as isolated_home
    from stepwell.testing.step import run_step as run_step

# loaded when first used: pytest imports this package wherever Stepwell is installed
_HOME = {
    "isolated_home": "stepwell.testing.isolation",
    "run_flow": "stepwell.testing.flow",
    "run_step": "stepwell.testing.step",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'stepwell.testing' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)

"""``@pypi_base``: `pypi` for all steps of a flow."""

from __future__ import annotations

from typing import Any, ClassVar

from stepwell.flow.decorators.packages import FlowPackages
from stepwell.flow.decorators.pypi import DEFAULTS


class pypi_base(FlowPackages):
    """Run every step of the flow in an environment with these packages.

    Args:
        python, packages, disabled: as of `pypi`, which adds to it on single steps.
    """

    name = "pypi_base"
    kind = "pypi"
    defaults: ClassVar[dict[str, Any]] = DEFAULTS

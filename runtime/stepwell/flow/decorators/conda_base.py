"""``@conda_base``: `conda` for all steps of a flow."""

from __future__ import annotations

from typing import Any, ClassVar

from stepwell.flow.decorators.conda import DEFAULTS
from stepwell.flow.decorators.packages import FlowPackages


class conda_base(FlowPackages):
    """Run every step of the flow in an environment with these conda packages.

    Args:
        python, packages, libraries, channels, disabled: as of `conda`, which adds to it on single steps.
    """

    name = "conda_base"
    kind = "conda"
    defaults: ClassVar[dict[str, Any]] = DEFAULTS

"""``@pypi``: a step in an environment of packages from PyPI, or an index like it."""

from __future__ import annotations

from typing import Any, ClassVar

from stepwell.flow.decorators.packages import StepPackages

DEFAULTS: dict[str, Any] = {"python": None, "packages": {}, "disabled": None}


class pypi(StepPackages):
    """Run the step in an environment with these packages, the same here and in the cloud.

    Args:
        python: version of Python, such as ``"3.12"`` (default: that of the process that starts the run).
        packages: versions by name: ``{"scikit-learn": "1.5.2"}``; a version may be a condition such as
            ``">=2,<3"``, or empty. They are added to those of `pypi_base`.
        disabled: True: run the step with what is installed.
    """

    name = "pypi"
    kind = "pypi"
    defaults: ClassVar[dict[str, Any]] = DEFAULTS

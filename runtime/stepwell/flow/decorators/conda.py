"""``@conda``: a step in an environment of conda packages."""

from __future__ import annotations

from typing import Any, ClassVar

from stepwell.flow.decorators.packages import StepPackages

DEFAULTS: dict[str, Any] = {
    "python": None, "packages": {}, "libraries": {}, "channels": None, "disabled": None,
}  # fmt: skip


class conda(StepPackages):
    """Run the step in an environment with these conda packages, the same here and in the cloud.

    Args:
        python: version of Python, which is a package too (default: that of the process that starts the run).
        packages: versions by name: ``{"scikit-learn": "1.5.2"}``; they are added to those of `conda_base`.
        libraries: the same; Metaflow's older name.
        channels: where packages are looked for, the first counts most (default: ``["conda-forge"]``).
        disabled: True: run the step with what is installed.
    """

    name = "conda"
    kind = "conda"
    defaults: ClassVar[dict[str, Any]] = DEFAULTS

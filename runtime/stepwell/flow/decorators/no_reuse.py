"""``@no_reuse``: a step whose work is not only a matter of its inputs."""

from __future__ import annotations

from typing import Any, ClassVar

from stepwell.flow.decorators.base import StepDecorator


class no_reuse(StepDecorator):
    """Run the step in every run, also under ``run --reuse``: it fetches what changes outside, for one.

    `resume` still takes it over, for a resumed run is the same run going on. Tasks that follow are
    reused where what it leaves is as it was.
    """

    name = "no_reuse"
    defaults: ClassVar[dict[str, Any]] = {}
    only_how = True

"""``@project``: flows that belong together."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from stepwell.flow.decorators.flowlevel import FlowDecorator


class project(FlowDecorator):
    """Say which project a flow belongs to.

    Args:
        name: the project's name: lower-case letters, digits and underscores, at most 128, as Metaflow's.
    """

    name = "project"
    defaults: ClassVar[dict[str, Any]] = {"name": None}

    def check(self) -> None:
        name = self.attributes["name"]
        if not (isinstance(name, str) and re.fullmatch(r"[a-z0-9_]{1,128}", name)):
            raise self.refuse("name", "1 to 128 lower-case letters, digits and underscores")

"""What a deployed state machine says of itself: in its comment, which changes with it alone. Pure."""

from __future__ import annotations

import json
from typing import NamedTuple, Self


class About(NamedTuple):
    """A deployment, for people and for whoever looks for deployments.

    Attributes:
        deployed_by: the user who deployed it last.
        deployed: when, ISO 8601, in UTC; None where nothing was deployed.
        code: sha256 of the code package.
        timeout: seconds after which a run is ended, if there is such a limit.
    """

    flow: str
    namespace: str
    deployed_by: str
    deployed: str | None
    code: str
    max_workers: int
    timeout: int | None = None

    def to_json(self) -> str:
        return json.dumps({"stepwell": self._asdict()})

    @classmethod
    def from_definition(cls, definition: str) -> Self | None:
        """What the definition of a state machine says; None where it is none of Stepwell's."""
        try:
            return cls(**json.loads(json.loads(definition)["Comment"])["stepwell"])
        except (ValueError, KeyError, TypeError):
            return None

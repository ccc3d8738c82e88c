"""Whether both keys that let data be destroyed are turned, or none."""

from __future__ import annotations

from collections.abc import Iterator

from stacks.mistakes import Mistake, Place
from stacks.schema.values import TwoKeys


def two_keys(place: Place, name: str, table: TwoKeys) -> Iterator[Mistake]:
    """One key alone is a mistake: `name` is what the second one has to say."""
    confirmed = table.force_destroy_confirm
    if table.force_destroy and confirmed != name:
        yield (
            (*place, "force_destroy_confirm"),
            f"received {confirmed!r}; force_destroy = true lets `cdktf destroy {name}` delete all data of "
            f'{name}: confirm it with force_destroy_confirm = "{name}", or set force_destroy = false',
        )

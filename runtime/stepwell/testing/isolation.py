"""A home of one's own: whatever a flow does in it leaves nothing in the user's datastore or tables."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER = "tester"
_homes: list[Path] = []


@contextmanager
def isolated_home(folder: Path | None = None) -> Iterator[Path]:
    """Point Stepwell to a STEPWELL_HOME of this block alone, with no environment, as the user ``tester``.

    Inside of another such block, and with no `folder` given, that one's home is used.

    Args:
        folder: the home; by default a temporary folder that is gone afterwards.
    """
    if folder is None and _homes:
        yield _homes[-1]
        return
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="stepwell-home-") as made, isolated_home(Path(made)):
            yield Path(made)
        return
    before = {name: value for name, value in os.environ.items() if name.startswith("STEPWELL_")}
    _set({"STEPWELL_HOME": str(folder), "STEPWELL_USER": USER})
    _homes.append(folder)
    try:
        yield folder
    finally:
        _homes.pop()
        _set(before)


def _set(variables: dict[str, str]) -> None:
    """Let these be the only variables of Stepwell's."""
    for name in [name for name in os.environ if name.startswith("STEPWELL_")]:
        del os.environ[name]
    os.environ.update(variables)

"""What a command tells the program that started it, beside what it prints for people.

`stepwell.Runner` names a file in STEPWELL_NOTICES; the command adds a line of JSON for each fact:
``{"run": ...}`` once its run is claimed, ``{"error": ...}`` if it fails. Nobody else sets the variable.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

VARIABLE = "STEPWELL_NOTICES"

# taken out of the environment, so that a command that one of the run's tasks starts tells nobody
_file = os.environ.pop(VARIABLE, None)


def tell(what: str, fact: dict[str, str]) -> None:
    """Tell a fact to who asked for notices, if anybody did."""
    if _file is not None:
        with Path(_file).open("a") as file:
            file.write(json.dumps({what: fact}) + "\n")


def told(file: Path) -> dict[str, dict[str, str]]:
    """The facts that were told so far, the last one of each kind; lines not yet whole are left out."""
    found: dict[str, Any] = {}
    for line in file.read_text().splitlines(keepends=True) if file.exists() else []:
        if line.endswith("\n"):
            found.update(json.loads(line))
    return found

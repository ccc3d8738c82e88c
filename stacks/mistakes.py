"""What pydantic says of settings, as lines for people: where, what was received, what is allowed. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

Place = Sequence[str | int]
Mistake = tuple[Place, str]
"""Where it is, and what to say of it."""


def dotted(place: Place) -> str:
    """``("teams", "growth", "users", 0)`` as ``teams.growth.users[0]``."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def lines(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """A line for each mistake that `error`, raised by `model`, tells of."""
    return [_line(details, model) for details in error.errors()]


def _line(details: ErrorDetails, model: type[BaseModel]) -> str:
    # For a key of a table pydantic adds a part that no file has.
    place = [part for part in details["loc"] if part != "[key]"]
    where, received = dotted(place), details["input"]
    match details["type"]:
        case "extra_forbidden":
            return (
                f"{where}: received an unknown key; {_allowed(str(place[-1]), _model_at(place[:-1], model))}"
            )
        case "missing":
            return f"{where}: received nothing; it must be set"
        case "too_short":
            return f"{where}: received {received!r}; at least one is needed"
        case "too_long":
            return f"{where}: received {len(received)}; at most {details['ctx']['max_length']} are allowed"
        case "literal_error":
            expected = details["ctx"]["expected"]
            near = _near(str(received), re.findall(r"'([^']*)'", expected))
            return f"{where}: received {received!r}; allowed are {expected}{near}"
        case "value_error":
            return f"{where}: received {received!r}; {details['ctx']['error']}"
        case _:
            says = details["msg"].removeprefix("Input ")
            return f"{where}: received {_short(received)}; it {says}"


def _short(value: Any) -> str:
    """A value of the wrong kind may be a whole table."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _allowed(key: str, model: type[BaseModel]) -> str:
    keys = list(model.model_fields)
    return f"allowed are {', '.join(keys)}{_near(key, keys)}"


def _near(wrong: str, allowed: Sequence[str]) -> str:
    near = difflib.get_close_matches(wrong.lower(), [one.lower() for one in allowed], n=1)
    meant = [one for one in allowed if one.lower() in near]
    return f"; did you mean {meant[0]!r}?" if meant else ""


def _model_at(place: Place, model: type[BaseModel]) -> type[BaseModel]:
    """The model of the table at `place` below `model`."""
    at: Any = model
    for part in place:
        if isinstance(at, type) and issubclass(at, BaseModel):
            at = at.model_fields[str(part)].annotation
        else:  # a table of names, or a list
            at = get_args(at)[-1]
    found: type[BaseModel] = at
    return found

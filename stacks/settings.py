"""Read ``environments.toml``."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from stacks import mistakes
from stacks.checks import check
from stacks.schema import Settings
from stepwell.errors import SettingsError


def load(path: Path) -> Settings:
    """The settings that the file at `path` holds.

    Raises:
        SettingsError: the file can't be read or is wrong; its message has one line for each mistake.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"{path}: can't be read ({error.strerror}); it names the teams and environments to deploy: "
            "run where it is, the folder of cdktf.json"
        ) from None
    except ValueError as error:
        # Both of its syntax and of bytes that are no UTF-8.
        raise SettingsError(f"{path}: received a file that is no TOML: {error}; correct it there") from None
    try:
        settings = Settings.model_validate(document)
        wrong = check(settings)
    except ValidationError as error:
        wrong = mistakes.lines(error, Settings)
    if wrong:
        raise SettingsError("\n".join(f"{path}: {line}" for line in wrong))
    return settings

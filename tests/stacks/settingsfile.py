"""Write ``environments.toml`` in tests, and read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stacks.schema import Settings
from stacks.settings import load
from stepwell.errors import SettingsError

GOOD = """
[teams.growth]
users = [{ name = "ada", role = "data-scientist" }, { name = "dana", role = "data-engineer" }]
projects = ["flights"]
[teams.growth.environments.dev]
region = "us-east-1"
[teams.growth.environments.dev.compute]
image = "stepwell:latest"
"""
DEV = "teams.growth.environments.dev"


def read(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "environments.toml"
    path.write_text(text)
    return load(path)


def mistakes(tmp_path: Path, text: str) -> list[str]:
    """The lines of the error, without the file that each begins with."""
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    before = f"{tmp_path / 'environments.toml'}: "
    lines = str(caught.value).splitlines()
    assert all(line.startswith(before) for line in lines)
    return [line.removeprefix(before) for line in lines]

"""What no single value of the settings shows: names taken twice or too long, sizes that don't fit. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from stacks.checks.environments import environment_mistakes
from stacks.checks.foundation import foundation_mistakes
from stacks.checks.teams import team_mistakes
from stacks.mistakes import Mistake, dotted
from stacks.schema import Settings
from stepwell.contract import EnvironmentName


def check(settings: Settings) -> list[str]:
    """A line for each mistake."""
    return [f"{dotted(place)}: {message}" for place, message in _mistakes(settings)]


def _mistakes(settings: Settings) -> Iterator[Mistake]:
    yield from foundation_mistakes(settings)
    yield from team_mistakes(settings)
    for team_name, team in settings.teams.items():
        for key, environment in team.environments.items():
            place = ("teams", team_name, "environments", key)
            yield from environment_mistakes(place, EnvironmentName(team_name, key), environment)

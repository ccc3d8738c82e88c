"""Which foundations there are: one for each account and region that an environment stands in. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from stacks.schema import Environment, Settings

FOUNDATION = "foundation"


@dataclass(frozen=True, slots=True)
class Place:
    """An account, by its 12 digits or (None) that of the caller's credentials, and a region."""

    account: str | None
    region: str

    @property
    def stack(self) -> str:
        """Name of the foundation's stack: ``foundation-us-east-1``, ``foundation-123456789012-us-east-1``."""
        return "-".join(part for part in (FOUNDATION, self.account, self.region) if part)


def regions(settings: Settings) -> set[str]:
    """The regions that environments stand in."""
    return {one.region for team in settings.teams.values() for one in team.environments.values()}


def home(settings: Settings, account: str | None) -> Place:
    """Where an account has what it has once: the states of its stacks, and its identity providers."""
    region = settings.foundation.region
    if region is None:
        (region,) = regions(settings)
    return Place(account, region)


def place(environment: Environment) -> Place:
    """Where an environment stands."""
    return Place(environment.account, environment.region)


def places(settings: Settings) -> list[Place]:
    """All foundations, sorted."""
    used = {place(one) for team in settings.teams.values() for one in team.environments.values()}
    return sorted(used | {home(settings, one.account) for one in used}, key=lambda one: one.stack)

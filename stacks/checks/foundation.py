"""Mistakes in what all environments share."""

from __future__ import annotations

from collections.abc import Iterator

from stacks.checks.keys import two_keys
from stacks.mistakes import Mistake
from stacks.places import FOUNDATION, regions
from stacks.schema import Settings


def foundation_mistakes(settings: Settings) -> Iterator[Mistake]:
    """Mistakes of the table ``foundation``, and of what it needs of environments."""
    yield from two_keys((FOUNDATION,), FOUNDATION, settings.foundation)
    used = sorted(regions(settings))
    if settings.foundation.region is None and len(used) > 1:
        yield (
            (FOUNDATION, "region"),
            f"received nothing; environments stand in {', '.join(used)}: set it to the region of what an "
            "account has once, such as the states of its stacks",
        )
    yield from _accounts(settings)


def _accounts(settings: Settings) -> Iterator[Mistake]:
    """Without an account an environment goes wherever the caller's credentials are from."""
    environments = [
        (("teams", team_name, "environments", key, "account"), one.account)
        for team_name, team in settings.teams.items()
        for key, one in team.environments.items()
    ]
    if settings.foundation.state == "s3":
        reason = f'{FOUNDATION}.state = "s3" keeps states in a bucket named after the account'
    elif any(account for _, account in environments):
        reason = "other environments name theirs, and this one's may be the same"
    else:
        return
    for place, account in environments:
        if account is None:
            yield place, f"received nothing; {reason}: set it to the account's 12 digits"

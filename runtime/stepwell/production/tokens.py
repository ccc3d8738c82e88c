"""Production tokens: what one needs, besides the rights that IAM gives, to deploy to a project's namespace.

A token is made of chance with the first deployment, and shown to whoever made it. It is kept in the record
of the deployment, which only the namespace's deployers may read, and on the machines of those who were given
it.
"""

from __future__ import annotations

import hmac
import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from stepwell.errors import NotAllowed, UsageError
from stepwell.production.record import Entry

_FORM = re.compile(r"[A-Za-z0-9_-]{20,128}")


class Given(NamedTuple):
    """What a deployer says of tokens; the names are those of Metaflow's options.

    Attributes:
        authorize: the token of the deployment that is there.
        new_token: the token that is to replace it.
        generate: whether a new one of chance is to replace it.
    """

    authorize: str | None = None
    new_token: str | None = None
    generate: bool = False

    def check(self) -> None:
        """Raises `UsageError` where that can't be."""
        if self.new_token is not None and self.generate:
            raise UsageError("--new-token: received besides --generate-new-token; give one of them")
        if self.new_token is not None and not _FORM.fullmatch(self.new_token):
            raise UsageError(
                f"--new-token: received {len(self.new_token)} characters; a token is 20 to 128 letters, "
                "digits, '-' and '_' that nobody can guess; leave it to chance with --generate-new-token"
            )


class Tokens:
    """The tokens that this machine was given, in a file that only its user reads.

    Args:
        home: the STEPWELL_HOME.
        place: of which deployment.
    """

    def __init__(self, home: Path, place: str) -> None:
        self._file, self._place = home / "tokens.json", place

    def get(self) -> str | None:
        """The token of the deployment, if this machine has one."""
        return self._all().get(self._place)

    def keep(self, token: str | None) -> None:
        """Keep it; None forgets."""
        known = {**self._all(), self._place: token}
        text = json.dumps({place: one for place, one in known.items() if one}, indent=2, sort_keys=True)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_suffix(f".{os.getpid()}")
        with suppress(FileNotFoundError):
            partial.unlink()
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        partial.replace(self._file)

    def _all(self) -> dict[str, str]:
        try:
            found: dict[str, str] = json.loads(self._file.read_text())
        except FileNotFoundError:
            return {}
        except ValueError:
            raise UsageError(
                f"{self._file}: it holds production tokens and can't be read as JSON; remove it, and give "
                "the token once more: --authorize TOKEN"
            ) from None
        return found


def needs_token(namespace: str) -> bool:
    """Whether deploying there needs a token: nobody but oneself may deploy to one's own namespace."""
    return namespace.startswith("project/")


def authorized(what: str, last: Entry | None, given: Given, own: str | None) -> str:
    """The token of the deployment that is there; raises `NotAllowed` for who does not have it.

    Args:
        what: the deployment, for people.
        own: the token that this machine was given before.
    """
    if last is None or last.deleted or last.token is None:
        return ""
    token = given.authorize or own
    if token is not None and hmac.compare_digest(token.encode(), last.token.encode()):
        return last.token
    said = "this needs its production token"
    if token:
        said = (
            f"the production token {'you gave' if given.authorize else 'that this machine keeps'} is not its"
        )
    raise NotAllowed(
        f"{what}: deployed {last.place}; {said}, which was shown to who deployed it first: ask {last.user} "
        "for it and give it once: step-functions create --authorize TOKEN"
    )


def new_token() -> str:
    """A token that nobody can guess: 160 bits of chance."""
    from secrets import token_urlsafe

    return token_urlsafe(20)

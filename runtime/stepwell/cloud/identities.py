"""Who the services of the local cloud act as when they run what a user asked for.

Without IAM everybody is the administrator; with it, each session is that of the role a job or a state
machine was given (`stepwell.cloud.iam.sessions`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from stepwell.cloud.iam.evaluator import Access


@dataclass(frozen=True, slots=True)
class Keys:
    """What requests are signed with; `token` is there in temporary ones only."""

    key: str
    secret: str
    token: str | None = None

    @property
    def variables(self) -> dict[str, str]:
        """As the AWS SDKs and obstore take them."""
        named = {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret}
        return named | ({"AWS_SESSION_TOKEN": self.token} if self.token else {})


ADMINISTRATOR = Keys("test", "test")
"""Whoever deploys: may do everything, with IAM or without."""


class Refused(Exception):
    """A role may not be assumed by a service, or lacks a right that it needs."""


class Identities(Protocol):
    """What services act as."""

    def keys(self, role: str, service: str, session: str) -> Keys:
        """Keys with which `service` (``states.amazonaws.com``) acts as a role; raises `Refused`."""
        ...

    def container(self, role: str | None, session: str) -> AbstractContextManager[Mapping[str, str]]:
        """Variables by which what runs in a container finds its role's keys, while the block runs.

        None is a container without a role: it finds no keys. Raises `Refused`.
        """
        ...

    def require(self, role: str, service: str, accesses: Sequence[Access]) -> None:
        """Raises `Refused` unless `service` may act as the role and the role has all `accesses`."""
        ...


class Everybody:
    """Identities of a cloud without IAM: one that may do everything."""

    def keys(self, role: str, service: str, session: str) -> Keys:
        return ADMINISTRATOR

    def container(self, role: str | None, session: str) -> AbstractContextManager[Mapping[str, str]]:
        return nullcontext(ADMINISTRATOR.variables)

    def require(self, role: str, service: str, accesses: Sequence[Access]) -> None:
        return None

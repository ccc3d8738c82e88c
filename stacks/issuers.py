"""Issuers of OpenID Connect tokens, as modules take them."""

from __future__ import annotations

from modules.identity import Issuer
from stacks.schema import Settings


def issuers(settings: Settings) -> dict[str, Issuer]:
    """The issuers that the settings name, by name."""
    return {name: Issuer(one.url, one.audience, one.create) for name, one in settings.foundation.oidc.items()}

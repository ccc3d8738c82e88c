"""What all environments of an account share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stacks.schema.values import Model, Name, Region, TwoKeys, Url


class Oidc(Model):
    """An issuer of OpenID Connect tokens, such as a CI service."""

    url: Url
    audience: Annotated[str, Field(min_length=1)] = "sts.amazonaws.com"
    create: bool = True


class Foundation(TwoKeys):
    """The stacks ``foundation-...``, one for each account and region."""

    region: Region | None = None
    state: Literal["local", "s3"] = "local"
    log_days: int = Field(default=365, ge=1, le=3650)
    rotation_days: int = Field(default=365, ge=90, le=2560)
    images_kept: int = Field(default=100, ge=1, le=10_000)
    oidc: dict[Name, Oidc] = Field(default_factory=dict)

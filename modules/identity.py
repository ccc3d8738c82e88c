"""Who comes from outside AWS: OpenID Connect providers, such as that of a CI service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modules import aws
from modules.cdk import Construct
from modules.policy import Statement
from modules.site import Site


@dataclass(frozen=True, slots=True)
class Issuer:
    """An issuer of OpenID Connect tokens.

    Attributes:
        url: ``https://...``; tokens name it as their ``iss``.
        audience: whom its tokens are for: their ``aud``.
        create: whether the foundation makes the account's provider; an account has one for each URL.
    """

    url: str
    audience: str
    create: bool

    @property
    def name(self) -> str:
        """What IAM calls it: the URL without its scheme."""
        return self.url.removeprefix("https://")

    def trust(self, site: Site, subjects: Sequence[str]) -> Statement:
        """A statement of a trust policy: tokens for `subjects` (patterns of ``sub``) may assume the role."""
        return {
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": f"arn:{site.partition}:iam::{site.account}:oidc-provider/{self.name}"},
            "Condition": {
                "StringEquals": {f"{self.name}:aud": self.audience},
                "StringLike": {f"{self.name}:sub": list(subjects)},
            },
        }


@dataclass(frozen=True, slots=True)
class IdentityProps:
    """`issuers`, by name."""

    issuers: Mapping[str, Issuer]


class Identity(Construct):
    """The account's OpenID Connect providers.

    They have no thumbprint: IAM trusts the certificate authorities it knows, and a pinned certificate
    would lock everybody out on the day that it is renewed.
    """

    def __init__(self, scope: Construct, id: str, props: IdentityProps) -> None:
        super().__init__(scope, id)
        for name, issuer in props.issuers.items():
            if issuer.create:
                aws.iam_openid_connect_provider.IamOpenidConnectProvider(
                    self, name, url=issuer.url, client_id_list=[issuer.audience]
                )

"""A user: a namespace that one person, and nobody else, writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modules.cdk import Construct
from modules.namespace import Namespace, NamespaceProps, Platform
from modules.policy import Statement, trust


@dataclass(frozen=True, slots=True)
class UserProps:
    """Who a user is.

    Attributes:
        platform: what the namespace draws on.
        name: ``[a-z][a-z0-9_]*``.
        databases: the databases the user writes tables of.
        principals: ARN patterns of the IAM users and roles that may assume the user's role. Default: none
            named, so the account's own IAM policies decide.
    """

    platform: Platform
    name: str
    databases: Sequence[str]
    principals: Sequence[str] = ()


class User(Construct):
    """The namespace ``user/NAME``: its person runs tasks from the laptop too, so submits jobs."""

    def __init__(self, scope: Construct, id: str, props: UserProps) -> None:
        super().__init__(scope, id)
        platform, namespace = props.platform, f"user/{props.name}"
        made = Namespace(
            self,
            "namespace",
            NamespaceProps(platform, namespace, [_trusted(props)], props.databases),
        )
        self.role = made.role
        platform.datastore.grant_write(self.role, f"ns/{namespace}/")
        platform.compute.grant_submit(self.role, made.job_definition, namespace)


def _trusted(props: UserProps) -> Statement:
    """Trust accounts, not principals: a principal that is deleted and made again would have lost it."""
    site = props.platform.site
    if not props.principals:
        return trust({"AWS": f"arn:{site.partition}:iam::{site.account}:root"})
    accounts = sorted({principal.split(":")[4] for principal in props.principals})
    return trust(
        {"AWS": [f"arn:{site.partition}:iam::{account}:root" for account in accounts]},
        {"ArnLike": {"aws:PrincipalArn": sorted(props.principals)}},
    )

"""A user: a namespace that one person, and nobody else, writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modules.cdk import Construct
from modules.namespace import Namespace, NamespaceProps, Platform
from modules.policy import Statement, allow, trust


@dataclass(frozen=True, slots=True)
class UserProps:
    """Who a user is.

    Attributes:
        platform: what the namespace draws on.
        name: ``[a-z][a-z0-9_]*``.
        writes_facts: whether the user, a data engineer, writes fact tables. Default: no.
        principals: ARN patterns of the IAM users and roles that may assume the user's role. Default: none
            named, so the account's own IAM policies decide.
        session: name of the session that a principal has to have, as IAM Identity Center sets it for each
            person who shares a role. Default: any.
    """

    platform: Platform
    name: str
    writes_facts: bool = False
    principals: Sequence[str] = ()
    session: str | None = None


class User(Construct):
    """The namespace ``user/NAME``: its person runs tasks from the laptop too, so submits jobs."""

    def __init__(self, scope: Construct, id: str, props: UserProps) -> None:
        super().__init__(scope, id)
        platform, namespace = props.platform, f"user/{props.name}"
        made = Namespace(self, "namespace", NamespaceProps(platform, namespace, [_trusted(props)]))
        self.role = made.role
        # Members of a team may write its projects' tables from their own namespace, for now:
        # docs/decisions/0014-who-writes-a-projects-tables.md
        for role in (made.role, made.job_role):
            platform.catalog.grant_write_projects(role)
            if props.writes_facts:
                platform.catalog.grant_write_facts(role)
        platform.datastore.grant_write(self.role, f"ns/{namespace}/")
        platform.compute.grant_submit(self.role, namespace)
        site = platform.site
        # Whom of them a project lets, its role says: so a new project changes no user's policy.
        projects = [site.role_arn(f"{site.names.prefix}-{kind}-*") for kind in ("project", "branch")]
        self.role.grant(allow(["sts:AssumeRole"], projects))


def _trusted(props: UserProps) -> Statement:
    """Trust accounts, not principals: a principal that is deleted and made again would have lost it."""
    site = props.platform.site
    if not props.principals:
        return trust({"AWS": site.root()})
    accounts = sorted({principal.split(":")[4] for principal in props.principals})
    # A role's user id is its own id and the name of the session.
    session = {"StringLike": {"aws:userid": f"*:{props.session}"}} if props.session else {}
    return trust(
        {"AWS": [f"arn:{site.partition}:iam::{account}:root" for account in accounts]},
        {"ArnLike": {"aws:PrincipalArn": sorted(props.principals)}, **session},
    )

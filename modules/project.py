"""A project: what it has in production is written by its tasks only, deployed by its deployers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modules.cdk import Construct
from modules.identity import Issuer
from modules.namespace import Namespace, NamespaceProps, Platform
from modules.policy import Statement, trust
from modules.user import User


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A deployer outside AWS: the tokens of `issuer` for `subjects` (patterns)."""

    issuer: Issuer
    subjects: Sequence[str]


@dataclass(frozen=True, slots=True)
class ProjectProps:
    """What a project is.

    Attributes:
        platform: what the namespace draws on.
        name: ``[a-z][a-z0-9_]*``.
        deployers: the users who may assume its role. Default: all of the environment, those to come too.
        pipelines: the CI pipelines that may assume it. Default: none.
    """

    platform: Platform
    name: str
    deployers: Sequence[User] | None = None
    pipelines: Sequence[Pipeline] = ()


class Project(Construct):
    """The namespace ``project/NAME``, with ``prod`` and its branches below it."""

    def __init__(self, scope: Construct, id: str, props: ProjectProps) -> None:
        super().__init__(scope, id)
        platform, namespace = props.platform, f"project/{props.name}"
        site, datastore = platform.site, platform.datastore
        made = Namespace(
            self,
            "namespace",
            NamespaceProps(
                platform,
                namespace,
                [_people(props), *(one.issuer.trust(site, one.subjects) for one in props.pipelines)],
            ),
        )
        for role in (made.role, made.job_role):
            platform.catalog.grant_write_project(role, props.name)
        # A deployer puts code and what a trigger or resume says there; results come from the project's tasks.
        datastore.grant_put(
            made.role,
            f"ns/{namespace}/prod/code/*",
            f"ns/{namespace}/prod/flows/*/runs/*/parameters.json",
            f"ns/{namespace}/prod/flows/*/runs/*/origin.json",
        )
        datastore.grant_write(made.role, f"ns/{namespace}/branch/")


def _people(props: ProjectProps) -> Statement:
    site = props.platform.site
    if props.deployers is not None:
        arns = [user.role.arn for user in props.deployers]
        return trust({"AWS": site.root()}, {"ArnEquals": {"aws:PrincipalArn": arns}})
    users = site.role_arn(f"{site.names.prefix}-user-*")
    # What follows a user's name belongs to tasks and state machines, not to people.
    return trust(
        {"AWS": site.root()},
        {"ArnLike": {"aws:PrincipalArn": users}, "ArnNotLike": {"aws:PrincipalArn": f"{users}-*"}},
    )

"""A project: what it has in production is written by its tasks only, deployed by its deployers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modules.cdk import Construct
from modules.identity import Issuer
from modules.namespace import Namespace, NamespaceProps, Platform
from modules.policy import Statement, trust
from modules.site import Site
from modules.user import User
from stepwell.contract import NAMESPACES, folders


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
        deployers: the users who may assume production's role. Default: all of the environment, those to
            come too.
        pipelines: the CI pipelines that may assume its roles. Default: none.
    """

    platform: Platform
    name: str
    deployers: Sequence[User] | None = None
    pipelines: Sequence[Pipeline] = ()


class Project(Construct):
    """Two namespaces: ``project/NAME``, which is production, and ``project/NAME/branch`` for all branches.

    Each has its own roles: a branch, which every user of the environment deploys and runs, writes nothing
    of production's.
    """

    def __init__(self, scope: Construct, id: str, props: ProjectProps) -> None:
        super().__init__(scope, id)
        platform, project = props.platform, f"project/{props.name}"
        pipelines = [one.issuer.trust(platform.site, one.subjects) for one in props.pipelines]
        production = Namespace(
            self, "namespace", NamespaceProps(platform, project, [_deployers(props), *pipelines])
        )
        # A deployer puts code, packages, and what a trigger or resume says; results come from tasks.
        said = ("parameters.json", "origin.json", "ended.json", "tags/*")
        for folder in folders(project):
            platform.datastore.grant_put(
                production.role,
                *(f"{NAMESPACES}{folder}{what}/*" for what in ("code", "environments")),
                *(f"{NAMESPACES}{folder}flows/*/runs/*/{name}" for name in said),
            )
        branch = f"{project}/branch"
        branches = Namespace(
            self, "branches", NamespaceProps(platform, branch, [_users(platform.site), *pipelines])
        )
        platform.datastore.grant_write(branches.role, *(f"{NAMESPACES}{one}" for one in folders(branch)))
        platform.compute.grant_submit(branches.role, branch)
        for made in (production, branches):
            for role in (made.role, made.job_role):
                platform.catalog.grant_write_project(role, props.name)


def _deployers(props: ProjectProps) -> Statement:
    if props.deployers is None:
        return _users(props.platform.site)
    arns = [user.role.arn for user in props.deployers]
    return trust({"AWS": props.platform.site.root()}, {"ArnEquals": {"aws:PrincipalArn": arns}})


def _users(site: Site) -> Statement:
    """All users of the environment, those to come too."""
    users = site.role_arn(f"{site.names.prefix}-user-*")
    # What follows a user's name belongs to tasks and state machines, not to people.
    return trust(
        {"AWS": site.root()},
        {"ArnLike": {"aws:PrincipalArn": users}, "ArnNotLike": {"aws:PrincipalArn": f"{users}-*"}},
    )

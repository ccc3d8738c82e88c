"""A project: what it has in production is written by its tasks only, deployed by its deployers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from modules.cdk import Construct
from modules.namespace import Namespace, NamespaceProps, Platform
from modules.policy import allow, trust
from modules.user import User


@dataclass(frozen=True, slots=True)
class ProjectProps:
    """What a project is.

    Attributes:
        platform: what the namespace draws on.
        name: ``[a-z][a-z0-9_]*``.
        deployers: the users who may assume its role, by name.
    """

    platform: Platform
    name: str
    deployers: Mapping[str, User]


class Project(Construct):
    """The namespace ``project/NAME``, with ``prod`` and its branches below it."""

    def __init__(self, scope: Construct, id: str, props: ProjectProps) -> None:
        super().__init__(scope, id)
        platform, namespace = props.platform, f"project/{props.name}"
        site, datastore = platform.site, platform.datastore
        trusted = trust(
            {"AWS": f"arn:{site.partition}:iam::{site.account}:root"},
            {"ArnEquals": {"aws:PrincipalArn": [user.role.arn for user in props.deployers.values()]}},
        )
        made = Namespace(
            self, "namespace", NamespaceProps(platform, namespace, [trusted], databases=[props.name])
        )
        # A deployer puts code, packages, and what a trigger or resume says; results come from the project's tasks.
        said = ("parameters.json", "origin.json", "ended.json", "tags/*")
        for production in ("prod", "prod.*"):
            datastore.grant_put(
                made.role,
                *(f"ns/{namespace}/{production}/{what}/*" for what in ("code", "environments")),
                *(f"ns/{namespace}/{production}/flows/*/runs/*/{name}" for name in said),
            )
        datastore.grant_write(made.role, f"ns/{namespace}/branch/")
        for user in props.deployers.values():
            user.role.grant(allow(["sts:AssumeRole"], [made.role.arn]))

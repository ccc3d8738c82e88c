"""An IAM role that constructs grant rights to; every role has the permissions boundary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from modules import aws
from modules.cdk import Construct
from modules.names import CATALOG_TAG
from modules.policy import Statement, document
from modules.site import Site


@dataclass(frozen=True, slots=True)
class RoleProps:
    """What a role is.

    Attributes:
        site: where it stands.
        name: of the role in the account, at most 64 characters.
        description: who uses it, for what.
        trusted: statements of the trust policy.
        tags: on top of the provider's default tags. Default: none.
    """

    site: Site
    name: str
    description: str
    trusted: Sequence[Statement]
    tags: dict[str, str] = field(default_factory=dict)


class Role(Construct):
    """A role with one inline policy, written when all rights are granted.

    The boundary knows a role's environment by its tags: the provider's default tags, and this one's.
    """

    def __init__(self, scope: Construct, id: str, props: RoleProps) -> None:
        super().__init__(scope, id)
        role = aws.iam_role.IamRole(
            self,
            "role",
            name=props.name,
            description=props.description,
            assume_role_policy=document(props.trusted),
            permissions_boundary=props.site.boundary,
            tags={CATALOG_TAG: props.site.names.catalog, **props.tags},
        )
        self.name: str = role.name
        self.arn: str = role.arn
        self._statements: list[Statement] = []
        props.site.at_end(self._write)

    def grant(self, *statements: Statement) -> None:
        """Add statements to the role's policy; one that it has already is not added again."""
        self._statements += [one for one in statements if one not in self._statements]

    def _write(self) -> None:
        if self._statements:
            aws.iam_role_policy.IamRolePolicy(
                self, "policy", name="stepwell", role=self.name, policy=document(self._statements)
            )

"""An IAM role that constructs grant rights to; every role has a permissions boundary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from modules import aws
from modules.cdk import Construct
from modules.policy import Statement, document


@dataclass(frozen=True, slots=True)
class RoleProps:
    """What a role is.

    Attributes:
        name: of the role in the account, at most 64 characters.
        description: who uses it, for what.
        trusted: statements of the trust policy.
        boundary: ARN of the permissions boundary.
        tags: on top of the provider's default tags. Default: none.
    """

    name: str
    description: str
    trusted: Sequence[Statement]
    boundary: str
    tags: dict[str, str] = field(default_factory=dict)


class Role(Construct):
    """A role with one inline policy that grows with each grant."""

    def __init__(self, scope: Construct, id: str, props: RoleProps) -> None:
        super().__init__(scope, id)
        self.name = props.name
        role = aws.iam_role.IamRole(
            self,
            "role",
            name=props.name,
            description=props.description,
            assume_role_policy=document(props.trusted),
            permissions_boundary=props.boundary,
            tags=props.tags or None,
        )
        self.arn: str = role.arn
        self._statements: list[Statement] = []
        self._policy = aws.iam_role_policy.IamRolePolicy(
            self, "policy", name="stepwell", role=role.name, policy=""
        )

    def grant(self, *statements: Statement) -> None:
        """Add statements to the role's policy."""
        self._statements += statements
        self._policy.policy = document(self._statements)

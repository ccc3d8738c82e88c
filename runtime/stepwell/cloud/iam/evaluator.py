"""What an evaluator of IAM policies is asked, and what it answers: pure.

One evaluator decides for tests of the synthesized policies and for the local cloud that enforces them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

Context = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        arn: of an IAM user, of a role's session (``arn:...:assumed-role/ROLE/SESSION``), or the name of a
            service (``states.amazonaws.com``).
        policies: the policies of its identity, each a JSON document.
        boundary: the permissions boundary, a JSON document.
        session: the session policy, a JSON document.
        context: condition keys that say who it is (``aws:PrincipalArn``, ``aws:PrincipalTag/...``).
    """

    arn: str
    policies: tuple[str, ...] = ()
    boundary: str | None = None
    session: str | None = None
    context: Context = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Access:
    """What it asks for.

    Attributes:
        action: as policies write it, ``s3:GetObject``.
        resource: the ARN; an action that AWS can't limit to a resource is decided for ``*`` whatever it says.
        account: whose the resource is.
        context: condition keys of the request and of the resource.
        policy: the resource's own policy, a JSON document: a bucket's, a key's, a role's trust policy.
    """

    action: str
    resource: str
    account: str
    context: Context = field(default_factory=dict)
    policy: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision; `reason` says why not, in AWS's words, and is empty where access is allowed."""

    allowed: bool
    reason: str = ""

    def message(self, caller: Caller, access: Access) -> str:
        """A denial as AWS tells it (IAM User Guide, "Troubleshoot access denied error messages")."""
        return (
            f"User: {caller.arn} is not authorized to perform: {access.action} "
            f"on resource: {access.resource} {self.reason}"
        )


class Undecidable(Exception):
    """No policy can allow what was asked for: there is no such action, or it takes no such resource."""


class Evaluator(Protocol):
    """Decides as IAM does (IAM User Guide, "Policy evaluation logic")."""

    def decide(self, caller: Caller, access: Access) -> Verdict:
        """Whether the caller has access.

        Raises:
            Undecidable: there is no such action, the action takes no such resource, or a policy is no
                policy.
        """
        ...

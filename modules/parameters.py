"""What the runtime reads to find everything else: the environment's SSM parameters, and its secrets."""

from __future__ import annotations

from dataclasses import dataclass

from modules import aws
from modules.accepted import PARAMETER, accept
from modules.cdk import Construct
from modules.policy import allow
from modules.role import Role
from modules.site import Site
from stepwell.contract import SHARED

READ = ["ssm:GetParameter"]
READ_SECRETS = ["secretsmanager:GetSecretValue"]


@dataclass(frozen=True, slots=True)
class ParametersProps:
    """`site` is where the environment stands."""

    site: Site


class Parameters(Construct):
    """Contracts, which everybody in the environment reads, and secrets, which their namespaces read."""

    def __init__(self, scope: Construct, id: str, props: ParametersProps) -> None:
        super().__init__(scope, id)
        self._site = props.site

    def put(
        self, scope: Construct, id: str, name: str, value: str, tags: dict[str, str] | None = None
    ) -> None:
        """A parameter of that name; what it holds is no secret."""
        parameter = aws.ssm_parameter.SsmParameter(
            scope, id, name=name, type="String", value=value, tags=tags
        )
        accept(parameter, **PARAMETER)

    def grant_read(self, role: Role) -> None:
        """Read the environment's contract, and those of its namespaces."""
        role.grant(allow(READ, [self._site.arn("ssm", f"parameter{self._site.names.parameters}/*")]))

    def grant_read_secrets(self, role: Role, namespace: str) -> None:
        """Read the secrets of a namespace, and the team's shared ones."""
        role.grant(allow(READ_SECRETS, self._site.secret_arns(namespace, SHARED)))

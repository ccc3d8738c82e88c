"""Where an environment stands: its AWS partition, account and region, and its names there."""

from __future__ import annotations

from dataclasses import dataclass

from modules import aws
from modules.cdk import Construct
from modules.names import Names
from modules.policy import allow
from modules.role import Role
from stepwell.contract import SHARED

READ_SECRETS = ["secretsmanager:GetSecretValue"]


@dataclass(frozen=True, slots=True)
class SiteProps:
    """`region` is the provider's."""

    names: Names
    region: str


class Site(Construct):
    """Looks up the account it is deployed to, so that no settings need to say it.

    Attributes:
        account, partition: tokens, known when Terraform runs.
    """

    def __init__(self, scope: Construct, id: str, props: SiteProps) -> None:
        super().__init__(scope, id)
        self.names = props.names
        self.region = props.region
        self.account: str = aws.data_aws_caller_identity.DataAwsCallerIdentity(self, "caller").account_id
        self.partition: str = aws.data_aws_partition.DataAwsPartition(self, "partition").partition

    @property
    def bucket(self) -> str:
        """Name of the datastore's bucket."""
        return self.names.bucket(self.account)

    def arn(self, service: str, resource: str) -> str:
        """ARN of something of this account in this region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def bucket_arn(self, keys: str | None = None) -> str:
        """ARN of the datastore's bucket, or of the objects in it whose keys match the pattern."""
        return f"arn:{self.partition}:s3:::{self.bucket}" + (f"/{keys}" if keys is not None else "")

    def role_arn(self, name: str) -> str:
        """ARN of a role of this account."""
        return f"arn:{self.partition}:iam::{self.account}:role/{name}"

    def secret_arns(self, *whose: str) -> list[str]:
        """Patterns of the secrets of namespaces, or those that are shared."""
        return [
            self.arn("secretsmanager", f"secret:{self.names.environment.secret(one, '*')}") for one in whose
        ]

    def grant_read_secrets(self, role: Role, namespace: str) -> None:
        """Read the secrets of a namespace, and the team's shared ones."""
        role.grant(allow(READ_SECRETS, self.secret_arns(namespace, SHARED)))

    def grant_read_contract(self, role: Role) -> None:
        """Read the environment's contract, and those of its namespaces."""
        role.grant(allow(["ssm:GetParameter"], [self.arn("ssm", f"parameter{self.names.parameters}/*")]))

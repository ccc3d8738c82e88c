"""Where something stands: its AWS partition, account and region, and its names there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from modules import aws, names
from modules.cdk import Construct
from modules.names import Names
from stepwell.contract import secrets


@dataclass(frozen=True, slots=True)
class SiteProps:
    """Where it is.

    Attributes:
        names: the environment's.
        region: the provider's.
        tags: what the provider tags everything with, for what Terraform does not make itself.
    """

    names: Names
    region: str
    tags: Mapping[str, str]


class Site(Construct):
    """Looks up the account it is deployed to, so that no settings need to say it.

    Attributes:
        account, partition: tokens, known when Terraform runs.
    """

    def __init__(self, scope: Construct, id: str, props: SiteProps) -> None:
        super().__init__(scope, id)
        self.names = props.names
        self.region = props.region
        self.tags = dict(props.tags)
        self.account: str = aws.data_aws_caller_identity.DataAwsCallerIdentity(self, "caller").account_id
        self.partition: str = aws.data_aws_partition.DataAwsPartition(self, "partition").partition
        self._last: list[Callable[[], None]] = []

    def at_end(self, make: Callable[[], None]) -> None:
        """Call `make` once all constructs are there: for what grows until then, such as policies."""
        self._last.append(make)

    def finish(self) -> None:
        """The stack calls this last."""
        for make in self._last:
            make()

    @property
    def bucket(self) -> str:
        """Name of the datastore's bucket."""
        return self.names.bucket(self.account)

    @property
    def boundary(self) -> str:
        """ARN of the boundary that every role of this region has; the foundation makes it."""
        return f"arn:{self.partition}:iam::{self.account}:policy/{names.boundary(self.region)}"

    @property
    def log_bucket(self) -> str:
        """Name of the bucket that access and flow logs go to; the foundation makes it."""
        return names.log_bucket(self.account, self.region)

    def arn(self, service: str, resource: str) -> str:
        """ARN of something of this account in this region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def bucket_arn(self, keys: str | None = None) -> str:
        """ARN of the datastore's bucket, or of the objects in it whose keys match the pattern."""
        return f"arn:{self.partition}:s3:::{self.bucket}" + (f"/{keys}" if keys is not None else "")

    def role_arn(self, name: str) -> str:
        """ARN of a role of this account."""
        return f"arn:{self.partition}:iam::{self.account}:role/{name}"

    def root(self) -> str:
        """The account as a principal: whom its own IAM policies let."""
        return f"arn:{self.partition}:iam::{self.account}:root"

    def secret_arns(self, *whose: str) -> list[str]:
        """Patterns of the secrets of namespaces, or those that are shared."""
        below = secrets(self.names.environment)
        return [self.arn("secretsmanager", f"secret:{below}/{one}/*") for one in whose]

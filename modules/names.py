"""How everything of Stepwell in an account is named. Pure, so that settings can refuse names that won't fit.

No name of a user or project has a hyphen. So ``stepwell-growth-dev-user-ada-*`` matches what belongs to
``ada`` and nothing of ``ada_b``: the guards in IAM policies are made of such patterns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from stepwell.contract import ENVIRONMENT_TAG, EnvironmentName, owner, parameters

# IAM, "IAM and AWS STS quotas": characters in a role's name.
ROLE_NAME_LIMIT = 64
CATALOG_TAG = "stepwell:catalog"
"""The tag of roles whose value their databases' names begin with: an environment's name without hyphens."""

KEY_ALIAS = "alias/stepwell"
REPOSITORY = "stepwell"


def boundary(region: str) -> str:
    """Name of the permissions boundary of a region's roles; policies know no region of their own."""
    return f"stepwell-{region}-boundary"


def log_bucket(account: str, region: str) -> str:
    """Name of the bucket that access and flow logs of a region go to."""
    return f"stepwell-logs-{account}-{region}"


def state_bucket(account: str, region: str) -> str:
    """Name of the bucket with Terraform's states; it is written where no token may stand."""
    return f"stepwell-state-{account}-{region}"


@dataclass(frozen=True, slots=True)
class Names:
    """Names of what belongs to one environment.

    Attributes:
        environment: ``growth-dev``.
        catalog: the same as Glue can have it, without hyphens: ``growth_dev``.
    """

    environment: str
    catalog: str

    @classmethod
    def of(cls, name: EnvironmentName) -> Self:
        """The names in an environment."""
        return cls(str(name), str(name).replace("-", "_"))

    @property
    def prefix(self) -> str:
        """What the name of every resource begins with: ``stepwell-growth-dev``."""
        return f"stepwell-{self.environment}"

    @property
    def state_machine_prefix(self) -> str:
        return f"{self.prefix}-"

    @property
    def database_prefix(self) -> str:
        return f"stepwell_{self.catalog}_"

    @property
    def parameters(self) -> str:
        """Path of the SSM parameters of the environment."""
        return parameters(self.environment)

    @property
    def job_log_group(self) -> str:
        return f"/stepwell/{self.environment}/jobs"

    @property
    def state_log_group(self) -> str:
        """AWS's own resource policy lets Step Functions write below ``/aws/vendedlogs/``."""
        return f"/aws/vendedlogs/states/{self.prefix}"

    @property
    def log_groups(self) -> tuple[str, str]:
        return (self.job_log_group, self.state_log_group)

    def bucket(self, account: str) -> str:
        """Bucket names are taken once in the world: the account's id makes ours free."""
        return f"{self.prefix}-{account}"

    def namespace(self, namespace: str) -> str:
        """Name of a namespace's own things, and of the role its people assume: ``...-user-ada``.

        A project's branches are ``...-branch-flights``: nothing of theirs begins as production's does.
        """
        kind, name, *branch = owner(namespace).split("/")
        return f"{self.prefix}-{'branch' if branch else kind}-{name}"

    def job_role(self, namespace: str) -> str:
        return f"{self.namespace(namespace)}-job"

    def scheduler_role(self, namespace: str) -> str:
        return f"{self.namespace(namespace)}-sch"

    def execution_role(self, namespace: str) -> str:
        return f"{self.namespace(namespace)}-sfn"


# In the boundary, which is one for all environments, IAM puts the values of a role's own tags. (Terraform
# would take ${ for its own.)
OF_PRINCIPAL = Names(f"$${{aws:PrincipalTag/{ENVIRONMENT_TAG}}}", f"$${{aws:PrincipalTag/{CATALOG_TAG}}}")

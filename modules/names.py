"""How everything an environment owns is named. Pure, so that settings can refuse names that won't fit.

No name of a user or project has a hyphen. So ``stepwell-growth-dev-user-ada-*`` matches what belongs to
``ada`` and nothing of ``ada_b``: the guards in IAM policies are made of such patterns.
"""

from __future__ import annotations

from dataclasses import dataclass

from stepwell.contract import EnvironmentName

# IAM, "IAM and AWS STS quotas": characters in a role's name.
ROLE_NAME_LIMIT = 64


@dataclass(frozen=True, slots=True)
class Names:
    """Names of what belongs to one team environment."""

    environment: EnvironmentName

    @property
    def prefix(self) -> str:
        """What the name of every resource begins with: ``stepwell-growth-dev``."""
        return f"stepwell-{self.environment}"

    @property
    def state_machine_prefix(self) -> str:
        return f"{self.prefix}-"

    @property
    def database_prefix(self) -> str:
        """Glue's names have no hyphen: ``stepwell_growth_dev_``."""
        return self.state_machine_prefix.replace("-", "_")

    @property
    def parameters(self) -> str:
        """Path of the SSM parameters of the environment."""
        return self.environment.contract_parameter.rpartition("/")[0]

    @property
    def job_log_group(self) -> str:
        return f"/stepwell/{self.environment.team}/{self.environment.environment}/jobs"

    @property
    def state_log_group(self) -> str:
        """AWS's own resource policy lets Step Functions write below ``/aws/vendedlogs/``."""
        return f"/aws/vendedlogs/states/{self.prefix}"

    def bucket(self, account: str) -> str:
        """Bucket names are taken once in the world: the account's id makes ours free."""
        return f"{self.prefix}-{account}"

    def namespace(self, namespace: str) -> str:
        """Name of a namespace's own things, and of the role its people assume: ``...-user-ada``."""
        return f"{self.prefix}-{namespace.replace('/', '-')}"

    def job_role(self, namespace: str) -> str:
        return f"{self.namespace(namespace)}-job"

    def scheduler_role(self, namespace: str) -> str:
        return f"{self.namespace(namespace)}-sch"

    def execution_role(self, namespace: str) -> str:
        return f"{self.namespace(namespace)}-sfn"

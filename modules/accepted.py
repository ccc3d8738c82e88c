"""Findings of checkov that are meant so, told where the resource is made."""

from __future__ import annotations

from typing import Any

from modules.cdk import TerraformStack

# Of every group of logs.
LOGS = {
    "CKV_AWS_158": "Where the settings say encryption = 'aws' the keys are AWS's own.",
    "CKV_AWS_338": "How long logs are kept is a setting, logs.retention_days.",
}
# Of the environment's contracts.
PARAMETER = {"CKV2_AWS_34": "It holds names and ARNs, which are no secrets, for all of the team to read."}


def accept(resource: Any, **reasons: str) -> None:
    """Say why a resource or data source stays as it is though a check fails: ``CKV_AWS_144="..."``.

    The reasons go into the comment of the stack's Terraform JSON, where `make checkov` looks for them; there
    one for a check that doesn't fail is refused.
    """
    address = f"{resource.terraform_resource_type}/{resource.friendly_unique_id}"
    for check, reason in reasons.items():
        TerraformStack.of(resource).add_override(f"//.checkov.{address}.{check}", reason)

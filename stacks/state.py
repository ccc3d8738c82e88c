"""Where Terraform's states are kept: a file each, or S3 with its own locks, as one setting says."""

from __future__ import annotations

import os
from pathlib import Path

from modules.cdk import LocalBackend, S3Backend, TerraformStack
from modules.names import state_bucket
from stacks.places import home
from stacks.schema import Settings


def keep_state(stack: TerraformStack, name: str, account: str | None, settings: Settings) -> None:
    """Give a stack the backend that the settings choose.

    Files lie in the folder STEPWELL_STATE_DIR, else where cdktf runs. In S3 they are encrypted by the
    bucket's own default, and locked by conditional puts: no table is needed.
    """
    if settings.foundation.state == "local":
        folder = os.environ.get("STEPWELL_STATE_DIR")
        if folder:
            LocalBackend(stack, path=str(Path(folder).resolve() / f"terraform.{name}.tfstate"))
        return
    assert account is not None, "checked: a backend's bucket can't be looked up"
    region = home(settings, account).region
    local = True if os.environ.get("AWS_ENDPOINT_URL") else None
    S3Backend(
        stack,
        bucket=state_bucket(account, region),
        key=f"{name}.tfstate",
        region=region,
        skip_credentials_validation=local,
        skip_metadata_api_check=local,
    )
    stack.add_override("terraform.backend.s3.use_lockfile", True)
    if local:
        stack.add_override("terraform.backend.s3.use_path_style", True)
        stack.add_override("terraform.backend.s3.skip_requesting_account_id", True)

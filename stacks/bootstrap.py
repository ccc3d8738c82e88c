"""Make an account ready for Stepwell: ``python -m stacks.bootstrap``, once for each account.

It makes the bucket of Terraform's states, if the settings keep them in S3 and it is not there, and deploys
the account's foundations, which take that bucket over. Run again it changes nothing.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from modules.names import state_bucket
from stacks.places import Place, home, places
from stacks.schema import Settings
from stacks.settings import load
from stepwell.errors import PlatformError, StepwellError

FILE = Path("environments.toml")
CDKTF = Path("node_modules/.bin/cdktf")


def main(arguments: Sequence[str]) -> int:
    """Make the bucket, then run ``cdktf deploy``, which gets the `arguments`."""
    try:
        settings = load(FILE)
        try:
            account = boto3.client("sts").get_caller_identity()["Account"]
            mine = _of(account, settings)
            if settings.foundation.state == "s3":
                place = home(settings, account)
                make_bucket(
                    boto3.client("s3", place.region), state_bucket(account, place.region), place.region
                )
        except (BotoCoreError, ClientError) as error:
            raise PlatformError(
                f"bootstrap: AWS refused or can't be reached: {error}; it needs credentials of an "
                "administrator of the account, as `aws sts get-caller-identity` shows them"
            ) from None
    except StepwellError as error:
        for line in str(error).splitlines():
            print(f"Error: {line}", file=sys.stderr)
        return error.exit_code
    return subprocess.run([CDKTF, "deploy", *(place.stack for place in mine), *arguments]).returncode


def _of(account: str, settings: Settings) -> list[Place]:
    """The foundations of an account.

    Raises:
        PlatformError: it has none.
    """
    mine = [place for place in places(settings) if place.account in (None, account)]
    if not mine:
        known = sorted({str(place.account) for place in places(settings)})
        raise PlatformError(
            f"bootstrap: your credentials are of account {account}, but {FILE} has environments in "
            f"{', '.join(known)} only; use credentials of one of these"
        )
    return mine


def make_bucket(s3: Any, name: str, region: str) -> None:
    """A private, versioned bucket; the foundation gives it everything else."""
    try:
        s3.head_bucket(Bucket=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "404":
            raise
        where = {} if region == "us-east-1" else {"LocationConstraint": region}
        s3.create_bucket(Bucket=name, **({"CreateBucketConfiguration": where} if where else {}))
        print(f"made the bucket {name} for Terraform's states")
    s3.put_public_access_block(
        Bucket=name,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
    )
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

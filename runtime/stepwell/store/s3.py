"""An obstore client for one S3 bucket, set up the AWS way."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepwell import config
from stepwell.errors import StoreError

if TYPE_CHECKING:
    from obstore.store import RetryConfig, S3Store

# About 6 s of waiting when a connection is refused; a blackholed address ends at the time-out.
_RETRIES: RetryConfig = {
    "max_retries": 6,
    "backoff": {"init_backoff": timedelta(seconds=0.1), "max_backoff": timedelta(seconds=4), "base": 2},
    "retry_timeout": timedelta(seconds=15),
}
_CONNECT_TIMEOUT = timedelta(seconds=4)
# Of one whole request: a part of 16 MiB still arrives at 140 KiB/s.
_REQUEST_TIMEOUT = timedelta(seconds=120)

# What obstore reads by itself: keys, a container's role, web identity (EKS, GitHub Actions).
_OWN_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)


def connect(bucket: str, prefix: str | None) -> S3Store:
    """A client for `bucket`, its keys below `prefix`; nothing is sent yet.

    Endpoint, region and credentials are found as the AWS SDKs find them: ``AWS_ENDPOINT_URL_S3``,
    ``AWS_ENDPOINT_URL``; ``AWS_REGION``, ``AWS_DEFAULT_REGION``, the profile's, us-east-1; keys in
    the environment, a container's role, web identity, ``AWS_PROFILE`` or the shared files, an
    instance's role.

    Raises:
        StoreError: the endpoint is no URL, or there is a profile and it yields no credentials.
    """
    from obstore.store import S3Store

    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    settings: dict[str, Any] = {}
    if endpoint:
        if not endpoint.startswith(("http://", "https://")):
            raise StoreError(
                f"s3://{bucket}: AWS_ENDPOINT_URL: received {endpoint!r}; it must begin with http:// or "
                "https://; unset it to use AWS itself"
            )
        settings["endpoint"] = endpoint
    if region := config.region():
        settings["region"] = region
    if _has_profile():
        settings["credential_provider"] = _profile_credentials(bucket)
    return S3Store(
        bucket,
        prefix=prefix,
        # A bucket as a host name needs DNS (and a certificate) that only AWS itself has.
        virtual_hosted_style_request=not endpoint,
        client_options={
            "allow_http": bool(endpoint and endpoint.startswith("http://")),
            "connect_timeout": _CONNECT_TIMEOUT,
            "timeout": _REQUEST_TIMEOUT,
        },
        retry_config=_RETRIES,
        **settings,
    )


def _has_profile() -> bool:
    """Whether a profile is what there is: the order of the AWS SDKs, ``AWS_PROFILE`` before a role."""
    if os.environ.get("AWS_ACCESS_KEY_ID"):
        return False
    if os.environ.get("AWS_PROFILE"):
        return True
    if any(os.environ.get(name) for name in _OWN_CREDENTIALS):
        return False
    files = (
        os.environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
        os.environ.get("AWS_CONFIG_FILE", "~/.aws/config"),
    )
    return any(Path(file).expanduser().is_file() for file in files)


def _profile_credentials(bucket: str) -> Any:
    from botocore.exceptions import BotoCoreError
    from obstore.auth.boto3 import Boto3CredentialProvider

    try:
        return Boto3CredentialProvider()
    except (BotoCoreError, ValueError) as error:
        profile = os.environ.get("AWS_PROFILE", "default")
        raise StoreError(
            f"s3://{bucket}: no credentials from the AWS profile {profile!r}: received {error}; "
            "log in (aws sso login), set AWS_PROFILE to one of `aws configure list-profiles`, "
            "or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        ) from error

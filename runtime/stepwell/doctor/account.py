"""Checks of what the process's environment says of AWS: which environment, where, who, by which clock."""

from __future__ import annotations

import os
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, HTTPSHandler, build_opener

from stepwell import aws, config
from stepwell.doctor.finding import Finding, failed, ok, skipped, warning
from stepwell.errors import PlatformError

CLOCK_SECONDS = 5
SKEW_REFUSED = 300
"""Seconds by which a request's time may differ from AWS's (IAM User Guide, Signature Version 4)."""
SKEW_ODD = 60

NO_ENVIRONMENT = "no environment is named: flows run on this machine"


def environment() -> Finding:
    """Which environment is named."""
    name = aws.environment_name()
    if name is None:
        return skipped(f"{NO_ENVIRONMENT} (STEPWELL_ENVIRONMENT)")
    return ok(f"{name}, namespace {config.namespace()}")


def region() -> Finding:
    """Which AWS region clients ask in."""
    found = _region()
    if found is None:
        return failed("no AWS region is named", "set AWS_REGION, or `region` in the profile")
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    return ok(found + (f", at AWS_ENDPOINT_URL={endpoint}" if endpoint else ""))


def credentials() -> Finding:
    """Who the caller is to AWS."""
    import boto3

    with aws.translated("sts"):
        found = boto3.Session().get_credentials()
        if found is None and aws.environment_name() is None:
            return skipped(f"there are none, and {NO_ENVIRONMENT}")
        if found is None:
            return failed(
                "there are none", "sign in (aws sso login), set AWS_PROFILE, or run where a role is"
            )
    return ok(f"{caller()}, from {found.method}")


def caller() -> str:
    """The ARN of the user, or of the role's session, that asks; raises `PlatformError`."""
    with aws.translated("sts"):
        arn: str = _sts().get_caller_identity()["Arn"]
    return arn


def clock() -> Finding:
    """Whether this machine's clock is AWS's."""
    url = _sts().meta.endpoint_url
    before = datetime.now(UTC)
    date = _date(url)
    between = before + (datetime.now(UTC) - before) / 2
    if date is None:
        return failed(f"{url} answers without a date", "check the proxy and AWS_ENDPOINT_URL")
    return judge_clock((parsedate_to_datetime(date) - between).total_seconds())


def judge_clock(ahead: float) -> Finding:
    """Judge by how many seconds AWS's clock is ahead of this machine's; its date has whole seconds."""
    apart = abs(ahead)
    if apart < SKEW_ODD:
        return ok(f"this machine's clock and AWS's are {apart:.0f} s apart")
    text = f"AWS's clock is {apart:.0f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    way_out = "set this machine's clock (timedatectl set-ntp true)"
    if apart < SKEW_REFUSED:
        return warning(text, way_out)
    return failed(f"{text}: from {SKEW_REFUSED} s on AWS refuses every request", way_out)


def _region() -> str | None:
    import boto3

    with aws.translated("region"):
        return config.region() or boto3.Session().region_name


def _sts() -> Any:
    """Who one is can be asked in any region."""
    return aws.client("sts", _region() or "us-east-1", patient=False)


class _Stay(HTTPRedirectHandler):
    """STS sends browsers to its manual, on another host with another clock."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _date(url: str) -> str | None:
    """The Date header that an endpoint answers with, whatever it answers."""
    trust = ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE"))
    try:
        with build_opener(_Stay, HTTPSHandler(context=trust)).open(url, timeout=CLOCK_SECONDS) as answer:
            return answer.headers["Date"]  # type: ignore[no-any-return]
    except HTTPError as error:
        return error.headers["Date"]
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise PlatformError(f"{url}: {reason}; check the network, the proxy and AWS_ENDPOINT_URL") from error

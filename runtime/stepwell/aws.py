"""The one door to AWS's control plane: clients, the contract, and AWS's errors in our words.

boto3 is imported when the first client is asked for. The data plane is `stepwell.store`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

from stepwell import config
from stepwell.contract import Contract, EnvironmentName, NamespaceContract
from stepwell.errors import ContractError, NotAllowed, PlatformError, UsageError

# of a service that refused, by AWS's code for it: what to do about it
_RIGHT = "ask who runs the environment for the right, or assume another role"
_SIGN_IN = "sign in again (aws sso login), or renew AWS_ACCESS_KEY_ID and what goes with it"
_ACCOUNT = "sign in to the right AWS account"
_CLOCK = "check this machine's clock (`stepwell doctor` compares it with AWS's) and the secret key"
_NOT_ALLOWED = dict.fromkeys(
    ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"), _RIGHT
)
_WAY_OUT = {
    **_NOT_ALLOWED,
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException"), _SIGN_IN),
    **dict.fromkeys(("InvalidClientTokenId", "UnrecognizedClientException"), _ACCOUNT),
    **dict.fromkeys(("SignatureDoesNotMatch", "RequestExpired", "RequestTimeTooSkewed"), _CLOCK),
}

# boto3's default session can't make two clients at once
_making = Lock()


@cache
def client(service: str, region: str | None = None, *, patient: bool = True) -> Any:
    """A boto3 client; adaptive retries, so that throttling slows a caller down and does not fail it.

    Args:
        region: by default the one that the process's environment variables name, else the profile's.
        patient: if not, it says within seconds that nobody answers.
    """
    import boto3
    from botocore.config import Config

    if patient:
        how = Config(retries={"mode": "adaptive", "max_attempts": 6}, connect_timeout=5, read_timeout=30)
    else:
        how = Config(retries={"mode": "standard", "max_attempts": 1}, connect_timeout=3, read_timeout=10)
    region = region or config.region()
    with translated(service), _making:
        return boto3.client(service, region_name=region, config=how)  # type: ignore[call-overload]


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn what boto3 raises in the block into one line that begins with `what`.

    Raises:
        NotAllowed: AWS refused, for the caller lacks the right.
        PlatformError: AWS refused for another reason, or can't be reached.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        problem = error.response.get("Error", {})
        code, message = problem.get("Code", "?"), problem.get("Message", str(error))
        kind = NotAllowed if code in _NOT_ALLOWED else PlatformError
        way_out = f"; {_WAY_OUT[code]}" if code in _WAY_OUT else ""
        raise kind(f"{what}: AWS answered {code}: {message}{way_out}") from error
    except BotoCoreError as error:
        raise PlatformError(f"{what}: {str(error).rstrip('.')}; {_unasked(error)}") from error


def refused_entries(what: str, answer: Mapping[str, Any]) -> None:
    """Raise `PlatformError` where EventBridge took not all of what one call gave it."""
    for entry in answer.get("FailedEntries", ()):
        raise PlatformError(f"{what}: AWS answered {entry.get('ErrorCode')}: {entry.get('ErrorMessage')}")


def _unasked(error: Exception) -> str:
    """The way out where AWS was not even asked."""
    from botocore.exceptions import ConnectionError, HTTPClientError, NoRegionError, ProfileNotFound

    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if isinstance(error, ConnectionError | HTTPClientError):
        if endpoint:
            return f"AWS_ENDPOINT_URL is {endpoint}: is the local cloud up? `stepwell local status`"
        return "check the network, the proxy and the region"
    if isinstance(error, NoRegionError):
        return "set AWS_REGION, or `region` in the profile"
    if isinstance(error, ProfileNotFound):
        return "set AWS_PROFILE to one of `aws configure list-profiles`"
    return _SIGN_IN


def environment_name(environ: Mapping[str, str] | None = None) -> EnvironmentName | None:
    """The environment that STEPWELL_ENVIRONMENT names, if it is set."""
    text = (os.environ if environ is None else environ).get("STEPWELL_ENVIRONMENT")
    return EnvironmentName.parse(text) if text else None


def required_environment(what: str) -> EnvironmentName:
    """The environment that STEPWELL_ENVIRONMENT names; raises `UsageError` about `what` if it is not set."""
    name = environment_name()
    if name is None:
        raise UsageError(
            f"{what}: no environment is named; set STEPWELL_ENVIRONMENT=TEAM-ENV "
            "(`cdktf list` shows the environments there are)"
        )
    return name


@cache
def contract(name: EnvironmentName) -> Contract:
    """The contract of an environment.

    Raises:
        ContractError: there is none, or it is of another version.
        PlatformError: AWS can't be asked.
    """
    parameter = name.contract_parameter
    text = _parameter(parameter)
    if text is None:
        raise ContractError(
            f"{parameter}: no such SSM parameter, so environment '{name}' is not deployed in this account "
            f"and region; deploy it (cdktf deploy {name}) or set STEPWELL_ENVIRONMENT to another TEAM-ENV"
        )
    return Contract.from_json(text, parameter)


@cache
def namespace_contract(name: EnvironmentName, namespace: str) -> NamespaceContract:
    """The contract of one namespace of an environment; raises as `contract`."""
    parameter = name.namespace_parameter(namespace)
    text = _parameter(parameter)
    if text is None:
        owner = parameter.partition("/namespaces/")[2]
        raise ContractError(
            f"{parameter}: no such SSM parameter, so '{owner}' has no namespace in environment '{name}'; "
            "add it to environments.toml and deploy, or set STEPWELL_USER to a user who is there"
        )
    return NamespaceContract.from_json(text, parameter)


def forget() -> None:
    """Forget clients and contracts, for a process whose environment variables have changed."""
    for cached in (client, contract, namespace_contract):
        cached.cache_clear()


def _parameter(name: str) -> str | None:
    ssm = client("ssm")
    with translated(name):
        try:
            value: str = ssm.get_parameter(Name=name)["Parameter"]["Value"]
        except ssm.exceptions.ParameterNotFound:
            return None
    return value

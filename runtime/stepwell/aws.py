"""The one door to AWS's control plane: clients, the contract, and AWS's errors in our words.

boto3 is imported when the first client is asked for. The data plane is `stepwell.store`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from stepwell.environment import Contract, EnvironmentName, NamespaceContract
from stepwell.errors import ContractError, PlatformError


@cache
def client(service: str, region: str | None = None) -> Any:
    """A boto3 client; adaptive retries, so that throttling slows a caller down and does not fail it."""
    import boto3
    from botocore.config import Config

    config = Config(retries={"mode": "adaptive", "max_attempts": 6}, connect_timeout=5, read_timeout=30)
    with translated(service):
        return boto3.client(service, region_name=region, config=config)  # type: ignore[call-overload]


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn what boto3 raises in the block into one line that begins with `what`."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        problem = error.response.get("Error", {})
        code, message = problem.get("Code", "?"), problem.get("Message", str(error))
        way_out = {
            "AccessDeniedException": "; ask who runs the environment for the right, or assume another role",
            "AccessDenied": "; ask who runs the environment for the right, or assume another role",
            "ExpiredTokenException": "; sign in again",
            "UnrecognizedClientException": "; sign in to the right AWS account",
        }.get(code, "")
        raise PlatformError(f"{what}: AWS answered {code}: {message}{way_out}") from error
    except BotoCoreError as error:
        endpoint = os.environ.get("AWS_ENDPOINT_URL")
        at = (
            f" (AWS_ENDPOINT_URL={endpoint}; is the local cloud up? `stepwell local status`)"
            if endpoint
            else ""
        )
        raise PlatformError(f"{what}: {error}{at}") from error


def environment_name(environ: Mapping[str, str] | None = None) -> EnvironmentName | None:
    """The environment that STEPWELL_ENVIRONMENT names, if it is set."""
    text = (os.environ if environ is None else environ).get("STEPWELL_ENVIRONMENT")
    return EnvironmentName.parse(text) if text else None


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

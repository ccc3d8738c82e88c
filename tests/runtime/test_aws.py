"""What AWS's control plane answers, in our words."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError

from stepwell.aws import translated
from stepwell.errors import NotAllowed, PlatformError, StoreError


def said(error: Exception) -> PlatformError:
    with pytest.raises(PlatformError) as caught, translated("batch"):
        raise error
    assert "\n" not in str(caught.value)
    return caught.value


def refused(code: str) -> PlatformError:
    return said(ClientError({"Error": {"Code": code, "Message": "why"}}, "DescribeJobs"))


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
def test_a_right_that_is_missing(code: str) -> None:
    """Who lacks a right gets the same error from every service, and from the datastore."""
    error = refused(code)
    assert type(error) is NotAllowed
    assert isinstance(error, StoreError)
    assert str(error) == (
        f"batch: AWS answered {code}: why; ask who runs the environment for the right, or assume another role"
    )


@pytest.mark.parametrize(
    ("code", "way_out"),
    [
        ("ExpiredToken", "; sign in again"),
        ("ExpiredTokenException", "; sign in again"),
        ("InvalidClientTokenId", "; sign in to the right AWS account"),
        ("SignatureDoesNotMatch", "; check this machine's clock"),
        ("ServerException", "batch: AWS answered ServerException: why"),
    ],
)
def test_another_refusal(code: str, way_out: str) -> None:
    """A refusal has AWS's code and reason, and the way out where there is one."""
    error = refused(code)
    assert type(error) is PlatformError
    assert way_out in str(error)


def test_aws_was_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a connection, a region or credentials the way out is another one each time."""
    unreachable = EndpointConnectionError(endpoint_url="http://127.0.0.1:9")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert str(said(unreachable)).endswith("; check the network, the proxy and the region")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert "; AWS_ENDPOINT_URL is http://127.0.0.1:9: is the local cloud up?" in str(said(unreachable))
    assert str(said(NoRegionError())) == (
        "batch: You must specify a region; set AWS_REGION, or `region` in the profile"
    )
    assert "; sign in again" in str(said(NoCredentialsError()))

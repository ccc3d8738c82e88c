"""Checks of who asks AWS, where, and by which clock."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from stepwell import aws
from stepwell.doctor import account
from stepwell.doctor.finding import Outcome, failed, ok, skipped


@pytest.fixture(autouse=True)
def alone(stepwell_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A machine on which AWS was never set up."""
    for name in (
        "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL",
    ):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    aws.forget()
    yield
    aws.forget()


def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.mark.parametrize(
    ("ahead", "outcome"),
    [
        (0, Outcome.OK), (-59, Outcome.OK), (61, Outcome.WARNING), (-299, Outcome.WARNING),
        (300, Outcome.FAILED), (-4000, Outcome.FAILED),
    ],
)  # fmt: skip
def test_a_clock_may_be_a_little_off(ahead: float, outcome: Outcome) -> None:
    """From five minutes on AWS refuses signatures, whichever clock is ahead; a minute is a warning."""
    assert account.judge_clock(ahead).outcome is outcome


class Redirecting(BaseHTTPRequestHandler):
    """Answers as STS does to a browser, ten minutes ahead."""

    def do_GET(self) -> None:
        self.send_response_only(302)
        self.send_header("Date", format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True))
        self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_the_clock_is_read_from_what_aws_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The date of any answer of the endpoint counts; a redirection is not followed."""
    with HTTPServer(("127.0.0.1", 0), Redirecting) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        finding = account.clock()
    assert finding.outcome is Outcome.FAILED
    assert finding.reason.startswith(("AWS's clock is 600 s ahead", "AWS's clock is 599 s ahead"))


def test_an_endpoint_that_nobody_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead AWS_ENDPOINT_URL fails the clock and the credentials, each in one line."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    keys(monkeypatch)
    for look in (account.clock, account.credentials):
        with pytest.raises(Exception, match=r"http://127\.0\.0\.1:9") as caught:
            look()
        assert "\n" not in str(caught.value)


def test_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an environment there is nothing to look at; with one its namespace is named."""
    assert account.environment().outcome is Outcome.SKIPPED
    monkeypatch.setenv("STEPWELL_ENVIRONMENT", "growth-dev")
    assert account.environment() == ok("growth-dev, namespace user/tester")


def test_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """A laptop needs none; who names an environment does."""
    assert account.credentials() == skipped(f"there are none, and {account.NO_ENVIRONMENT}")
    monkeypatch.setenv("STEPWELL_ENVIRONMENT", "growth-dev")
    assert account.credentials().outcome is Outcome.FAILED


def test_a_profile_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way out of a misspelled profile is the list of profiles."""
    monkeypatch.setenv("AWS_PROFILE", "nope")
    with pytest.raises(Exception, match=r"\(nope\).*; set AWS_PROFILE to one of `aws configure"):
        account.credentials()


def test_the_region_is_the_variables_then_the_profiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS_REGION comes before AWS_DEFAULT_REGION, and both before the profile."""
    assert account.region() == failed("no AWS region is named", "set AWS_REGION, or `region` in the profile")
    (tmp_path / "config").write_text("[default]\nregion = eu-west-3\n")
    assert account.region() == ok("eu-west-3")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    assert account.region() == ok("eu-west-2")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert account.region() == ok("eu-west-1")
    assert aws.client("sts").meta.region_name == "eu-west-1"

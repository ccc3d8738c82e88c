"""Who is answered."""

from __future__ import annotations

import pytest

from stepwell.ui.guard import HEADERS, Guard

GUARD = Guard(8080, "s3cret-s3cret", "/abc/")


def test_each_server_has_a_token_of_its_own() -> None:
    """A token has 256 random bits, and is not shown where the guard is printed."""
    tokens = {Guard(8080).token for _ in range(50)}
    assert len(tokens) == 50 and min(map(len, tokens)) >= 43
    assert len({Guard(8080).root for _ in range(50)}) == 50
    guard = Guard(8080)
    assert guard.token not in repr(guard)
    assert guard.url == f"http://127.0.0.1:8080/?token={guard.token}"


@pytest.mark.parametrize(
    "given", [None, "", "s3cret-s3cre", "s3cret-s3cret ", "S3cret-s3cret", "\udcff", "é" * 13]
)
def test_a_wrong_token_is_none(given: str | None) -> None:
    """Only the token itself is the token, whatever is given in its place."""
    assert GUARD.is_token("s3cret-s3cret")
    assert not GUARD.is_token(given.encode(errors="replace").decode() if given else given)


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("127.0.0.1:8080", True),
        ("localhost:8080", True),
        ("127.0.0.1", False),
        ("127.0.0.1:8081", False),
        ("evil.example:8080", False),
        ("127.0.0.1.evil.example:8080", False),
        ("localhost:8080.evil.example", False),
        ("", False),
        (None, False),
    ],
)
def test_hosts(host: str | None, known: bool) -> None:
    """A request that was sent to another name than this machine's own is not for this server."""
    assert GUARD.is_host(host) is known


@pytest.mark.parametrize(
    ("headers", "navigation", "admitted"),
    [
        ({"Cookie": "stepwell=s3cret-s3cret"}, False, True),
        ({"Cookie": "other=1; stepwell=s3cret-s3cret"}, False, True),
        ({"Cookie": "stepwell=s3cret-s3cret", "Sec-Fetch-Site": "same-origin"}, False, True),
        ({"Cookie": "stepwell=s3cret-s3cret", "Sec-Fetch-Site": "none"}, True, True),
        ({"Cookie": "stepwell=s3cret-s3cret", "Sec-Fetch-Site": "cross-site"}, True, True),
        ({"Cookie": "stepwell=s3cret-s3cret", "Sec-Fetch-Site": "cross-site"}, False, False),
        ({"Cookie": "stepwell=s3cret-s3cret", "Sec-Fetch-Site": "same-site"}, False, False),
        ({"Cookie": "stepwell=wrong"}, False, False),
        ({"Cookie": "stepwell"}, True, False),
        ({"Cookie": "stepwell=\x00;;=="}, True, False),
        ({}, True, False),
    ],
)
def test_cookies(headers: dict[str, str], navigation: bool, admitted: bool) -> None:
    """A request needs the cookie, and unless it is for the page itself it must come from the page."""
    assert GUARD.admits(headers, navigation=navigation) is admitted


def test_the_cookie_is_for_this_server_alone() -> None:
    """No script reads the cookie, no other site's request carries it, and no other path is sent it."""
    assert GUARD.cookie == "stepwell=s3cret-s3cret; Path=/abc/; HttpOnly; SameSite=Lax"


def test_nothing_is_taken_from_elsewhere() -> None:
    """The policy allows scripts, styles, images and requests of this server alone, none of them inline."""
    policy = dict(part.strip().partition(" ")[::2] for part in HEADERS["Content-Security-Policy"].split(";"))
    assert (
        policy["default-src"]
        == policy["base-uri"]
        == policy["form-action"]
        == policy["frame-ancestors"]
        == "'none'"
    )
    assert {policy[kind] for kind in ("script-src", "style-src", "img-src", "connect-src")} == {"'self'"}
    assert (policy["require-trusted-types-for"], policy["trusted-types"]) == ("'script'", "'none'")
    assert "unsafe" not in HEADERS["Content-Security-Policy"]

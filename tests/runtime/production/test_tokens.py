"""Production tokens."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepwell.datastore import utc_now
from stepwell.errors import NotAllowed, UsageError
from stepwell.production.record import Entry
from stepwell.production.tokens import Given, Tokens, authorized, new_token


def entry(token: str | None = "t" * 27, deleted: bool = False) -> Entry:
    return Entry(3, "ada", utc_now(), token, deleted, True)


def test_tokens_are_made_of_chance() -> None:
    """No two tokens are alike, and each has 160 bits."""
    made = {new_token() for _ in range(1000)}
    assert len(made) == 1000 and {len(token) for token in made} == {27}


def test_tokens_are_kept_for_their_user_alone(tmp_path: Path) -> None:
    """A machine keeps each deployment's token in a file that nobody else reads, until it is forgotten."""
    here, there = Tokens(tmp_path / "home", "growth-dev a"), Tokens(tmp_path / "home", "growth-dev b")
    assert here.get() is None
    here.keep("one")
    there.keep("two")
    assert (here.get(), there.get()) == ("one", "two")
    assert (tmp_path / "home" / "tokens.json").stat().st_mode & 0o777 == 0o600
    here.keep(None)
    assert (here.get(), there.get()) == (None, "two")


def test_a_broken_file_is_said(tmp_path: Path) -> None:
    """A file of tokens that nobody can read is named."""
    (tmp_path / "tokens.json").write_text("{")
    with pytest.raises(UsageError, match=r"tokens\.json: it holds production tokens and can't be read"):
        Tokens(tmp_path, "a").get()


@pytest.mark.parametrize("last", [None, entry(deleted=True), entry(token=None)])
def test_a_first_deployment_needs_none(last: Entry | None) -> None:
    """Where nothing is deployed there is no token to know."""
    assert authorized("flow", last, Given(), None) == ""


def test_the_token_is_given_or_known() -> None:
    """One's own token, or the one that is given, opens; what is given counts."""
    token = "t" * 27
    assert authorized("flow", entry(), Given(), token) == token
    assert authorized("flow", entry(), Given(authorize=token), None) == token
    assert authorized("flow", entry(), Given(authorize=token), "old") == token
    with pytest.raises(NotAllowed, match="the production token you gave is not its"):
        authorized("flow", entry(), Given(authorize="wrong"), token)


def test_who_has_none_is_told_whom_to_ask() -> None:
    """The error names who deployed, when, and the way to be authorized."""
    with pytest.raises(NotAllowed) as raised:
        authorized("flow Train in 'project/fraud/prod'", entry(), Given(), None)
    message = str(raised.value)
    assert message.startswith("flow Train in 'project/fraud/prod': deployed by ada at 20")
    assert message.endswith("ask ada for it and give it once: step-functions create --authorize TOKEN")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (Given(new_token="short"), "--new-token: received 5 characters; a token is 20 to 128 letters"),
        (Given(new_token="with spaces " * 3), "a token is 20 to 128 letters"),
        (Given(new_token="x" * 20, generate=True), "received besides --generate-new-token"),
    ],
)
def test_a_weak_token_is_refused(given: Given, message: str) -> None:
    """A token of one's own is long enough not to be guessed, and is given instead of one of chance."""
    with pytest.raises(UsageError, match=message):
        given.check()

"""Checks are made at once, each after those it needs, none longer than it may take."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Barrier, Event

import pytest

from stepwell.doctor.examine import Check, examine
from stepwell.doctor.finding import Finding, Outcome, failed, not_allowed, of_error, ok, skipped, warning
from stepwell.errors import NotAllowed, PlatformError


@pytest.fixture
def released() -> Iterator[Event]:
    """Holds checks that hang, and lets their threads go when the test is over."""
    event = Event()
    yield event
    event.set()


def test_checks_are_made_at_once() -> None:
    """Two checks that each wait for the other to begin both end."""
    both = Barrier(2)

    def look() -> Finding:
        both.wait(timeout=30)
        return ok("met")

    assert examine([Check("a", look), Check("b", look)]) == {"a": ok("met"), "b": ok("met")}


def test_findings_come_in_the_order_of_the_checks() -> None:
    """Whichever check ends first, the findings are in the order of the checks."""
    second_is_done = Event()

    def first() -> Finding:
        second_is_done.wait(timeout=30)
        return ok("late")

    def second() -> Finding:
        second_is_done.set()
        return ok("early")

    assert list(examine([Check("first", first), Check("second", second)])) == ["first", "second"]


def test_a_check_that_hangs_fails_and_holds_up_nobody(released: Event) -> None:
    """What takes longer than it may has failed, what needs it is skipped, and the rest is there."""

    def hang() -> Finding:
        released.wait()
        return ok("too late")

    checks = [Check("hangs", hang), Check("needs it", hang, ("hangs",)), Check("other", lambda: ok("fine"))]
    assert examine(checks, seconds=0.05) == {
        "hangs": failed("no answer within 0.05 s", "check the network and AWS_ENDPOINT_URL"),
        "needs it": skipped("needs hangs"),
        "other": ok("fine"),
    }


@pytest.mark.parametrize("finding", [failed("x", "y"), skipped("x"), not_allowed("x")])
def test_what_needs_a_check_that_does_not_work_is_skipped(finding: Finding) -> None:
    """Without what it needs a check is not made, nor is one that needs that one, to any depth."""

    def never() -> Finding:
        raise AssertionError("was made")

    checks = [Check("a", lambda: finding), Check("b", never, ("a",)), Check("c", never, ("b",))]
    assert examine(checks) == {"a": finding, "b": skipped("needs a"), "c": skipped("needs b")}


def test_a_warning_is_good_enough_to_go_on() -> None:
    """A check whose need ended with a warning is made."""
    checks = [Check("a", lambda: warning("x", "y")), Check("b", lambda: ok("made"), ("a",))]
    assert examine(checks)["b"] == ok("made")


def test_errors_are_findings() -> None:
    """Our errors are split before the way out; a lacking right is no failure; a bug is told as one."""

    def raises(error: Exception) -> Finding:
        def look() -> Finding:
            raise error

        return examine([Check("a", look)])["a"]

    assert raises(PlatformError("it is; too late; sign in")) == failed("it is; too late", "sign in")
    assert raises(PlatformError("only this")) == failed("only this", "")
    assert raises(NotAllowed("denied; ask")) == not_allowed("denied", "ask")
    assert raises(KeyError("name")) == failed(
        "the check itself failed: KeyError: 'name'", "report it with this line"
    )


def test_a_lacking_right_may_be_a_failure() -> None:
    """Where flows need the same right, its lack is a failure."""
    assert of_error(NotAllowed("denied; ask"), denied=Outcome.FAILED) == failed("denied", "ask")

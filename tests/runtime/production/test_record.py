"""Whose turn it is to deploy."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from stepwell import datastore
from stepwell.errors import PlatformError
from stepwell.production import record
from stepwell.production.record import LEASE, MARGIN, Record, Turn
from stepwell.store.base import Store
from stepwell.store.opening import open_store


class Clock:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def memory() -> Store:
    return open_store("memory://")


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the deployers' clock be ahead."""
    then = datastore.utc_now() + timedelta(seconds=seconds)
    monkeypatch.setattr(record, "utc_now", lambda: then)


def test_deployments_are_counted(memory: Store) -> None:
    """The newest deployment says who made it, with which token, and whether it is complete."""
    log = Record(memory, "project/fraud/prod", "Train")
    assert log.last() is None
    log.begin(None, "ada", "secret").finish()
    first = log.last()
    assert first is not None and first[:2] == (1, "ada")
    assert (first.token, first.deleted, first.done) == ("secret", False, True)
    log.begin(first, "bob", "secret", deleted=True)
    second = log.last()
    assert second is not None and (second.number, second.user, second.deleted, second.done) == (
        2,
        "bob",
        True,
        False,
    )


def test_flows_and_namespaces_stand_apart(memory: Store) -> None:
    """A deployment is of one flow in one namespace."""
    Record(memory, "project/fraud/prod", "Train").begin(None, "ada", "secret")
    assert Record(memory, "project/fraud/prod", "Trai").last() is None
    assert Record(memory, "project/fraud/prod.x", "Train").last() is None


def test_of_many_who_begin_at_once_one_wins(memory: Store) -> None:
    """Conditional puts decide: one deployer has the turn, all others are told who."""
    log, won, lost = Record(memory, "project/fraud/prod", "Train"), [], []
    barrier = threading.Barrier(16)

    def deploy(number: int) -> None:
        barrier.wait()
        try:
            won.append(log.begin(None, f"user{number}", None))
        except PlatformError as error:
            lost.append(str(error))

    threads = [threading.Thread(target=deploy, args=[number]) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1 and len(lost) == 15
    last = log.last()
    assert last is not None and all(f"began by {last.user} at" in message for message in lost)


def test_another_waits_until_a_deployment_is_complete(memory: Store) -> None:
    """While one deployment is under way no other begins; when it is complete, the next does."""
    log = Record(memory, "user/ada", "Train")
    turn = log.begin(None, "ada", None)
    with pytest.raises(
        PlatformError, match=r"another deployment began by ada .* is not complete; wait for it, or 180 s"
    ):
        log.begin(log.last(), "bob", None)
    turn.check()
    turn.finish()
    log.begin(log.last(), "bob", None).check()


def test_a_killed_deployment_holds_nobody_up_for_ever(memory: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its lease and some more a deployment that was killed gives way, and one that was only slow "
    "ends."""
    log, clock = Record(memory, "user/ada", "Train"), Clock()
    slow = Turn(log, 1, clock)
    log.begin(None, "ada", None)
    slow.check()
    later(monkeypatch, LEASE + MARGIN - 1)
    with pytest.raises(PlatformError, match="is not complete"):
        log.begin(log.last(), "bob", None)
    later(monkeypatch, LEASE + MARGIN + 1)
    log.begin(log.last(), "bob", None)
    with pytest.raises(PlatformError, match="another deployment began meanwhile by bob"):
        slow.check()


def test_a_turn_ends_with_its_lease(memory: Store) -> None:
    """Who was stopped for longer than the lease changes nothing more, whether or not another has begun."""
    clock = Clock()
    turn = Record(memory, "user/ada", "Train", clock).begin(None, "ada", None)
    clock.now = LEASE
    turn.check()
    clock.now = LEASE + 1
    with pytest.raises(PlatformError, match="deploying took longer than 120 s"):
        turn.check()

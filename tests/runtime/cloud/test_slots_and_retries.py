from __future__ import annotations

import os
import threading

import pytest

from stepwell.cloud.retries import Ending, tries_again
from stepwell.cloud.slots import Slots, slots_of
from stepwell.errors import UsageError

FAILED = Ending("Essential container in task exited", exit_code=1)
SPOT = Ending("Host EC2 (instance i-1) terminated.")


@pytest.mark.parametrize(
    ("ending", "attempt", "again"),
    [
        (FAILED, 1, True),
        (FAILED, 3, False),
        (Ending("", exit_code=0), 1, False),
        (Ending("", exit_code=137, final=True), 1, False),
    ],
)
def test_attempts_bound_the_tries(ending: Ending, attempt: int, again: bool) -> None:
    """A failed attempt is followed by another up to the number of attempts; a final one never."""
    assert tries_again({"attempts": 3}, attempt, ending) is again


def test_the_first_rule_that_matches_decides() -> None:
    """evaluateOnExit retries a lost host and gives up on everything else; without a match it retries."""
    rules = [
        {"onStatusReason": "Host EC2*", "action": "retry"},
        {"onReason": "*", "action": "exit"},
    ]
    assert tries_again({"attempts": 2, "evaluateOnExit": rules}, 1, SPOT)
    assert not tries_again({"attempts": 2, "evaluateOnExit": rules}, 1, FAILED)
    by_code = [{"onExitCode": "7", "action": "EXIT"}]
    assert tries_again({"attempts": 2, "evaluateOnExit": by_code}, 1, FAILED)


def test_slots_are_the_cores_or_what_is_asked_for() -> None:
    """There is a slot for each core, two at least, or the number of STEPWELL_LOCAL_SLOTS."""
    assert slots_of({}) == max(2, os.cpu_count() or 1)
    assert slots_of({"STEPWELL_LOCAL_SLOTS": "7"}) == 7
    with pytest.raises(UsageError, match="received '0'; it must be a whole number from 1 on"):
        slots_of({"STEPWELL_LOCAL_SLOTS": "0"})


def test_slots_are_given_in_the_order_of_asking() -> None:
    """Those who wait for one slot get it one after the other, the first first."""
    slots, served = Slots(1), []
    assert slots.acquire(lambda: False)
    asked = [threading.Event() for _ in range(5)]

    def ask(number: int) -> None:
        # `cancelled` is first looked at once the turn is taken.
        assert slots.acquire(lambda: bool(asked[number].set()))
        served.append(number)
        slots.release()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(5)]
    for thread, turn in zip(threads, asked, strict=True):
        thread.start()
        turn.wait()
    slots.release()
    for thread in threads:
        thread.join()
    assert served == [0, 1, 2, 3, 4]

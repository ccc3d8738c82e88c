"""Which earlier task stands for one: pure, over all that runs may have left."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stepwell.execution.key import ITEM, Key, combined, digest, key_of
from stepwell.execution.origin import Origin, Reuse
from stepwell.execution.reuse import Code, Earlier, Left, differences
from stepwell.flow.graph import TaskId

SHARED = {"flow.py outside of its steps": "s"}
CODE = Code(SHARED, {"a": {"the step": "1"}, "b": {"the step": "1"}})

names = st.sampled_from(["x", "y", ITEM, "inputs.x"])
keys = st.builds(
    lambda reads, hashed: Key(tuple(sorted(reads)), hashed), st.sets(names), st.sampled_from([None, "h", "i"])
)
tasks = st.dictionaries(st.tuples(st.sampled_from("ab"), st.sampled_from(["0", "0-0", "0-1"])), keys)


def left(done: dict[tuple[str, str], Key], code: Code = CODE) -> Left:
    found = Left(code)
    for (step, path), key in done.items():
        found.add(TaskId(step, path), key)
    return found


def always(hashed: str) -> Callable[[Sequence[str]], str]:
    return lambda reads: hashed


@given(tasks)
def test_what_a_run_leaves_comes_back(done: dict[tuple[str, str], Key]) -> None:
    """Left as JSON and read again it is the same."""
    before = left(done)
    after = Left.from_document(json.loads(json.dumps(before.to_document())))
    assert after is not None and (after.code, after.tasks) == (before.code, before.tasks)


@given(st.lists(tasks, max_size=4), st.sampled_from(["0", "0-0", "0-1"]), st.sampled_from("hi"))
def test_a_task_is_found_if_one_did_the_same(
    runs: list[dict[tuple[str, str], Key]], path: str, hashed: str
) -> None:
    """It is one of the task's own path, or one that alone did this work in its run, or none."""
    earlier = Earlier.of("a", CODE, {f"r{number}": left(done) for number, done in enumerate(runs)})
    own, elsewhere = [], []
    for number, done in enumerate(runs):
        mine = {other: key for (step, other), key in done.items() if step == "a"}
        for other, key in mine.items():
            alike = [one for one in mine.values() if one == key]
            if key.digest == hashed and other == path:
                own.append((f"r{number}", other))
            elif key.digest == hashed and len(alike) == 1 and (ITEM in key.reads or len(mine) > 1):
                elsewhere.append((f"r{number}", other))
    found = earlier.find(path, always(hashed))
    assert found in own if own else found in elsewhere if elsewhere else found is None


def test_the_newest_run_is_preferred() -> None:
    """Of several runs that did the same at a path, or each at one path alone, the newest counts."""
    one, other = Key((ITEM,), "h"), Key((ITEM,), "i")
    runs = {
        "r3": left({("a", "0-1"): one, ("a", "0-0"): other}),
        "r2": left({("a", "0-0"): one, ("a", "0-1"): other}),
        "r1": left({("a", "0-0"): one, ("a", "0-2"): one}),
    }
    earlier = Earlier.of("a", CODE, runs)
    assert earlier.find("0-0", always("h")) == ("r2", "0-0")
    assert earlier.find("0-2", always("h")) == ("r1", "0-2")
    assert earlier.find("0-7", always("h")) == ("r3", "0-1")


def test_what_several_do_alike_is_each_ones_own() -> None:
    """Tasks that read the same, or nothing, don't stand for new ones, which may have begun at random."""
    alike = left({("a", "0-0"): Key((), "h"), ("a", "0-1"): Key((), "h")})
    assert Earlier.of("a", CODE, {"r1": alike}).find("0-2", always("h")) is None
    alone = left({("a", "0-0"): Key((), "h")})
    assert Earlier.of("a", CODE, {"r1": alone}).find("0-1", always("h")) is None


def test_the_hash_is_asked_for_the_names_that_were_read() -> None:
    """Of a task that read x, only x counts, whatever else there is."""
    earlier = Earlier.of("a", CODE, {"r1": left({("a", "0"): Key(("x",), "h")})})
    assert earlier.find("0", lambda reads: "h" if list(reads) == ["x"] else "other") == ("r1", "0")


def test_the_code_of_the_step_counts() -> None:
    """Runs with another code of the step don't count, and are told of; those of another step's do."""
    done = {("a", "0"): Key((), "h"), ("b", "0"): Key((), "h")}
    old = Code(SHARED, {"a": {"the step": "0"}, "b": {"the step": "1"}})
    earlier = Earlier.of("a", CODE, {"r2": left(done, old)})
    assert earlier.changed == "the step changed since run r2"
    assert earlier.newest("0") is earlier.find("0", always("h")) is None
    assert Earlier.of("b", CODE, {"r2": left(done, old)}).find("0", always("h")) == ("r2", "0")
    # an edit that was taken back
    back = Earlier.of("a", CODE, {"r2": left(done, old), "r1": left(done)})
    assert back.find("0", always("h")) == ("r1", "0")
    assert back.changed is None and back.newest("0") == "r1"
    assert Earlier.of("a", CODE, {"r2": left({})}).changed is None


def test_another_version_left_nothing() -> None:
    """What a Stepwell of another version left is passed over."""
    assert Left.from_document({"version": 0, "anything": "else"}) is None


META: dict[str, Any] = {"reads": {"y": "2", "x": "1"}, "runtime": "r", "table_writes": [], "caught": False}


def test_what_wrote_or_failed_stands_for_nothing() -> None:
    """A task that wrote tables, or failed and was caught, has no hash."""
    assert key_of(META) == Key(("x", "y"), combined("r", {"x": "1", "y": "2"}))
    assert key_of({**META, "table_writes": [{}]}) == Key(("x", "y"), None)
    assert key_of({**META, "caught": True}) == Key(("x", "y"), None)


def test_what_was_resumed_has_no_key() -> None:
    """What a resumed run took over was done with code that is not known there; what was reused, with this."""
    taken = {**META, "taken_from": "F/r/a/0"}
    assert key_of({**taken, "origin": Origin("r").to_meta()}) is None
    assert key_of({"origin": None}) is None
    assert key_of({**taken, "origin": Reuse().to_meta()}) == key_of(META)
    assert key_of(META) is not None


texts = st.dictionaries(st.text(), st.text(), max_size=3)


@given(texts, texts, st.text(), st.text())
def test_hashes_tell_apart(one: dict[str, str], two: dict[str, str], here: str, there: str) -> None:
    """Two hashes are the same where the names, their hashes and the runtime are, and only there."""
    assert (combined(here, one) == combined(there, two)) == ((here, one) == (there, two))
    assert digest("ab", "c") != digest("a", "bc") != digest("a", "b", "c")


def test_differences_are_few_words() -> None:
    """Up to three parts of the code are named, others counted; what came and went is told as such."""
    before = {"a": "1", "b": "1", "c": "1"}
    assert differences(before, before) == ""
    assert differences(before, {"a": "2", "b": "1", "d": "1"}) == "a changed, d is new, c is gone"
    many = {f"file {number}": "2" for number in range(9)}
    assert differences(dict.fromkeys(many, "1"), many) == (
        "file 0 changed, file 1 changed, file 2 changed, 6 other parts of its code"
    )

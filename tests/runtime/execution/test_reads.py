"""What a task reads of what it is given is noted in its manifest: exactly that, and whatever it asked for."""

from __future__ import annotations

from typing import Any

import pytest

from stepwell import FlowSpec, Parameter, current, step
from stepwell.client.objects import Run
from stepwell.testing import run_flow


class Reading(FlowSpec):
    alpha = Parameter("alpha", default=1)
    beta = Parameter("beta", default=2)
    limit = 3
    _hidden = 4

    @step
    def start(self):
        self.items = ["a", "b"]
        self.given = {"k": self.alpha}
        self.unread = 0
        self.next(self.nothing)

    @step
    def nothing(self):
        self.own = 1
        self.own += 1
        self.next(self.asked)

    @step
    def asked(self):
        assert not hasattr(self, "missing")
        assert self.artifact("own").type == "int"
        self.given["k"] += 1
        self.next(self.item, foreach="items")

    @step
    def item(self):
        self.result = self.input * 2
        self.next(self.place)

    @step
    def place(self):
        self.at = self.index
        self.stack = len(self.foreach_stack())
        self.next(self.named)

    @step
    def named(self):
        self.name = current.task_id
        self.next(self.join)

    @step
    def join(self, inputs):
        self.total = [one.result for one in inputs if one.input]
        self.next(self.left, self.right)

    @step
    def left(self):
        self.way = "left"
        self.next(self.both)

    @step
    def right(self):
        self.way = "right"
        self.next(self.both)

    @step
    def both(self, inputs):
        self.way = inputs.left.way
        self.merge_artifacts(inputs, exclude=["limit"])
        self.next(self.end)

    @step
    def end(self):
        assert self._hidden == 4


@pytest.fixture(scope="module")
def run() -> Run:
    return run_flow(Reading)


@pytest.mark.parametrize(
    ("step", "reads", "sets"),
    [
        ("start", {"alpha"}, {"items", "given", "unread"}),
        ("nothing", set(), {"own"}),
        ("asked", {"missing", "own", "given", "items"}, {"given", "items"}),
        ("item", {"self.input"}, {"result"}),
        ("place", {"self.index", "self.foreach_stack"}, {"at", "stack"}),
        ("named", {"current.task_id"}, {"name"}),
        ("join", {"inputs[]", "inputs[].input", "inputs.result"}, {"total"}),
        ("both", {"inputs[]", "inputs.*", "inputs.total", "inputs.way"}, {"way", "total"}),
        ("end", set(), set()),
    ],
)
def test_what_is_read_is_noted(step: str, reads: set[str], sets: set[str], run: Run) -> None:
    """Each name that a step has asked for, there or not, and no other; and what the step leaves itself."""
    meta: dict[str, Any] = run[step].task.manifest.meta
    assert set(meta["reads"]) == reads | {"limit"}  # a constant of the class is not seen being read
    assert set(meta["sets"]) == sets


def test_hashes_are_of_what_was_given(run: Run) -> None:
    """The hash of what is read is that of its value before the step changed it."""

    def reads(step: str, path: str = "0") -> dict[str, str]:
        found: dict[str, str] = run[step][path].manifest.meta["reads"]
        return found

    again = run_flow(Reading, {"beta": 5})
    assert again["asked"].task.manifest.meta["reads"] == reads("asked")
    assert again["asked"].task.data.given == {"k": 2}
    other = run_flow(Reading, {"alpha": 5})
    assert other["asked"].task.manifest.meta["reads"]["given"] != reads("asked")["given"]
    assert other["asked"].task.manifest.meta["reads"]["own"] == reads("asked")["own"]
    assert reads("item", "0-0")["self.input"] != reads("item", "0-1")["self.input"]
    assert reads("place", "0-0")["self.index"] != reads("place", "0-1")["self.index"]


class Items(FlowSpec):
    items = Parameter("items", default=[])
    kind = Parameter("kind", default="text")

    @step
    def start(self):
        kinds = {"text": str, "set": lambda item: {item}, "odd": lambda item: Odd([item])}
        self.made = [kinds[self.kind](item) for item in self.items]
        self.next(self.work, foreach="made")

    @step
    def work(self):
        item = self.input
        if self.kind == "set":
            item.add("more")
        self.next(self.join)

    @step
    def join(self, inputs):
        self.joined = [one.input for one in inputs]
        self.next(self.end)

    @step
    def end(self): ...


class Odd(list[Any]):
    """A list that is no plain value."""


@pytest.mark.parametrize(("kind", "moves"), [("text", True), ("set", True), ("odd", False)])
def test_an_item_is_known_wherever_it_stands(kind: str, moves: bool) -> None:
    """A plain item has the same hash in any list, though the step changes it; others only at one place."""
    one = run_flow(Items, {"items": ["a", "b"], "kind": kind})["work"]
    two = run_flow(Items, {"items": ["new", "a", "b"], "kind": kind})["work"]
    before = [task.manifest.meta["reads"]["self.input"] for task in one]
    after = [task.manifest.meta["reads"]["self.input"] for task in two]
    assert len(set(after)) == 3
    assert (after[1:] == before) == moves


def test_the_items_of_inputs_are_known() -> None:
    """What a join reads of its inputs' items has another hash when one of them is another, or elsewhere."""
    lists = [["a", "b"], ["a", "b"], ["a", "c"], ["b", "a"]]
    joins = [run_flow(Items, {"items": items})["join"].task for items in lists]
    assert [join.data.joined for join in joins] == lists
    hashes = [join.manifest.meta["reads"]["inputs[].input"] for join in joins]
    assert hashes[0] == hashes[1] and len(set(hashes)) == 3

"""Switches and steps that repeat themselves, in the graph: what is allowed, and who follows whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepwell.errors import FlowError
from stepwell.flow import paths
from stepwell.flow.dot import dot
from stepwell.flow.draw import draw
from stepwell.flow.frontier import Frontier
from stepwell.flow.graph import Graph, Step, TaskId
from tests.runtime.flow.test_graph import flow_graph


def switch(name: str, **cases: str) -> Step:
    """A step that goes by the artifact `x`, keys being text."""
    following = tuple(dict.fromkeys(cases.values()))
    return Step(name, "switch", following, condition="x", cases=tuple(cases.items()))


MIXED = Graph(
    "Made",
    [
        Step("start", "foreach", ("work",), "xs"),
        switch("work", again="work", skip="last", more="both"),
        Step("both", "branch", ("left", "pick")),
        Step("left", "linear", ("meet",)),
        switch("pick", a="one", b="two"),
        Step("one", "linear", ("meet",)),
        Step("two", "linear", ("meet",)),
        Step("meet", "linear", ("join",), takes_inputs=True),
        Step("last", "linear", ("join",)),
        Step("join", "linear", ("end",), takes_inputs=True),
        Step("end", "end"),
    ],
)


@pytest.mark.parametrize(
    ("task", "splits", "parents"),
    [
        (TaskId("work", "0-1-r0"), None, [["start/0"]]),
        (TaskId("work", "0-1-r10"), None, [["work/0-1-r9"]]),
        (TaskId("last", "0-1"), None, [["work/0-1-r0"]]),
        (TaskId("both", "0-1"), None, [["work/0-1-r0"]]),
        (TaskId("meet", "0-1"), None, [["left/0-1"], ["one/0-1", "two/0-1"]]),
        (TaskId("join", "0"), 2, [["last/0-0", "meet/0-0"], ["last/0-1", "meet/0-1"]]),
    ],
)
def test_parents_behind_a_switch(task: TaskId, splits: int | None, parents: list[list[str]]) -> None:
    """Each parent of a task is one of several behind a switch, the one before in a repetition."""
    assert [sorted(map(str, group)) for group in MIXED.parents(task, splits)] == parents


def test_a_step_that_repeats_begins_at_r0_and_leaves_it_behind() -> None:
    """Repetitions are counted in the path of the repeating step's own tasks alone."""
    frontier = Frontier(MIXED)
    assert frontier.done(TaskId("start", "0"), splits=2) == [
        TaskId("work", "0-0-r0"),
        TaskId("work", "0-1-r0"),
    ]
    assert frontier.done(TaskId("work", "0-1-r0"), chosen="work") == [TaskId("work", "0-1-r1")]
    assert frontier.done(TaskId("work", "0-1-r1"), chosen="both") == [TaskId("both", "0-1")]
    assert frontier.done(TaskId("work", "0-0-r0"), chosen="last") == [TaskId("last", "0-0")]
    assert frontier.done(TaskId("last", "0-0")) == []
    assert frontier.done(TaskId("meet", "0-1")) == [TaskId("join", "0")]


def test_a_switch_needs_its_choice() -> None:
    """The frontier takes no step for chosen that the switch doesn't lead to."""
    with pytest.raises(ValueError, match="work/0-1-r0 ends with a switch"):
        Frontier(MIXED).done(TaskId("work", "0-1-r0"), chosen="join")


def test_paths_sort_by_number() -> None:
    """Tasks of a step sort by their indices and repetitions as numbers."""
    ids = ["0-2-r1", "0-10-r0", "0-2-r10", "0-2-r2"]
    assert sorted(ids, key=paths.order) == ["0-2-r1", "0-2-r2", "0-2-r10", "0-10-r0"]


def test_switches_are_read_from_the_source(tmp_path: Path) -> None:
    """Keys are text, whole numbers, fractions and truth values; several of them may lead to one step."""
    graph = flow_graph(
        tmp_path,
        """
        @step
        def start(self):
            self.next({"a": self.one, 2: self.two, 0.5: self.one, False: self.end}, condition="x")
        @step
        def one(self):
            self.next(self.end)
        @step
        def two(self):
            self.next(self.end)
        @step
        def end(self): pass
        """,
    )
    start = graph["start"]
    assert (start.kind, start.next, start.condition) == ("switch", ("one", "two", "end"), "x")
    assert start.cases == (("a", "one"), (2, "two"), (0.5, "one"), (False, "end"))


def test_drawing() -> None:
    """Each way of a switch is drawn up to where it meets the others; a way back to the step is a loop."""
    assert draw(MIXED).splitlines() == [
        "start",
        " ╠═ for each of xs",
        " ║   work",
        " ║    ↻ x is 'again'",
        " ║    ◇ x is 'skip'",
        " ║    │ last",
        " ║    ◇ x is 'more'",
        " ║    │ both",
        " ║    │  ├─┐",
        " ║    │  │ left",
        " ║    │  ├─┐",
        " ║    │  │ pick",
        " ║    │  │  ◇ x is 'a'",
        " ║    │  │  │ one",
        " ║    │  │  ◇ x is 'b'",
        " ║    │  │  │ two",
        " ║    │ meet",
        "join",
        "end",
    ]


def test_drawing_ways_that_cross() -> None:
    """A step that two ways share is drawn once, and named where the second comes to it."""
    crossing = Graph(
        "Made",
        [
            switch("start", a="a", b="b"),
            switch("a", s="shared", e="end"),
            switch("b", s="shared", e="end"),
            Step("shared", "linear", ("end",)),
            Step("end", "end"),
        ],
    )
    assert draw(crossing).splitlines() == [
        "start",
        " ◇ x is 'a'",
        " │ a",
        " │  ◇ x is 's'",
        " │  │ shared",
        " │  ◇ x is 'e'",
        " ◇ x is 'b'",
        " │ b",
        " │  ◇ x is 's'",
        " │  │ → shared",
        " │  ◇ x is 'e'",
        "end",
    ]


ALLOWED = (
    "; allowed are self.next(self.a), self.next(self.a, self.b), self.next(self.a, foreach='items'), "
    "self.next(self.a, num_parallel=4) or self.next({'x': self.a, 'y': self.b}, condition='name')"
)
CALLS = {
    "self.next({'a': self.one, 'b': self.end})": "a dictionary of steps needs condition='...', the name of "
    "an artifact",
    "self.next(self.one, condition='x')": "condition goes with one dictionary of steps, written out",
    "self.next({'a': self.one, 'b': self.end}, self.end, condition='x')": "condition goes with one "
    "dictionary of steps, written out",
    "self.next({'a': self.one, 'b': self.end}, condition='x', foreach='y')": "condition and foreach exclude "
    "each other",
    "self.next({'a': self.one, 'b': self.end}, condition=x)": "condition takes the name of an artifact, as "
    "text",
    "self.next({'a': self.one}, condition='x')": "a switch has at least two keys",
    "self.next({'a': self.one, 'a': self.end}, condition='x')": "the switch has the key 'a' twice",
    "self.next({1: self.one, True: self.end}, condition='x')": "the switch has the key True twice",
    "self.next({'a': self.one, None: self.end}, condition='x')": "the keys of a switch are text, numbers, "
    "True or False, written out",
    "self.next({'a': self.one, **more}, condition='x')": "the keys of a switch are text, numbers, "
    "True or False, written out",
    "self.next({'a': self.one, 'b': 'end'}, condition='x')": "self.next takes steps of this flow, written "
    "out as self.NAME",
}


@pytest.mark.parametrize("call", CALLS)
def test_calls_that_are_no_switch(call: str, tmp_path: Path) -> None:
    """Each way of writing a switch wrongly is one line: where, what, what was received, what is allowed."""
    body = (
        f"@step\ndef start(self):\n    {call}\n"
        "@step\ndef one(self):\n    self.next(self.end)\n@step\ndef end(self): pass"
    )
    with pytest.raises(FlowError) as refused:
        flow_graph(tmp_path, body)
    assert str(refused.value) == f"flow.py:6: step 'start': {CALLS[call]}; received {call}{ALLOWED}"


WRONG: dict[str, tuple[list[Step], str]] = {
    "start repeats": (
        [switch("start", a="start", b="end"), Step("end", "end")],
        "step 'start' is the first and leads back to itself; repeat a step that follows it",
    ),
    "a join repeats": (
        [
            Step("start", "branch", ("a", "b")),
            Step("a", "linear", ("join",)),
            Step("b", "linear", ("join",)),
            Step("join", "switch", ("join", "end"), None, True, condition="x"),
            Step("end", "end"),
        ],
        "step 'join' joins and leads back to itself; repeat a step that follows it",
    ),
    "no way out": (
        [
            switch("start", a="a", b="end"),
            switch("a", x="a", y="a"),
            Step("end", "end"),
        ],
        "step 'a' leads to nothing but itself; add a key that leads on",
    ),
    "straight to the join": (
        [
            Step("start", "foreach", ("a",), "xs"),
            switch("a", x="b", y="join"),
            Step("b", "linear", ("join",)),
            Step("join", "linear", ("end",), takes_inputs=True),
            Step("end", "end"),
        ],
        "the switch of step 'a' leads straight to the join 'join'; put a step between them",
    ),
    "two joins": (
        [
            Step("start", "foreach", ("a",), "xs"),
            switch("a", x="b", y="c"),
            Step("b", "linear", ("join",)),
            Step("c", "linear", ("other",)),
            Step("join", "linear", ("end",), takes_inputs=True),
            Step("other", "linear", ("end",), takes_inputs=True),
            Step("end", "end"),
        ],
        "step 'other' joins the tasks of 'start', and so does 'join'; whichever way a switch goes, all tasks "
        "of a split lead to one join",
    ),
    "arms into one split": (
        [
            switch("start", x="a", y="b"),
            Step("a", "foreach", ("work",), "xs"),
            Step("b", "foreach", ("work",), "xs"),
            Step("work", "linear", ("join",)),
            Step("join", "linear", ("end",), takes_inputs=True),
            Step("end", "end"),
        ],
        "step 'work' follows 'a', 'b', which stand in different splits; join each split first, or lead each "
        "to a step of its own",
    ),
    "an arm of a switch joined": (
        [
            switch("start", x="a", y="b"),
            Step("a", "linear", ("join",)),
            Step("b", "linear", ("join",)),
            Step("join", "linear", ("end",), takes_inputs=True),
            Step("end", "end"),
        ],
        "step 'join' takes inputs, but 'a', which leads to it, stands in no branch and no foreach; "
        "remove `inputs`, or split before it",
    ),
    "a loop of two": (
        [
            Step("start", "linear", ("a",)),
            Step("a", "linear", ("b",)),
            switch("b", again="a", done="end"),
            Step("end", "end"),
        ],
        "the flow comes back to step 'a' by way of 'a', 'b'; only a switch may lead back, and only to its "
        "own step: self.next({'again': self.a, 'done': self.end}, condition='state')",
    ),
    "a loop without a switch": (
        [
            Step("start", "branch", ("a", "b")),
            Step("a", "branch", ("a", "join")),
            Step("b", "linear", ("join",)),
            Step("join", "linear", ("end",), takes_inputs=True),
            Step("end", "end"),
        ],
        "the flow comes back to step 'a' by way of 'a'; only a switch may lead back, and only to its own "
        "step: self.next({'again': self.a, 'done': self.end}, condition='state')",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_graphs_that_are_refused(case: str) -> None:
    """What no run could follow is refused with one line that names the step and the way out."""
    steps, message = WRONG[case]
    with pytest.raises(FlowError) as refused:
        Graph("Made", steps)
    assert str(refused.value) == f": {message}"


def test_dot() -> None:
    """In DOT a switch is a diamond that names what it looks at, and its edges bear their keys."""
    keys = (("a", "end"), ('say "b"', "more"), (3, "end"))
    graph = Graph(
        "Made",
        [
            Step("start", "switch", ("end", "more"), condition="x", cases=keys),
            Step("more", "linear", ("end",)),
            Step("end", "end"),
        ],
    )
    lines = dot(graph).splitlines()
    assert '  "start" [label="start\\nby x", shape=diamond, style=""];' in lines
    assert '  "start" -> "end" [label="\'a\' or 3"];' in lines
    assert '  "start" -> "more" [label="\'say \\"b\\"\'"];' in lines

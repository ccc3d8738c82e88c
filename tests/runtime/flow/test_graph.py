"""The graph: what makes a flow, and the one line for each mistake."""

from __future__ import annotations

import textwrap
from pathlib import Path
from types import ModuleType

import pytest

from stepwell.errors import FlowError
from stepwell.flow.frontier import Frontier
from stepwell.flow.graph import Graph, Step, TaskId


def flow_graph(tmp_path: Path, body: str) -> Graph:
    """The graph of a flow whose class body is `body`, read from a real file."""
    file = tmp_path / "flow.py"
    source = "from stepwell import FlowSpec, step\n\nclass Made(FlowSpec):\n" + textwrap.indent(
        textwrap.dedent(body).strip(), "    "
    )
    file.write_text(source)
    module = ModuleType("flow")
    exec(compile(source, str(file), "exec"), vars(module))
    graph: Graph = module.Made.graph()
    return graph


def chain(*steps: Step) -> Graph:
    return Graph("Made", list(steps))


NESTED = chain(
    Step("start", "foreach", ("outer",), "xs"),
    Step("outer", "foreach", ("inner",), "ys"),
    Step("inner", "branch", ("left", "right")),
    Step("left", "linear", ("meet",)),
    Step("right", "linear", ("meet",)),
    Step("meet", "linear", ("inner_join",), takes_inputs=True),
    Step("inner_join", "linear", ("outer_join",), takes_inputs=True),
    Step("outer_join", "linear", ("end",), takes_inputs=True),
    Step("end", "end"),
)


def test_order_follows_the_flow() -> None:
    """Iterating a graph gives each step after all that lead to it."""
    assert list(NESTED) == [
        "start", "outer", "inner", "left", "right", "meet", "inner_join", "outer_join", "end",
    ]  # fmt: skip


def test_joins_know_their_splits() -> None:
    """Each join closes the innermost split that is open where it stands."""
    joins = {name: NESTED.split_of(name) for name in ("meet", "inner_join", "outer_join")}
    assert joins == {"meet": "inner", "inner_join": "outer", "outer_join": "start"}
    assert [NESTED.join_of(split) for split in joins.values()] == list(joins)


@pytest.mark.parametrize(
    ("task", "splits", "parents"),
    [
        (TaskId("start", "0"), None, []),
        (TaskId("outer", "0-2"), None, [TaskId("start", "0")]),
        (TaskId("inner", "0-2-1"), None, [TaskId("outer", "0-2")]),
        (TaskId("left", "0-2-1"), None, [TaskId("inner", "0-2-1")]),
        (TaskId("meet", "0-2-1"), None, [TaskId("left", "0-2-1"), TaskId("right", "0-2-1")]),
        (TaskId("inner_join", "0-2"), 2, [TaskId("meet", "0-2-0"), TaskId("meet", "0-2-1")]),
        (TaskId("outer_join", "0"), 1, [TaskId("inner_join", "0-0")]),
        (TaskId("end", "0"), None, [TaskId("outer_join", "0")]),
    ],
)
def test_parents(task: TaskId, splits: int | None, parents: list[TaskId]) -> None:
    """A task's parents follow from its path alone, and a join's from the number of splits."""
    assert NESTED.parents(task, splits) == [(parent,) for parent in parents]


def test_frontier_runs_every_task_once() -> None:
    """Following the frontier runs each task of nested foreaches and branches exactly once, parents first."""
    frontier, done, ready = Frontier(NESTED), [], []
    ready = [frontier.first()]
    splits = {"start": 3, "outer": 2}
    while ready:
        task = ready.pop()  # depth first, the order hardest on joins
        joined = splits.get(NESTED.split_of(task.step)) if NESTED.joins_foreach(task.step) else None
        assert {parent for (parent,) in NESTED.parents(task, joined)} <= set(done)
        done.append(task)
        ready += frontier.done(task, splits.get(task.step))
    assert len(done) == len(set(done)) == 1 + 3 + 3 * 2 * 4 + 3 + 1 + 1


def test_branch_straight_to_its_join() -> None:
    """A branch may lead to the join at once: the splitting task is then one of the inputs."""
    graph = chain(
        Step("start", "branch", ("a", "join")),
        Step("a", "linear", ("join",)),
        Step("join", "linear", ("end",), takes_inputs=True),
        Step("end", "end"),
    )
    assert graph.parents(TaskId("join", "0")) == [(TaskId("a", "0"),), (TaskId("start", "0"),)]


MISTAKES = {
    "a step that does not exist": (
        """
        @step
        def start(self):
            self.next(self.finsh)
        @step
        def finish(self):
            self.next(self.end)
        @step
        def end(self): pass
        """,
        "flow.py:5: step 'start' leads to 'finsh', but no step has that name; did you mean 'finish'?",
    ),
    "no start": (
        "@step\ndef end(self): pass",
        "flow Made: no step is named 'start'; received 'end'; every flow begins with 'start' and ends "
        "with 'end': add `@step def start(self)`",
    ),
    "a join without inputs": (
        """
        @step
        def start(self):
            self.next(self.a, self.b)
        @step
        def a(self):
            self.next(self.join)
        @step
        def b(self):
            self.next(self.join)
        @step
        def join(self):
            self.next(self.end)
        @step
        def end(self): pass
        """,
        "flow.py:14: step 'join' follows 'a', 'b' and so joins them, but takes no inputs; "
        "declare it as `def join(self, inputs)`",
    ),
    "an unreachable step": (
        """
        @step
        def start(self):
            self.next(self.end)
        @step
        def lonely(self):
            self.next(self.end)
        @step
        def end(self): pass
        """,
        "flow.py:8: step 'lonely' is unreachable: no self.next(...) leads to it from 'start'; "
        "name it in a self.next or remove it",
    ),
    "a foreach that is never joined": (
        """
        @step
        def start(self):
            self.xs = [1]
            self.next(self.end, foreach="xs")
        @step
        def end(self): pass
        """,
        "flow.py:5: step 'start' splits (foreach) but no step joins it before 'end'; "
        "add a step declared with `inputs` to which all of its tasks lead",
    ),
    "a loop": (
        """
        @step
        def start(self):
            self.next(self.a)
        @step
        def a(self):
            self.next(self.b)
        @step
        def b(self):
            self.next(self.a)
        @step
        def end(self): pass
        """,
        "flow.py:14: step 'end' is unreachable: no self.next(...) leads to it from 'start'; "
        "name it in a self.next or remove it",
    ),
    "no next": (
        """
        @step
        def start(self):
            self.x = 1
        @step
        def end(self): pass
        """,
        "flow.py:5: step 'start' does not say which step follows; its last statement must be one of "
        "self.next(self.a), self.next(self.a, self.b), self.next(self.a, foreach='items'), "
        "self.next(self.a, num_parallel=4) or self.next({'x': self.a, 'y': self.b}, condition='name')",
    ),
    "a next that is not last": (
        """
        @step
        def start(self):
            if True:
                self.next(self.end)
            self.x = 1
        @step
        def end(self): pass
        """,
        "flow.py:7: step 'start' calls self.next(...) before its end; it must be the last statement of "
        "the step, once and outside of any block",
    ),
    "inputs without a split": (
        """
        @step
        def start(self):
            self.next(self.join)
        @step
        def join(self, inputs):
            self.next(self.end)
        @step
        def end(self): pass
        """,
        "flow.py:8: step 'join' takes inputs, but 'start', which leads to it, stands in no branch and no "
        "foreach; remove `inputs`, or split before it",
    ),
    "a branch left out of its join": (
        """
        @step
        def start(self):
            self.next(self.a, self.b, self.c)
        @step
        def a(self):
            self.next(self.join)
        @step
        def b(self):
            self.next(self.join)
        @step
        def c(self):
            self.next(self.d)
        @step
        def d(self):
            self.next(self.end)
        @step
        def join(self, inputs):
            self.next(self.end)
        @step
        def end(self): pass
        """,
        "flow.py:20: step 'join' joins 'a', 'b' but not the branch 'c' that 'start' opens; "
        "every branch of a split leads to one join",
    ),
    "an unknown argument of next": (
        """
        @step
        def start(self):
            self.next(self.end, for_each="xs")
        @step
        def end(self): pass
        """,
        "flow.py:6: step 'start': self.next takes no argument 'for_each'; received "
        "self.next(self.end, for_each='xs'); allowed are self.next(self.a), self.next(self.a, self.b), "
        "self.next(self.a, foreach='items'), self.next(self.a, num_parallel=4) or "
        "self.next({'x': self.a, 'y': self.b}, condition='name')",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_one_clear_line(mistake: str, tmp_path: Path) -> None:
    """Each mistake in a graph is refused with one line that says where, what and the way out."""
    body, message = MISTAKES[mistake]
    with pytest.raises(FlowError) as refused:
        flow_graph(tmp_path, body)
    assert str(refused.value) == message

"""Graphs made at random of everything a flow may have, and what their tasks decide."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from stepwell.flow import paths
from stepwell.flow.graph import Graph, Step, TaskId

Segment = tuple[Any, ...]

_PLAIN = ("plain",)
_LEAVES = st.sampled_from([_PLAIN, ("loop",)])


def _nested(inner: st.SearchStrategy[Segment]) -> st.SearchStrategy[Segment]:
    block = st.lists(inner, max_size=2)
    return st.one_of(
        st.tuples(st.just("branch"), st.lists(block, min_size=2, max_size=3), st.booleans()),
        st.tuples(st.just("foreach"), block),
        st.tuples(st.just("switch"), st.lists(block, min_size=2, max_size=3), st.booleans()),
    )


@dataclass
class _Builder:
    steps: list[Step] = field(default_factory=list)

    def add(self, kind: Any, following: list[str] | None, **more: Any) -> str:
        """A step; where nothing is said to follow, it may only lead back to itself."""
        name = f"s{len(self.steps)}"
        self.steps.append(Step(name, kind, tuple(dict.fromkeys(following or [])), **more))
        return name

    def switch(self, targets: list[str], *, loop: bool = False) -> str:
        name = f"s{len(self.steps)}"
        cases = tuple(enumerate([*([name] if loop else []), *targets]))
        following = tuple(dict.fromkeys(step for _, step in cases))
        self.steps.append(Step(name, "switch", following, condition="x", cases=cases))
        return name

    def block(self, segments: list[Segment], after: str) -> str:
        """The first step of segments that follow one another and lead to `after`."""
        for segment in reversed(segments):
            after = getattr(self, f"_{segment[0]}")(after, *segment[1:])
        return after

    def _plain(self, after: str) -> str:
        return self.add("linear", [after])

    def _loop(self, after: str) -> str:
        return self.switch([after], loop=True)

    def _switch(self, after: str, arms: list[list[Segment]], crossing: bool) -> str:
        targets: list[str] = []
        for arm in arms:
            # an arm may come to the one beside it: ways then meet anywhere
            targets.append(self.block(arm, targets[-1] if crossing and targets else after))
        return self.switch(targets)

    def _branch(self, after: str, arms: list[list[Segment]], straight: bool) -> str:
        join = self.add("linear", [after], takes_inputs=True)
        targets = [self.block([*arm, _PLAIN], join) for arm in arms]
        return self.add("branch", [*targets[1:], join if straight else targets[0]])

    def _foreach(self, after: str, body: list[Segment]) -> str:
        join = self.add("linear", [after], takes_inputs=True)
        return self.add("foreach", [self.block([*body, _PLAIN], join)], foreach="xs")


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """A valid graph with steps of every kind, nested in one another."""
    segments = draw(st.lists(st.recursive(_LEAVES, _nested, max_leaves=6), max_size=3))
    builder = _Builder([Step("end", "end")])
    first = builder.block(segments, "end")
    steps = [Step("start", "linear", (first,)), *builder.steps]
    reachable, ahead = set(), ["start"]
    by_name = {step.name: step for step in steps}
    while ahead:
        name = ahead.pop()
        if name not in reachable:
            reachable.add(name)
            ahead.extend(by_name[name].next)
    # the first arm of a branch is left out where the branch leads straight to its join
    return Graph("Made", [step for step in steps if step.name in reachable])


@dataclass(frozen=True)
class Decisions:
    """What each task decides: always the same, whoever asks."""

    graph: Graph
    seed: int

    def _chance(self, task: TaskId) -> random.Random:
        return random.Random(f"{self.seed} {task}")

    def splits(self, task: TaskId) -> int | None:
        """Number of items of a foreach."""
        return self._chance(task).randint(1, 3) if self.graph[task.step].kind == "foreach" else None

    def chosen(self, task: TaskId) -> str | None:
        """The step a switch chooses; it stops repeating itself after a while."""
        step = self.graph[task.step]
        if step.kind != "switch":
            return None
        repetition = paths.parse(task.path)[1] or 0
        ways = [name for name in step.next if name != step.name or repetition < 5]
        return self._chance(task).choice(ways)

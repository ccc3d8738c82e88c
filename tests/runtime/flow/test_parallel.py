"""Gangs in the graph: `num_parallel`, `@parallel`, and what is refused of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stepwell.deployer.load import load_flow
from stepwell.errors import FlowError
from stepwell.flow.document import from_document, to_document
from stepwell.flow.dot import dot
from stepwell.flow.draw import draw
from stepwell.flow.graph import Graph, TaskId
from stepwell.testing import run_flow, run_step
from tests.support import FLOWS, write_flow

GOOD = """
@step
def start(self):
    self.n = 2
    self.next(self.train, num_parallel=4)
@parallel
@step
def train(self):
    self.next(self.join)
@step
def join(self, inputs):
    self.next(self.end)
@step
def end(self): pass
"""


def graph_of(folder: Path, body: str) -> Graph:
    return load_flow(write_flow(folder, body, "from stepwell import catch, parallel")).graph()


def test_a_gang_is_a_foreach_over_its_nodes(tmp_path: Path) -> None:
    """Its tasks are named and joined as a foreach's, and a run keeps that it is one."""
    graph = graph_of(tmp_path, GOOD)
    assert (graph["start"].kind, graph["start"].num_parallel, graph["train"].parallel) == (
        "foreach",
        "4",
        True,
    )
    assert graph.parents(TaskId("join", "0"), 2) == [(TaskId("train", "0-0"),), (TaskId("train", "0-1"),)]
    again = from_document("Made", to_document(graph))
    assert again["start"] == graph["start"]._replace(where="") and again["train"].parallel
    assert " ╠═ for each of num_parallel=4\n ║   train\n" in draw(graph)
    assert "for each of num_parallel=4" in dot(graph)


MISTAKES = {
    "no @parallel": (
        GOOD.replace("@parallel\n", ""),
        "step 'start' leads to 'train' with num_parallel, but that has no @parallel; write @parallel "
        "above its @step",
    ),
    "no num_parallel": (
        GOOD.replace(", num_parallel=4", ""),
        "step 'start' leads to 'train', which has @parallel, without num_parallel; write "
        "self.next(self.train, num_parallel=4)",
    ),
    "a foreach": (
        GOOD.replace("num_parallel=4", "foreach='n'"),
        "step 'start' leads to 'train', which has @parallel, without num_parallel; write "
        "self.next(self.train, num_parallel=4)",
    ),
    "no node": (
        GOOD.replace("=4", "=0"),
        "step 'start': num_parallel is a whole number from 1 to 1000; received self.next(self.train, "
        "num_parallel=0); allowed are",
    ),
    "both": (
        GOOD.replace("num_parallel=4", "num_parallel=4, foreach='n'"),
        "step 'start': num_parallel is given alone: it is a foreach over the nodes of a gang; received",
    ),
    "tolerated": (
        GOOD.replace("num_parallel=4", "num_parallel=4, tolerate=0.1"),
        "step 'start': tolerate goes with foreach: it is the share of items that may fail; received",
    ),
    "two steps": (
        GOOD.replace("self.train, num", "self.train, self.join, num"),
        "step 'start': a foreach leads to one step; received",
    ),
    "caught": (
        GOOD.replace("@parallel", "@catch\n@parallel"),
        "@catch on step 'train', which has @parallel: where one node fails the others are ended, so "
        "none could go on; catch the exception in the step",
    ),
    "the first step": (
        GOOD.replace("@step\ndef start", "@parallel\n@step\ndef start"),
        "step 'start' has @parallel, but no num_parallel leads to it; put the work into a step that follows",
    ),
    "no join behind it": (
        GOOD.replace("self.next(self.join)", "self.next(self.more)")
        + "@step\ndef more(self):\n    self.next(self.join)\n",
        "step 'train' has @parallel, but the step behind it does not join its nodes; lead to one "
        "step, declared with `inputs`",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_one_clear_line(mistake: str, tmp_path: Path) -> None:
    """What makes no gang is refused with one line, before anything runs."""
    body, message = MISTAKES[mistake]
    with pytest.raises(FlowError) as refused:
        graph_of(tmp_path, body)
    assert re.match(r"made\.py:\d+: " + re.escape(message) + "[^\n]*$", str(refused.value))


@pytest.mark.parametrize("number", ["0", "-1", "1001", "True", "2.5", "'2'", "None"])
def test_a_computed_number_is_checked(number: str, tmp_path: Path) -> None:
    """A number of nodes that is known in a run only is checked there."""
    flow = load_flow(write_flow(tmp_path, GOOD.replace("self.n = 2", f"self.n = {number}").replace(
        "=4", "=self.n"), "from stepwell import parallel"))  # fmt: skip
    with pytest.raises(
        FlowError, match=r"step 'start': num_parallel=self.n is .*; it must be a whole number fr"
    ):
        run_flow(flow)


def test_a_node_is_tested_by_itself() -> None:
    """A test runs a node as any step: it knows its place, and waits for no other."""
    left = run_step(load_flow(FLOWS / "gang.py"), "train", {"base": 1}, index=0)
    assert (left.total, left.place) == (1, (1, 0, "0-0", 0, 0))


def test_a_test_runs_a_whole_flow(tmp_path: Path) -> None:
    """`run_flow` runs the nodes one after the other."""
    body = GOOD.replace(
        "    self.next(self.join)", "    self.place = current.parallel\n    self.next(self.join)"
    )
    flow = load_flow(write_flow(tmp_path, body, "from stepwell import parallel"))
    places = [task.data.place for task in run_flow(flow)["train"]]
    assert [(place.node_index, place.num_nodes) for place in places] == [(0, 4), (1, 4), (2, 4), (3, 4)]

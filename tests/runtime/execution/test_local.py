"""Flows run by processes of this machine, and read back with the client."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stepwell import Flow
from stepwell.errors import NoSuchObject
from tests.support import FLOWS, run_flow, write_flow


def test_linear_flow_carries_artifacts(home: Path) -> None:
    """Values of many kinds go from step to step and are read back as they were."""
    ended = run_flow(FLOWS / "linear.py", home, "run", "--alpha", "7")
    assert ended.returncode == 0, ended.stderr
    run = Flow("Linear").latest_successful_run
    data = run.data
    assert (data.alpha, data.total, data.big, data.nothing) == (7, 52, 2**80, None)
    assert data.deep == {"a": [1, {"b": (True, None)}, "changed in place"], 5: {1, 2}}
    assert data.nan != data.nan
    np.testing.assert_array_equal(data.array, np.arange(6.0).reshape(2, 3))
    assert (data.flavor, run["start"].task.data.flavor) == ("plain and simple", "plain")
    assert run["start"].task.data.deep["a"] == [1, {"b": (True, None)}]
    assert [step.id for step in run] == ["start", "middle", "end"]
    assert run["end"].task.stdout == "total 52 plain and simple\n"


def test_branches_join(home: Path) -> None:
    """A join sees its branches in order and by name, and merges what they agree on."""
    assert run_flow(FLOWS / "branch.py", home, "run").returncode == 0
    data = Flow("Branch").latest_run.data
    assert (data.words, data.by_name, data.half, data.shared) == (
        ["short", "longerer"], "longerer", 3.0, [1, 2, 3],
    )  # fmt: skip
    assert "word" not in data


def test_foreach_keeps_order(home: Path) -> None:
    """A join of a foreach sees its inputs in the order of the items, also when there are more than ten."""
    assert run_flow(FLOWS / "foreach.py", home, "run", "--items", "12", "--max-workers", "3").returncode == 0
    run = Flow("Foreach").latest_run
    assert run.data.all == [(f"w{i}", i, f"w{i}" * (i + 1)) for i in range(12)]
    assert [task.id for task in run["work"]] == [f"0-{i}" for i in range(12)]


def test_nested_foreach(home: Path) -> None:
    """An inner foreach over the outer's item knows the whole stack of indices, lengths and items."""
    assert run_flow(FLOWS / "nested.py", home, "run").returncode == 0
    data = Flow("Nested").latest_run.data
    assert data.sums == [5, 9, 77]
    assert data.stacks[2][1] == [(2, 3, [4, 5, 6]), (1, 3, 5)]


def test_branch_inside_foreach(home: Path) -> None:
    """A branch inside a foreach may have an arm that leads straight to its join."""
    assert run_flow(FLOWS / "branch_in_foreach.py", home, "run").returncode == 0
    assert Flow("BranchInForeach").latest_run.data.result == [(20, 10, 0), (40, 20, 1), (60, 30, 2)]


def test_runs_iterate_newest_first(home: Path) -> None:
    """A flow gives its runs newest first, and an unknown one is refused by name."""
    for items in ("1", "2", "3"):
        run_flow(FLOWS / "foreach.py", home, "run", "--items", items)
    flow = Flow("Foreach")
    assert [len(run.data.all) for run in flow] == [3, 2, 1]
    assert flow[flow.latest_run.id].data.items == 3
    with pytest.raises(NoSuchObject, match="run Foreach/nope is not in namespace 'user/tester'"):
        flow["nope"]
    with pytest.raises(NoSuchObject, match=r"flow 'Fore' has no runs .* flows there: Foreach"):
        Flow("Fore")


FAILING = """
@step
def start(self):
    self.xs = [1, 0, 2]
    self.next(self.divide, foreach="xs")
@step
def divide(self):
    print("dividing by", self.input)
    time.sleep(0.5 if self.input else 1.0)
    self.result = share(self.input)
    self.next(self.join)
@step
def join(self, inputs):
    self.next(self.end)
@step
def end(self): pass
"""


def test_failing_step(home: Path, tmp_path: Path) -> None:
    """A step that raises fails its run, named and with the user's frames; log and finished artifacts stay."""
    file = write_flow(tmp_path, FAILING, head="def share(n):\n    return 1 / n\n")
    ended = run_flow(file, home, "run")
    run = Flow("Made").latest_run
    assert ended.returncode == 1
    assert ended.stderr == (
        f"Error: run Made/{run.id} failed in step 'divide', task divide/0-1: "
        "ZeroDivisionError: division by zero\n"
    )
    (failure,) = run.failures
    assert (failure.step, failure.task) == ("divide", "0-1")
    frames = [line for line in failure.traceback.splitlines() if line.startswith("  File")]
    assert [frame.rpartition(" in ")[2] for frame in frames] == ["divide", "share"]
    assert all("made.py" in frame for frame in frames)
    failed = run["divide"]["0-1"]
    assert failed.stdout == "dividing by 0\n"
    assert failed.stderr.endswith("ZeroDivisionError: division by zero\n")
    assert run.finished and not run.successful
    assert run["start"].task.data.xs == [1, 0, 2]
    assert [task.data.result for task in run["divide"] if task.successful] == [1.0, 0.5]
    with pytest.raises(NoSuchObject, match="is not done"):
        _ = failed.data


BAD_INPUT = {
    "foreach without a length": (
        "@step\ndef start(self):\n    self.xs = (x for x in [1])\n    self.next(self.a, foreach='xs')",
        [],
        r"made.py:7: step 'start': foreach over 'xs', which is <generator .* of type generator and "
        r"has no length; it must be a list or something else with a length: self.xs = list\(...\)",
    ),
    "foreach over a number": (
        "@step\ndef start(self):\n    self.xs = 5\n    self.next(self.a, foreach='xs')",
        [],
        "made.py:7: step 'start': foreach over 'xs', which is 5 of type int and has no length;",
    ),
    "foreach over nothing": (
        "@step\ndef start(self):\n    self.xs = []\n    self.next(self.a, foreach='xs')",
        [],
        "made.py:7: step 'start': foreach over 'xs' produced zero splits; it must have at least one item",
    ),
    "foreach over too much": (
        "@step\ndef start(self):\n    self.xs = range(101)\n    self.next(self.a, foreach='xs')",
        [],
        "foreach over 'xs' has 101 items, above the limit of 100; raise it with `run --max-num-splits 101`",
    ),
    "an artifact that can't be saved": (
        "@step\ndef start(self):\n    self.xs = [1]\n    self.lock = __import__('threading').Lock()\n"
        "    self.next(self.a, foreach='xs')",
        [],
        "Made/.*/start/0: artifact 'lock' of type _thread.lock can't be saved",
    ),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_values_fail_with_one_line(case: str, home: Path, tmp_path: Path) -> None:
    """A foreach or artifact that can't be is one line, without a traceback, and leaves no manifest."""
    body, arguments, message = BAD_INPUT[case]
    rest = """
        @step
        def a(self):
            self.next(self.join)
        @step
        def join(self, inputs):
            self.next(self.end)
        @step
        def end(self): pass
    """
    import re
    import textwrap

    ended = run_flow(write_flow(tmp_path, body + "\n" + textwrap.dedent(rest)), home, "run", *arguments)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stdout + ended.stderr
    assert ended.stderr.count("\n") == 1
    assert re.search(message, ended.stderr), ended.stderr
    assert not list(home.rglob("manifest.parquet"))


PARAMETERS = """
count = Parameter("count", type=int, required=True)
share = Parameter("share", default=0.5)
on = Parameter("on", default=False)
@step
def start(self):
    self.next(self.end)
@step
def end(self): pass
"""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "parameter 'count': no value was given and it is required; it takes an integer: add --count"),
        (["--count", "4.5"], "parameter 'count': received '4.5', which is not an integer; give it as"),
        (["--count", "1", "--share", "half"], "parameter 'share': received 'half', which is not a number"),
        (["--count", "1", "--on", "maybe"], "parameter 'on': received 'maybe', which is not true or false"),
        (["--cuont", "1"], "No such option '--cuont'"),
    ],
)  # fmt: skip
def test_bad_parameters_start_nothing(arguments: list[str], message: str, home: Path, tmp_path: Path) -> None:
    """A parameter that is missing or of the wrong type is one line, and no run begins."""
    ended = run_flow(write_flow(tmp_path, PARAMETERS), home, "run", *arguments)
    assert ended.returncode == 2
    assert ended.stderr.startswith("Error: ") and ended.stderr.count("\n") == 1
    assert message.lower() in ended.stderr.lower()
    assert not home.exists() or not list(home.rglob("run.json"))


def test_parameters_are_converted_and_kept(home: Path, tmp_path: Path) -> None:
    """Parameters are of their types in every step, and artifacts of the run."""
    ended = run_flow(write_flow(tmp_path, PARAMETERS), home, "run", "--count", "3", "--on", "yes")
    assert ended.returncode == 0, ended.stderr
    data = Flow("Made").latest_run.data
    assert (data.count, data.share, data.on) == (3, 0.5, True)


def test_unwritable_datastore_is_one_line(tmp_path: Path) -> None:
    """A datastore that can't be written is refused before anything runs."""
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    ended = run_flow(FLOWS / "linear.py", blocked, "run")
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: ") and ended.stderr.count("\n") == 1
    assert str(blocked) in ended.stderr


def test_a_step_that_exits_fails_its_task(home: Path, tmp_path: Path) -> None:
    """A process that ends without a word is a failed task with the reason, not a hanging run."""
    body = "@step\ndef start(self):\n    os._exit(7)\n    self.next(self.end)\n@step\ndef end(self): pass"
    ended = run_flow(write_flow(tmp_path, body), home, "run")
    assert "task start/0: the task's process exited with status 7 before its step was done" in ended.stderr
    (failure,) = Flow("Made").latest_run.failures
    assert failure.reason.startswith("the task's process exited with status 7")


def test_large_outcomes_and_output_do_not_block(home: Path, tmp_path: Path) -> None:
    """Megabytes of output and a huge error message pass through the pipes."""
    body = """
    @step
    def start(self):
        print("x" * 3_000_000)
        raise ValueError("y" * 1_000_000)
        self.next(self.end)
    @step
    def end(self): pass
    """
    ended = run_flow(write_flow(tmp_path, body), home, "run")
    assert ended.returncode == 1
    assert len(Flow("Made").latest_run["start"].task.stdout) == 3_000_001

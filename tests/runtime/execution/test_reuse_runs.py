"""``run --reuse``: runs that don't do again what an earlier run has done, and say why they do the rest."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest

from stepwell import Flow
from stepwell.client.objects import Run
from stepwell.datastore import Datastore, RunInfo
from stepwell.execution.history import History
from stepwell.execution.key import Key
from stepwell.execution.outcome import Outcome
from stepwell.flow.graph import TaskId
from stepwell.store.opening import open_store
from tests.runtime.conftest import S3
from tests.support import run_flow, write_flow

BODY = """
scale = Parameter("scale", default=1)
items = Parameter("items", default="1,2,3", separator=",")
@step
def start(self):
    import util
    self.numbers = [int(item) for item in self.items]
    self.at = time.time()
    self.next(self.fetch, foreach="numbers")
@step
def fetch(self):
    self.result = self.input * 2
    self.at = time.time()
    if os.path.exists("broken") and self.input == 2:
        raise ValueError("broken")
    self.next(self.join)
@step
def join(self, inputs):
    self.largest = max(one.result for one in inputs)
    self.next(self.fit)
@step
def fit(self):
    self.model = self.largest * self.scale
    self.next(self.end)
@step
def end(self):
    print("the model is", self.model)
"""


@pytest.fixture
def file(home: Path, tmp_path: Path) -> Path:
    """A flow's file, with a module beside it; its home is in the same folder."""
    (tmp_path / "util.py").write_text("X = 1\n")
    return write_flow(tmp_path, BODY)


def run(file: Path, *arguments: str) -> Run:
    ended = run_flow(file, file.parent / "home", "run", *arguments)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return Flow("Made").latest_run


def ran(run: Run) -> set[str]:
    """The tasks that were run and not taken over."""
    return {f"{step.id}/{task.id}" for step in run for task in step if not task.origin_pathspec}


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def reasons(ended: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """By task, why it was run, as the command printed it."""
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return dict(re.findall(r"/(\w+/[\w-]+) \(pid \d+\)\] Run because (.*)\.$", ended.stdout, re.MULTILINE))


def explained(file: Path, *arguments: str) -> dict[str, str]:
    return reasons(run_flow(file, file.parent / "home", "run", "--reuse", "--explain", *arguments))


def test_nothing_has_changed(file: Path) -> None:
    """A second run takes over every task, with its artifacts and objects, and counts them."""
    first = run(file)
    ended = run_flow(file, file.parent / "home", "run", "--reuse")
    assert re.search(r"The run took .*: 7 tasks, 7 reused. Done!\n$", ended.stdout)
    second = Flow("Made").latest_run
    assert second.id != first.id and second.successful and ran(second) == set()
    assert second["fetch"]["0-1"].data.at == first["fetch"]["0-1"].data.at
    assert second["fetch"]["0-1"].origin_pathspec == f"Made/{first.id}/fetch/0-1"
    assert second["fetch"]["0-1"].stdout == f"Taken over from Made/{first.id}/fetch/0-1.\n"
    assert second.info.origin is None
    # what was taken over is taken over from there in turn
    assert run(file, "--reuse")["end"].task.origin_pathspec == f"Made/{second.id}/end/0"


def test_without_reuse_everything_runs(file: Path) -> None:
    """A run that is not told to reuse anything does not."""
    run(file)
    assert len(ran(run(file))) == 7


def test_a_changed_step_runs_and_what_reads_its_artifacts(file: Path) -> None:
    """A step whose code has changed is run; those that follow only as far as what they read has changed."""
    run(file)
    edit(file, "self.result = self.input * 2", "self.result = self.input + self.input")
    assert explained(file).keys() == {"fetch/0-0", "fetch/0-1", "fetch/0-2"}
    edit(file, "self.input + self.input", "self.input * 3 # or more")
    found = explained(file)
    assert found.keys() == {"fetch/0-0", "fetch/0-1", "fetch/0-2", "join/0", "fit/0", "end/0"}
    assert found["fetch/0-0"].startswith("the step changed since run ")
    assert found["join/0"] == "artifact 'result' of its inputs differs"
    assert found["fit/0"] == "artifact 'largest' differs: 6 -> 9"
    assert Flow("Made").latest_run.data.model == 9


def test_an_edit_that_is_taken_back(file: Path) -> None:
    """What a run before the newest did with this code is taken over too."""
    first = run(file)
    edit(file, "self.largest * self.scale", "-self.largest")
    run(file)
    edit(file, "-self.largest", "self.largest * self.scale")
    again = run(file, "--reuse")
    assert ran(again) == set() and again["fit"].task.origin_pathspec == f"Made/{first.id}/fit/0"


def test_comments_and_other_flows_settings_do_not_count(file: Path) -> None:
    """A comment, a file that is no code, and ``--with retry`` change nothing."""
    run(file)
    edit(file, "    self.at = time.time()\n", "    self.at = time.time()  # now\n\n")
    (file.parent / "notes.md").write_text("remember")
    assert explained(file, "--with", "retry:times=1", "--max-workers", "1") == {}


def test_a_changed_parameter_runs_those_who_read_it(file: Path) -> None:
    """Another value of a parameter runs the steps that read it, and says which and what."""
    run(file)
    assert explained(file, "--scale", "3") == {
        "fit/0": "parameter 'scale' differs: 1 -> 3",
        "end/0": "artifact 'model' differs: 6 -> 18",
    }
    assert Flow("Made").latest_run.data.scale == 3
    assert Flow("Made").latest_run["fetch"]["0-0"].data.scale == 3


def test_a_new_item_runs_alone(file: Path) -> None:
    """An item put in front of a list is the only one that is run; a join that comes to the same goes on."""
    first = run(file)
    found = explained(file, "--items", "0,1,2,3")
    # the task at the place of an item that has moved has its artifacts from where that stood
    assert found.keys() == {"start/0", "fetch/0-0", "join/0"}
    assert found["fetch/0-0"] == "its item differs"
    assert found["join/0"] == "it joins other steps, or another number of tasks"
    second = Flow("Made").latest_run
    moved = second["fetch"]["0-1"]
    assert moved.data.at == first["fetch"]["0-0"].data.at
    assert (moved.index, moved.manifest.meta["parents"], moved.data.numbers) == (1, ["start/0"], [0, 1, 2, 3])
    assert [parent.pathspec for parent in moved.parent_tasks] == [f"Made/{second.id}/start/0"]
    assert explained(file, "--items", "0,1,2,3,4")["fetch/0-4"] == "no earlier run has done the task"


def test_equal_items_keep_their_own(tmp_path: Path, file: Path) -> None:
    """Of several equal items each takes over what was done at its place: no result is taken twice."""
    first = run(file, "--items", "5,5,5")
    second = run(file, "--items", "5,5,5", "--reuse")
    assert ran(second) == set()
    assert [task.data.at for task in second["fetch"]] == [task.data.at for task in first["fetch"]]
    assert ran(run(file, "--items", "5,5,5,5", "--reuse")) == {"start/0", "fetch/0-3", "join/0"}


def test_a_changed_module_runs_everything(file: Path) -> None:
    """A module beside the flow counts for every step, and is named."""
    run(file)
    (file.parent / "util.py").write_text("X = 2\n")
    found = explained(file)
    assert len(found) == 7
    assert {why.partition(" since")[0] for why in found.values()} == {"file util.py changed"}


ALL_KINDS = """
number = Parameter("number", default=2)
@step
def start(self):
    self.count = 0
    self.next(self.count_up)
@step
def count_up(self):
    self.count += 1
    self.more = self.count < 3
    self.next({True: self.count_up, False: self.split}, condition="more")
@step
def split(self):
    self.outer = ["a", "b"][: self.number]
    self.next(self.left, self.right)
@step
def left(self):
    self.next(self.inner, foreach="outer")
@step
def inner(self):
    self.letters = [self.input + digit for digit in "12"]
    self.next(self.leaf, foreach="letters")
@step
def leaf(self):
    self.word = self.input
    self.next(self.join_leaves)
@step
def join_leaves(self, inputs):
    self.words = [one.word for one in inputs]
    self.next(self.join_inner)
@step
def join_inner(self, inputs):
    self.words = sum((one.words for one in inputs), [])
    self.next(self.both)
@step
def right(self):
    self.side = self.count
    self.next({3: self.odd, 4: self.even}, condition="side")
@step
def odd(self):
    self.next(self.met)
@step
def even(self):
    self.next(self.met)
@step
def met(self):
    self.next(self.both)
@step
def both(self, inputs):
    self.merge_artifacts(inputs, include=["words", "side"])
    self.next(self.end)
@step
def end(self): pass
"""


def test_every_kind_of_step_is_reused(file: Path) -> None:
    """Repetitions, switches, branches and nested foreaches go on as what was taken over has decided."""
    write_flow(file.parent, ALL_KINDS)
    first = run(file)
    second = run(file, "--reuse")
    assert ran(second) == set()
    assert sorted(t.id for s in second for t in s) == sorted(t.id for s in first for t in s)
    assert (second.data.words, second.data.side) == (["a1", "a2", "b1", "b2"], 3)
    # other words in the right branch: the left one stands
    edit(file, "self.side = self.count", "self.side = self.count + 1")
    third = run(file, "--reuse")
    assert ran(third) == {"right/0", "even/0", "both/0"}
    assert third.data.side == 4
    # an item less, in front: the inner tasks move
    edit(file, '["a", "b"]', '["b"]')
    found = explained(file)
    assert found.keys() == {"split/0", "left/0", "join_inner/0", "both/0"}
    fourth = Flow("Made").latest_run
    assert fourth["leaf"]["0-0-1"].origin_pathspec.endswith("leaf/0-1-1")
    assert fourth.data.words == ["b1", "b2"]


def test_what_was_caught_runs_again(file: Path) -> None:
    """A step that failed and was caught has not done its work; a retried one has."""
    body = """
    @retry(times=1, minutes_between_retries=0)
    @step
    def start(self):
        assert current.retry_count == 1
        self.next(self.risky)
    @catch(var="error")
    @step
    def risky(self):
        if os.path.exists("broken"):
            raise ValueError("broken")
        self.next(self.end)
    @step
    def end(self): pass
    """
    write_flow(file.parent, body, "from stepwell import catch, retry")
    (file.parent / "broken").touch()
    assert run(file).data.error.message == "broken"
    assert explained(file) == {"risky/0": "it failed before, and @catch let the flow go on"}
    (file.parent / "broken").unlink()
    assert run(file, "--reuse").data.error is None
    assert explained(file) == {}


def test_no_reuse_always_runs(file: Path) -> None:
    """A step marked @no_reuse is run each time; what follows is reused where it left the same."""
    edit(file, "@step\n    def start", "@no_reuse\n    @step\n    def start")
    edit(file, "import FlowSpec", "import no_reuse, FlowSpec")
    run(file)
    assert explained(file) == {"start/0": "its step is marked @no_reuse"}


TABLES = """
@step
def start(self):
    self.next(self.read, self.write, self.neither)
@step
def read(self):
    self.rows = stepwell.table("facts.flights").rows
    self.next(self.join)
@step
def write(self):
    stepwell.write_table("made.copy", pa.table({"x": [1]}), mode="overwrite")
    self.next(self.look)
@step
def look(self):
    self.copied = stepwell.table("made.copy").rows
    self.next(self.join)
@step
def neither(self):
    self.next(self.join)
@step
def join(self, inputs):
    self.merge_artifacts(inputs)
    self.next(self.end)
@step
def end(self): pass
"""


def test_tables_count_by_their_snapshots(file: Path) -> None:
    """A task that read a table is reused while the table is as it was, one that wrote one never."""
    import pyarrow as pa

    from stepwell import table, write_table

    write_flow(file.parent, TABLES, "import pyarrow as pa\nimport stepwell")
    write_table("facts.flights", pa.table({"x": [1, 2]}))
    before = table("facts.flights").snapshot_id
    run(file)
    again = explained(file)
    assert again.keys() == {"write/0", "look/0"}
    assert again["write/0"] == "it writes tables: made.copy"
    assert re.fullmatch(r"table made.copy is at snapshot \d+, was at \d+", again["look/0"])
    write_table("facts.flights", pa.table({"x": [3]}))
    now = table("facts.flights").snapshot_id
    moved = explained(file)
    assert moved["read/0"] == f"table facts.flights is at snapshot {now}, was at {before}"
    assert moved.keys() == {"read/0", "write/0", "look/0", "join/0"}
    last = Flow("Made").latest_run
    assert (last.data.rows, last.data.copied) == (3, 1)
    # the run has pinned what it read, whether it took that over or not
    assert [use.snapshot_id for use in last.lineage.reads] == [now]


def test_a_table_that_is_gone(file: Path) -> None:
    """A task that read a table which is no longer there is run, and fails as any other."""
    import pyarrow as pa

    from stepwell import write_table
    from stepwell.tables.name import TableName
    from stepwell.tables.opening import open_catalog

    body = TABLES.replace("self.read, self.write, self.neither", "self.read, self.neither")
    body = body.replace(body[body.index("@step\ndef write") : body.index("@step\ndef neither")], "")
    write_flow(file.parent, body, "import pyarrow as pa\nimport stepwell")
    write_table("facts.flights", pa.table({"x": [1, 2]}))
    run(file)
    open_catalog().load(TableName.parse("facts.flights")).catalog.drop_table(("facts", "flights"))
    ended = run_flow(file, file.parent / "home", "run", "--reuse", "--explain")
    assert ended.returncode == 1
    assert "Run because facts.flights: there is no such table" in ended.stdout


def test_the_first_run_of_all(file: Path) -> None:
    """With no earlier run everything is run, and says so."""
    assert set(explained(file).values()) == {"no earlier run has done the task"}


def test_what_a_failed_run_has_done_is_reused(file: Path) -> None:
    """The tasks that a run finished before it failed are taken over by the next."""
    (file.parent / "broken").touch()
    assert run_flow(file, file.parent / "home", "run", "--max-workers", "1").returncode == 1
    (file.parent / "broken").unlink()
    again = run(file, "--reuse")
    assert ran(again) == {"fetch/0-1", "fetch/0-2", "join/0", "fit/0", "end/0"}
    assert again.data.model == 6


def test_what_a_resumed_run_took_over_keeps_its_code(file: Path) -> None:
    """`resume` takes over whatever the code is; its run vouches for what it ran itself and no more."""
    (file.parent / "broken").touch()
    assert run_flow(file, file.parent / "home", "run", "--max-workers", "1").returncode == 1
    (file.parent / "broken").unlink()
    edit(file, "int(item) for", "1 + int(item) for")
    assert run_flow(file, file.parent / "home", "resume").returncode == 0
    again = run(file, "--reuse")
    assert "start/0" in ran(again) and again.data.model == 8


def test_a_run_that_was_killed_is_passed_over(file: Path) -> None:
    """A run whose scheduler was killed left nothing to others; what runs before it left still serves."""
    run(file)
    killed = run(file)
    (file.parent / f"home/ns/user/tester/flows/Made/runs/{killed.id}/reuse.json").unlink()
    assert ran(run(file, "--reuse")) == set()


def test_a_run_whose_tasks_are_gone(file: Path) -> None:
    """A task whose manifest was removed is run again, and says where it was."""
    first = run(file)
    (file.parent / f"home/ns/user/tester/flows/Made/runs/{first.id}/tasks/fit/0/manifest.parquet").unlink()
    assert explained(file) == {"fit/0": f"what run {first.id} has done of it is gone"}


def test_another_namespace_is_not_looked_at(file: Path) -> None:
    """Only the runs of one's own namespace are reused."""
    run(file)
    found = explained(file, "--namespace", "user/other")
    assert set(found.values()) == {"no earlier run has done the task"}


def test_tasks_of_other_machines_are_known_by_their_manifests(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task whose process said nothing of what it read, a Batch job, is reused all the same."""
    done = run(file)
    reader = done["end"].task._reader
    monkeypatch.syspath_prepend(str(file.parent))
    monkeypatch.delitem(sys.modules, "made", raising=False)
    history = History(import_module("made").Made, reader.datastore)
    for task in reader.files():
        history.keep(task, Outcome())
    before = reader.datastore.reuses("Made", [done.id])[done.id]["tasks"]
    history.leave(done.id)
    assert reader.datastore.reuses("Made", [done.id])[done.id]["tasks"] == before


def test_looking_back_takes_a_bounded_number_of_requests(
    file: Path, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many runs there are: one listing, and an object of each of the newest 20."""
    datastore = Datastore(open_store(f"s3://{s3.new_bucket()}"), "user/tester")
    monkeypatch.syspath_prepend(str(file.parent))
    monkeypatch.delitem(sys.modules, "made", raising=False)
    made = import_module("made").Made
    for number in range(25):
        started = datetime(2026, 1, 1, 0, 0, number, tzinfo=UTC)
        datastore.claim_run(RunInfo("Made", f"r{number:02d}", "user/tester", "tester", started, "local"))
        history = History(made, datastore)
        history.keep(TaskId("start", "0"), Outcome(key=Key((), f"{number}")))
        history.leave(f"r{number:02d}")
    s3.requests.clear()
    found = History(made, datastore).look_back()
    reads = [request.path.rpartition("runs/")[2] for request in s3.requests if "runs/" in request.path]
    assert sorted(reads) == [f"r{number:02d}/reuse.json" for number in range(5, 25)]
    assert [request.method for request in s3.requests] == ["GET"] * 21
    assert '"24"' in found["start"] and '"5"' in found["start"] and '"4"' not in found["start"]


def test_explain_is_for_reuse(file: Path) -> None:
    """`--explain` without `--reuse` is refused in one line, and nothing starts."""
    ended = run_flow(file, file.parent / "home", "run", "--explain")
    assert ended.returncode != 0
    assert ended.stderr == "Error: --explain: says why tasks run under --reuse; add --reuse\n"
    assert not list((file.parent / "home").rglob("run.json"))

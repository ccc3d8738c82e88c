"""What the browser is told of runs, tasks and artifacts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest

from stepwell.artifacts.codec import encode
from stepwell.datastore import Datastore
from stepwell.flow.document import to_document
from stepwell.flow.graph import Graph, Step, TaskId
from stepwell.logs import LogBook
from stepwell.store.opening import open_store
from stepwell.ui.place import Place
from stepwell.ui.tasks import _LOG_PART
from stepwell.ui.values import in_full
from stepwell.ui.views import views
from tests.runtime.client.support import NOON, claim, fail, finish, finished_run
from tests.runtime.conftest import S3

Ask = Callable[..., Any]
GRAPH = Graph(
    "Train",
    [
        Step("start", "foreach", ("fit",), foreach="xs"),
        Step("fit", "linear", ("join",)),
        Step("join", "linear", ("end",), takes_inputs=True),
        Step("end", "end"),
    ],
)


def asking(datastore: Datastore) -> Ask:
    """Asks for a view of the run ``one``, where no other is named."""
    answers = views(Place(datastore.store, datastore.namespace))
    return lambda name, **query: answers[name]({"flow": "Train", "run": "one", **query})


@pytest.fixture
def ask(ada: Datastore) -> Ask:
    return asking(ada)


def wide(datastore: Datastore, done: int, items: int) -> None:
    """A run in progress with so many items, of which the first are done."""
    claim(datastore, "one", graph=to_document(GRAPH))
    finish(datastore, "one", "start/0", foreach={"name": "xs", "splits": items}, switch=None)
    for index in range(done):
        finish(datastore, "one", f"fit/0-{index}", minute=1)


def test_places(ada: Datastore, ask: Ask) -> None:
    """The namespaces that there are can be chosen from, one's own among them though it be empty."""
    finished_run(Datastore(ada.store, "project/flights/prod"), "one")
    finished_run(Datastore(ada.store, "user/bob"), "one")
    assert ask("places") == {
        "store": ada.store.url, "namespace": "user/ada",
        "namespaces": ["project/flights/prod", "user/ada", "user/bob"],
    }  # fmt: skip


def test_a_list_of_runs(ada: Datastore, ask: Ask) -> None:
    """Runs are listed with the flows that one may choose from, page by page, of any namespace."""
    for hour in range(60):
        claim(ada, f"r{hour}", hour)
    finished_run(Datastore(ada.store, "user/bob"), "bobs")
    first = ask("runs", flow="")
    assert [one["run"] for one in first["runs"]] == [f"r{hour}" for hour in range(59, 9, -1)]
    assert first["flows"] == ["Train"] and 4 <= first["again"] <= 120
    assert [one["run"] for one in ask("runs", after=first["more"])["runs"]] == [
        f"r{hour}" for hour in range(9, -1, -1)
    ]
    assert [one["run"] for one in ask("runs", namespace="user/bob", status="succeeded")["runs"]] == ["bobs"]


def test_a_run_in_progress(ada: Datastore, ask: Ask) -> None:
    """A run tells how far each step is and when to ask again, and no more so once it has ended."""
    wide(ada, 2, 5)
    fail(ada, "one", "fit/0-3", reason="<b>bad</b>")
    ada.add_tags("Train", "one", ["best"])
    found = ask("run")
    steps = {step["step"]: step for step in found["steps"]}
    assert steps["fit"] == {
        "step": "fit", "state": "failed", "counts": {"done": 2, "failed": 1, "waiting": 2},
        "items": 5, "grows": False,
    }  # fmt: skip
    assert (found["status"], found["tags"], found["again"]) == ("running", ["best"], 1.0)
    assert [one["reason"] for one in found["failures"]] == ["<b>bad</b>"]
    finished_run(ada, "good")
    assert (ask("run", run="good")["status"], ask("run", run="good")["again"]) == ("succeeded", None)


def test_parameters_are_shown_as_they_are(ada: Datastore, ask: Ask) -> None:
    """Parameters are text: long ones are cut off, and what is no JSON is told as it prints."""
    claim(ada, "one", parameters={"alpha": 0.1, "text": "x" * 9000, "nested": {"a": [1, None]}})
    found = ask("run")["parameters"]
    assert (found["alpha"], found["nested"]) == ("0.1", '{"a":[1,null]}')
    assert len(found["text"]) == 500


def test_a_timeline_of_a_small_run(ada: Datastore, ask: Ask) -> None:
    """Of a small run each task has its time, and each step the time from its first to its last."""
    finished_run(ada, "one")
    found = ask("timeline")
    fit = next(step for step in found["steps"] if step["step"] == "fit")
    assert found["small"] and len(found["tasks"]) == 4
    assert fit["began"] == (NOON + timedelta(minutes=1)).isoformat()
    assert fit["ended"] == (NOON + timedelta(minutes=2, seconds=30)).isoformat()


def test_a_wide_run_is_told_in_pages(ada: Datastore, ask: Ask) -> None:
    """Of a wide run a timeline has steps only, with how many tasks were done when; tasks come by pages."""
    wide(ada, 240, 1000)
    found = ask("timeline")
    fit = next(step for step in found["steps"] if step["step"] == "fit")
    assert (found["small"], found["tasks"], fit["tasks"], fit["done"]) == (False, [], 1000, 240)
    assert sum(fit["density"]) == 240 and fit["ended"] is None
    first, last = ask("tasks", step="fit"), ask("tasks", step="fit", page="99")
    assert (first["total"], first["pages"], len(first["tasks"])) == (1000, 10, 100)
    assert [one["task"] for one in first["tasks"][:2]] == ["0-0", "0-1"]
    assert (last["page"], last["tasks"][-1]["task"], last["tasks"][-1]["state"]) == (9, "0-999", "waiting")
    assert ask("tasks", step="fit", state="done", find="0-23")["total"] == 11


def test_requests_for_a_wide_run(s3: S3) -> None:
    """A page of a run of 10,000 tasks on S3 costs the listing of the run, and what it shows."""
    ada = Datastore(open_store(f"s3://{s3.new_bucket()}"), "user/ada")
    claim(ada, "one", graph=to_document(GRAPH))
    finish(ada, "one", "start/0", foreach={"name": "xs", "splits": 10_000}, switch=None)
    for index in range(1200):
        finish(ada, "one", f"fit/0-{index}", minute=1)
    ask = asking(ada)
    s3.requests.clear()
    assert next(one for one in ask("run")["steps"] if one["step"] == "fit")["counts"] == {
        "done": 1200,
        "waiting": 8800,
    }
    assert len(s3.requests) <= 8
    s3.requests.clear()
    assert len(ask("tasks", step="fit")["tasks"]) == 100
    assert len(s3.requests) <= 100 + 4
    s3.requests.clear()
    assert ask("timeline")["steps"]
    assert len(s3.requests) <= 25


def test_a_task_that_failed(ada: Datastore, ask: Ask) -> None:
    """A task that failed tells why, with an attempt for each log and failure."""
    claim(ada, "one")
    for attempt in (0, 1):
        fail(ada, "one", "fit/0", attempt, reason=f"reason {attempt}")
        ada.put_log("Train", "one", TaskId("fit", "0"), attempt, LogBook(NOON).to_bytes())
    found = ask("task", step="fit", task="0")
    assert (found["state"], found["failure"]["reason"], found["artifacts"]) == ("failed", "reason 1", [])
    assert found["attempts"] == [{"attempt": number, "log": True, "failed": True} for number in (0, 1)]


def test_a_task_that_is_done(ada: Datastore, ask: Ask) -> None:
    """A task that is done tells what it left, and what it came from; of many parents the first."""
    claim(ada, "one")
    parents = [f"fit/0-{index}" for index in range(70)]
    finish(
        ada, "one", "join/0", {"alpha": 3, "text": "y" * 999, "odd": {1, 2}}, parents=parents, python="3.11.7"
    )
    found = ask("task", step="join", task="0")
    assert [(one["name"], one["type"], one["is_whole"]) for one in found["artifacts"]] == [
        ("alpha", "int", True), ("odd", "set", True), ("text", "str", False),
    ]  # fmt: skip
    assert (len(found["parents"]), found["more_parents"]) == (50, 20)
    assert found["parents"][0] == {"step": "fit", "task": "0-0"} and found["facts"]["Python"] == "3.11.7"


class Trap:
    """A value whose unpickling would be seen."""

    opened = False

    def __reduce__(self) -> Any:
        return _spring, ()


def _spring() -> None:
    Trap.opened = True


VALUES = {
    "number": 7,
    "long_text": "z" * 90_000,
    "table": pa.table({"n": range(1000), "text": ["<script>", None] * 500}),
    "wide": pa.table({f"c{number}": [number] for number in range(700)}),
    "odd": pa.table(
        {"n": pa.array([1, 2]).dictionary_encode(), "when": pa.array([2**62, None], pa.timestamp("s"))}
    ),
    "none": pa.table({"n": pa.array([], pa.int64())}),
    "twice": pa.table([[1], [2]], names=["n", "n"]),
    "trap": Trap(),
}


@pytest.mark.parametrize("name", VALUES)
def test_what_is_in_an_artifact(ada: Datastore, name: str) -> None:
    """Of a value its text is shown, of a table the types and first rows; a pickle stays closed."""
    row = encode(name, VALUES[name], where="", store=ada.store, namespace="user/ada")
    found = in_full(row, ada.store)
    if name == "number":
        assert found == {"kind": "text", "text": "7", "is_whole": True}
    elif name == "long_text":
        assert (found["text"], found["is_whole"]) == ('"' + "z" * 19_999, False)
    elif name == "table":
        assert found["columns"] == [{"name": "n", "type": "int64"}, {"name": "text", "type": "string"}]
        assert found["rows"][:2] == [["0", "<script>"], ["1", None]] and len(found["rows"]) == 20
    elif name == "wide":
        assert (len(found["columns"]), found["more_columns"], len(found["rows"][0])) == (500, 200, 30)
    elif name == "odd":
        assert (
            found["rows"][0][0] == "1"
            and found["rows"][1] == ["2", None]
            and "TimestampScalar" in found["rows"][0][1]
        )
    elif name == "none":
        assert (found["rows"], found["columns"]) == ([], [{"name": "n", "type": "int64"}])
    elif name == "twice":
        assert found["rows"] == [["1", "2"]]
    else:
        assert found["kind"] == "closed" and not Trap.opened


def test_first_rows_cost_little(s3: S3) -> None:
    """The first rows of a large table are shown without fetching the table."""
    store = open_store(f"s3://{s3.new_bucket()}")
    table = pa.table(
        {f"c{number}": pa.array(range(400_000)) for number in range(4)} | {"x": ["text"] * 400_000}
    )
    row = encode("table", table, where="", store=store, namespace="user/ada")
    s3.requests.clear()
    assert len(in_full(row, store)["rows"]) == 20
    fetched = [one.range for one in s3.requests if one.range]
    assert len(fetched) == len(s3.requests) <= 20
    assert sum(_length(one) for one in fetched if one) < row.bytes / 2


def _length(range: str) -> int:
    begin, _, end = range.removeprefix("bytes=").partition("-")
    return int(end) - int(begin) + 1 if begin else int(end)


def test_a_log_is_told_in_parts(ada: Datastore, ask: Ask) -> None:
    """A long log is told from its end, backwards on demand, and forwards as it grows; each line once."""
    claim(ada, "one")
    book, task = LogBook(NOON), TaskId("fit", "0")
    texts = [f"{number} {'x' * 90}" for number in range(9000)]
    book.add("o", "".join(f"{text}\n" for text in texts).encode(), NOON)
    ada.put_log("Train", "one", task, 0, book.to_bytes())
    tail = ask("log", step="fit", task="0", attempt="0", **{"from": "-2000"})
    assert [line[2] for line in tail["lines"]] == texts[-len(tail["lines"]) :] and 10 < len(
        tail["lines"]
    ) < 20
    before, until = [], tail["from"]
    while until:
        part = ask("log", step="fit", task="0", attempt="0", until=str(until))
        before = part["lines"] + before
        until = part["from"]
    assert [line[2] for line in before + tail["lines"]] == texts
    assert len(before) > _LOG_PART // 200
    assert ask("log", step="fit", task="0", attempt="0", **{"from": str(tail["next"])})["lines"] == []
    book.add("e", b"\xff\xfe late \r\nnot yet", NOON)
    ada.put_log("Train", "one", task, 0, book.to_bytes())
    late = ask("log", step="fit", task="0", attempt="0", **{"from": str(tail["next"])})
    assert late["lines"] == [[NOON.isoformat(), "e", "\ufffd\ufffd late "]]
    assert ask("log", step="fit", task="0", attempt="5")["size"] == 0


def test_lineage(ada: Datastore, ask: Ask) -> None:
    """The snapshots that a run is pinned to are told, without those that it made itself; ids are text."""
    claim(ada, "one")
    ada.pin_table("Train", "one", "facts.flights", {"snapshot_id": 2**62, "sequence_number": 3})
    ada.pin_table("Train", "one", "facts.new", {"snapshot_id": None, "sequence_number": 0})
    ada.move_pins("Train", "one", [{"table": "train.out", "snapshot_id": 7, "sequence_number": 1}])
    ada.pin_table("Train", "one", "train.out", {"snapshot_id": 7, "sequence_number": 1})
    found = ask("lineage")
    assert [(one["use"], one["table"], one["snapshot"]) for one in found["uses"]] == [
        ("read", "facts.flights", str(2**62)), ("read", "facts.new", None), ("written", "train.out", "7"),
    ]  # fmt: skip
    assert set(found["unknown"]) == {"facts.flights", "facts.new", "train.out"}  # none of them exists

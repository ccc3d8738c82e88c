"""The web view in a real browser."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stepwell.artifacts.codec import encode
from stepwell.artifacts.manifest import Manifest
from stepwell.datastore import Datastore, Failure, RunInfo
from stepwell.flow.document import to_document
from stepwell.flow.graph import Graph, Step, TaskId
from stepwell.logs import LogBook
from stepwell.ui.server import Server
from tests.runtime.client.support import NOON, claim, finish, finished_run
from tests.runtime.ui.browser import Browser
from tests.runtime.ui.conftest import Serve
from tests.support import environment, flow_command, run_flow, write_flow

pytestmark = pytest.mark.xdist_group("browser")

EVIL = "<script>window.harmed = true</script><img src=x onerror='window.harmed = true'>"
"""What would be seen if any text of a run became a part of the page."""


def opened(page: Browser, server: Server, *parts: str, query: str = "") -> str:
    """Open a page of the view and wait until it has been read; returns what it shows."""
    page.open(server.guard.url)
    if parts:
        hash = "#/" + "/".join(page.run("return encodeURIComponent(arguments[0])", part) for part in parts)
        page.run("location.hash = arguments[0]", hash + (f"?{query}" if query else ""))
    page.wait(lambda: "Reading the run" not in page.text and page.run("return document.querySelector('h1')"))
    return page.text


def rows(page: Browser, selector: str = "main tbody tr") -> list[str]:
    found: list[str] = page.run(
        "return [...document.querySelectorAll(arguments[0])]"
        ".filter(one => !one.hidden).map(one => one.innerText)",
        selector,
    )
    return [" ".join(one.split()) for one in found]


def test_runs_are_listed_and_chosen(ada: Datastore, serve: Serve, page: Browser) -> None:
    """The list shows each run with its status; choosing a status or flow shows the others no more."""
    finished_run(ada, "good")
    claim(ada, "bad", 1)
    ada.end_run("Train", "bad")
    server = serve(ada)
    opened(page, server)
    page.wait(lambda: len(rows(page)) == 2)
    assert [row.split()[:3] for row in rows(page)] == [
        ["Train/bad", "✕", "failed"],
        ["Train/good", "✓", "succeeded"],
    ]
    assert server.guard.token not in page.url
    page.run(
        "const list = document.querySelector('main select[data-key=Status]'); list.value = 'failed';"
        "list.dispatchEvent(new Event('change'))"
    )
    page.wait(lambda: [row.split()[0] for row in rows(page)] == ["Train/bad"])
    assert "status=failed" in page.url


def test_a_run_is_shown_from_all_sides(ada: Datastore, serve: Serve, page: Browser) -> None:
    """From the list one comes to a run's graph, to its timeline, its tasks, and one task's artifacts."""
    file = write_flow(Path(ada.store.url).parent, FLOW, "import pyarrow as pa")
    assert run_flow(file, Path(ada.store.url), "run", STEPWELL_USER="ada").returncode == 0
    opened(page, serve(ada))
    page.click("main tbody a")
    page.wait(lambda: "3 of 3 done" in page.text)
    steps = page.run(
        "return [...document.querySelectorAll('.graph a')].map(one => one.getAttribute('aria-label'))"
    )
    assert steps == ["start: done", "work: 3 of 3 done", "join: done", "end: done"]
    page.click(".tabs a:nth-child(2)")
    page.wait(lambda: len(rows(page, ".timeline .task")) == 3)
    assert [row.split()[0] for row in rows(page, ".timeline .step")] == ["start", "work", "join", "end"]
    page.click(".tabs a:nth-child(1)")
    page.wait(lambda: page.run("return document.querySelectorAll('.graph a').length") == 4)
    page.run(
        "document.querySelectorAll('.graph a')[1].dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    page.wait(lambda: [row.split()[0] for row in rows(page)] == ["work/0-0", "work/0-1", "work/0-2"])
    page.click("main tbody tr:nth-child(2) a")
    page.wait_for("working on 1")
    table = page.wait(lambda: [row for row in rows(page) if "pyarrow.Table" in row])
    assert "2,000 \N{MULTIPLICATION SIGN} 2" in table[0]
    number = next(at for at, row in enumerate(rows(page)) if "pyarrow.Table" in row)
    page.run("document.querySelectorAll('main tbody button')[arguments[0]].click()", number)
    page.wait_for("20 of 2,000 rows")
    inner = rows(page, "td table tbody tr")
    assert (len(inner), inner[1]) == (20, "1 text 1")
    assert "n int64" in " ".join(page.text.split()) and "came from" in page.text


FLOW = """
@step
def start(self):
    self.xs = [0, 1, 2]
    self.next(self.work, foreach="xs")
@step
def work(self):
    print("working on", self.input)
    self.table = pa.table({"n": range(2000), "text": [f"text {n}" for n in range(2000)]})
    self.next(self.join)
@step
def join(self, inputs):
    self.next(self.end)
@step
def end(self): pass
"""


def hostile(datastore: Datastore) -> RunInfo:
    """A run in which everything that may be text is HTML with a script."""
    evil = EVIL.replace("/", "\\")  # keys have no slash in a part of theirs
    graph = Graph(
        "Evil",
        [
            Step("start", "switch", ("end",), condition=EVIL, cases=((EVIL, "end"),), doc=EVIL),
            Step("end", "end"),
        ],
    )
    info = RunInfo(
        "Evil", f"run {evil}", "user/ada", EVIL, NOON, EVIL, code=EVIL,
        parameters={EVIL: EVIL}, origin=EVIL, graph=to_document(graph),
    )  # fmt: skip
    datastore.claim_run(info)
    datastore.add_tags("Evil", info.run, [evil])
    values: dict[str, Any] = {EVIL: EVIL, "table": pa.table({EVIL: [EVIL]}), "trap": {1, EVIL}}
    rows = {
        name: encode(name, value, where="", store=datastore.store, namespace="user/ada")._replace(type=EVIL)
        for name, value in values.items()
    }
    meta = {
        "started": NOON.isoformat(), "ended": NOON.isoformat(), "parents": [f"{evil}/0"], "user": EVIL,
        "job": EVIL, "python": EVIL, "attempt": EVIL, "foreach": None,
        "switch": {"name": EVIL, "chosen": "end"},
    }  # fmt: skip
    datastore.commit("Evil", info.run, TaskId("start", "0"), Manifest(meta, rows))
    book = LogBook(NOON)
    for stream in ("o", "e"):
        book.add(stream, f"{EVIL}\n".encode(), NOON)  # type: ignore[arg-type]
    for task in (TaskId("start", "0"), TaskId("end", "0")):
        datastore.put_log("Evil", info.run, task, 0, book.to_bytes())
    datastore.put_failure("Evil", info.run, Failure("end", "0", 0, EVIL, EVIL, NOON))
    datastore.pin_table("Evil", info.run, evil, {"snapshot_id": EVIL, "sequence_number": 1})
    return info


@pytest.mark.parametrize(
    ("tab", "query", "times"),
    [
        ("", "", 1),
        ("graph", "", 6),
        ("timeline", "", 5),
        ("tasks", "step=start&find=0", 5),
        ("task", "step=start&task=0", 14),
        ("task", "step=end&task=0", 8),
        ("lineage", "", 7),
    ],
)
def test_what_is_hostile_is_shown_as_text(
    ada: Datastore, serve: Serve, page: Browser, tab: str, query: str, times: int
) -> None:
    """Names, values, logs, failures and tags that are HTML are text on every page; no script of it runs."""
    info = hostile(ada)
    opened(page, serve(ada), *(["user/ada", "Evil", info.run, tab] if tab else []), query=query)
    page.wait(lambda: page.text.count("window.harmed = true") >= 2 * times)
    if tab == "task":
        for number in range(page.run("return document.querySelectorAll('main tbody button').length")):
            page.run("document.querySelectorAll('main tbody button')[arguments[0]].click()", number)
        page.wait(lambda: "…" not in rows(page, "tr.opened"))
    assert page.run("return window.harmed") is None
    assert (
        page.run(
            "return document.querySelectorAll('main img, main script, main iframe, main [onerror]').length"
        )
        == 0
    )
    assert page.run("return document.scripts.length") == 1
    links = page.run("return [...document.querySelectorAll('a')].map(one => one.getAttribute('href'))")
    assert [link for link in links if not link.startswith("#")] == []


def test_a_pickle_is_not_opened(ada: Datastore, serve: Serve, page: Browser, tmp_path: Path) -> None:
    """Of an artifact that is a pickle it is said that it is one, and its code does not run."""
    claim(ada, "one")
    finish(ada, "one", "start/0", {"trap": Trap(str(tmp_path / "harmed"))})
    opened(page, serve(ada), "user/ada", "Train", "one", "task", query="step=start&task=0")
    page.click("main tbody button")
    page.wait_for("It is a pickle: opening it would run code of whoever wrote it.")
    assert not (tmp_path / "harmed").exists()


class Trap:
    """A value whose unpickling makes a file."""

    def __init__(self, file: str) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return Path.touch, (Path(self.file),)


def test_without_the_token_there_is_no_page(ada: Datastore, serve: Serve, one_browser: Browser) -> None:
    """Without the token, or with a wrong one, there is 403; with it, the page; a new server's is new."""
    finished_run(ada, "good")
    server = serve(ada)
    base = f"http://127.0.0.1:{server.server_port}"
    status = "return performance.getEntriesByType('navigation')[0].responseStatus"
    for path in ("/", "/?token=wrong", server.guard.root, f"{server.guard.root}api/runs"):
        one_browser.open(base + path)
        assert one_browser.run(status) == 403 and "Forbidden" in one_browser.text
    one_browser.open(server.guard.url)
    one_browser.wait_for("Train/good")
    assert one_browser.url == f"{base}{server.guard.root}"
    assert one_browser.run("return document.cookie") == ""
    other = serve(ada)
    one_browser.open(f"http://127.0.0.1:{other.server_port}{other.guard.root}")
    assert one_browser.run(status) == 403
    one_browser.errors()


def test_a_run_in_progress_changes_on_the_page(
    ada: Datastore, serve: Serve, page: Browser, tmp_path: Path
) -> None:
    """A page opened while a run goes on shows, by itself, its tasks' ends, its log, and its own end."""
    body = """
    @step
    def start(self):
        self.xs = [0, 1]
        self.next(self.work, foreach="xs")
    @step
    def work(self):
        print("begun", self.input)
        while not os.path.exists(os.environ["GATE"] + str(self.input)):
            time.sleep(0.05)
        print("ended", self.input)
        self.next(self.join)
    @step
    def join(self, inputs):
        self.next(self.end)
    @step
    def end(self): pass
    """
    gate = tmp_path / "gate"
    more = {"GATE": str(gate), "STEPWELL_USER": "ada"}
    run = subprocess.Popen(
        flow_command(write_flow(tmp_path, body), "run"), env=environment(Path(ada.store.url), **more),
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    opened(page, serve(ada))
    page.wait_for("running")
    page.click("main tbody a")
    work = "return document.querySelectorAll('.graph a')[1]?.getAttribute('aria-label')"
    page.wait(lambda: page.run(work) == "work: 0 of 2 done, 2 running")
    Path(f"{gate}0").touch()
    page.wait(lambda: page.run(work) == "work: 1 of 2 done, 1 running")
    page.run("location.hash += '/task?step=work&task=0-1'")
    page.wait_for("begun 1")
    assert "ended 1" not in page.text and "running" in page.text
    Path(f"{gate}1").touch()
    page.wait_for("ended 1")
    page.wait_for("succeeded")
    assert run.wait(60) == 0
    page.wait(
        lambda: page.run("return document.getElementById('news').textContent").endswith("has succeeded.")
    )
    page.wait(lambda: page.run("return document.title").startswith("succeeded"))


def test_lineage_leads_to_the_run_that_wrote(ada: Datastore, serve: Serve, page: Browser) -> None:
    """The tables that a run has read are shown with the task that made them, which is a link to it."""
    body = """
        make = Parameter("make", default=False)

        @step
        def start(self):
            if self.make:
                write_table("facts.numbers", pa.table({"n": [1, 2]}))
            else:
                self.rows = table("facts.numbers").rows
            self.next(self.end)

        @step
        def end(self): pass
    """
    home = Path(ada.store.url)
    flow = write_flow(home.parent, body, "import pyarrow as pa\nfrom stepwell import table, write_table")
    for options in (["--make", "true"], []):
        assert run_flow(flow, home, "run", *options, STEPWELL_USER="ada").returncode == 0
    reader, writer = ada.runs("Made")
    opened(page, serve(ada), "user/ada", "Made", reader, "lineage")
    (row,) = page.wait(lambda: rows(page))
    assert row.startswith("read facts.numbers ") and row.endswith(f"Made/{writer}/start/0")
    page.click("main tbody a")
    page.wait(lambda: writer in page.run("return document.title"))
    page.click(".tabs a:nth-child(4)")
    page.wait_for("start/0 of this run")


def test_a_run_of_many_tasks(ada: Datastore, serve: Serve, page: Browser) -> None:
    """A run of 3,000 tasks is shown by its steps; tasks come by pages, and are found by state and id."""
    graph = Graph(
        "Train",
        [
            Step("start", "foreach", ("fit",), foreach="xs"),
            Step("fit", "linear", ("join",)),
            Step("join", "linear", ("end",), takes_inputs=True),
            Step("end", "end"),
        ],
    )
    claim(ada, "one", graph=to_document(graph))
    finish(ada, "one", "start/0", foreach={"name": "xs", "splits": 3000}, switch=None)
    for index in range(250):
        finish(ada, "one", f"fit/0-{index}", minute=1 + index // 50)
    opened(page, serve(ada), "user/ada", "Train", "one", "timeline")
    page.wait(lambda: len(rows(page, ".timeline li.step")) == 2)
    assert "250 of 3,000" in rows(page, ".timeline li.step")[1]
    page.click(".timeline .fold")
    page.wait(lambda: len(rows(page, ".timeline li.task")) == 100)
    assert "page 1 of 30" in page.text
    page.click(".timeline .pager a")
    page.wait(
        lambda: rows(page, ".timeline li.task")[:1] and rows(page, ".timeline li.task")[0].startswith("0-100")
    )
    page.click(".tabs a:nth-child(3)")
    page.run("location.hash = location.hash.replace(/[?].*|$/, '?step=fit&state=done&find=0-24')")
    page.wait(lambda: len(rows(page)) == 11)


def test_it_can_be_used_by_keyboard_and_read_aloud(ada: Datastore, serve: Serve, page: Browser) -> None:
    """Every control has a name, headings and tables say what they are, and the focus stays where it was."""
    finished_run(ada, "good")
    claim(ada, "goes-on", 1)
    opened(page, serve(ada))
    page.wait(lambda: len(rows(page)) == 2)
    assert page.run("return document.documentElement.lang") == "en"
    for parts in ((), ("user/ada", "Train", "good", "tasks"), ("user/ada", "Train", "good", "task")):
        opened(page, serve(ada), *parts, query="step=fit&task=0-1" if parts else "")
        page.wait(lambda: rows(page))
        nameless = page.run(
            "return [...document.querySelectorAll('a, button, select, input, [role=region]')].filter("
            "one => !(one.innerText.trim() || one.ariaLabel || one.labels?.length)).map(one => one.outerHTML)"
        )
        assert nameless == []
        assert page.run("return document.querySelectorAll('h1').length") == 1
        assert page.run("return [...document.querySelectorAll('th')].every(one => one.scope === 'col')")
    opened(page, serve(ada))
    page.wait(lambda: len(rows(page)) == 2)
    page.run("document.querySelector('main tbody a').focus(); window.before = document.activeElement")
    page.wait(lambda: page.run("return document.activeElement !== window.before"))
    assert page.run("return document.activeElement.dataset.key") == "Train/goes-on"


@pytest.mark.parametrize("width", [360, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_suits_screens(ada: Datastore, serve: Serve, page: Browser, width: int, scheme: str) -> None:
    """On narrow and wide screens nothing but tables and graphs is wider than the screen, and what is dark
    on light in a light scheme is light on dark in a dark one."""
    finished_run(ada, "good")
    page.command(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    page.command(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False},
    )
    try:
        for parts in (
            (),
            *(("user/ada", "Train", "good", tab) for tab in ("graph", "timeline", "tasks", "lineage")),
        ):
            opened(page, serve(ada), *parts)
            page.wait(lambda: "Reading" not in page.text)
            assert page.run("return document.documentElement.scrollWidth") <= width
        colors = page.run(
            "const style = getComputedStyle(document.documentElement);"
            "return [style.color, style.backgroundColor].map(one => Number(one.match(/\\d+/)[0]))"
        )
        assert (colors[0] < colors[1]) == (scheme == "light") and abs(colors[0] - colors[1]) > 150
    finally:
        page.command("Emulation.clearDeviceMetricsOverride", {})
        page.command("Emulation.setEmulatedMedia", {"features": []})

"""What a notebook shows of runs and tables."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pytest

import stepwell
from stepwell import Run
from stepwell.datastore import Datastore
from stepwell.store.base import Store
from tests.runtime.client.support import claim, fail, finish, finished_run


class Cells(HTMLParser):
    """The texts of a page's cells and caption; a tag that is opened is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.open: list[str] = []
        self.kinds: set[str] = set()
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: object) -> None:
        assert not attrs
        self.open.append(tag)
        self.kinds.add(tag)
        if tag in ("td", "th", "caption"):
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts[-1] += data


def test_a_run(ada: Datastore) -> None:
    """A run is a table of its steps: tasks, state, and seconds from the first to the last."""
    finished_run(ada, "one")
    page = Cells(Run("Train/one")._repr_html_())
    assert page.texts[0] == "Train/one of ada, started 2026-11-23 12:00:00 UTC"
    assert page.texts[1:5] == ["step", "tasks", "state", "seconds"]
    assert page.texts[9:12] == ["fit", "2", "done"]
    assert float(page.texts[8]) >= 0
    assert page.kinds == {"table", "caption", "tr", "th", "td"}


def test_a_run_that_failed(ada: Datastore) -> None:
    """Of a step that isn't whole it is said how many tasks are done, failed and neither."""
    claim(ada, "one")
    finish(ada, "one", "fit/0-0")
    fail(ada, "one", "fit/0-1")
    fail(ada, "one", "save/0")
    texts = Cells(Run("Train/one")._repr_html_()).texts
    assert texts[5:8] == ["fit", "2", "1 done, 1 failed"]
    assert texts[9:] == ["save", "1", "failed", ""]


def test_a_table(home: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A table is its columns with their types, and its first five rows, escaped and shortened."""
    rows = pa.table({"n": range(7), "text": ["<script>alert(1)</script>", "a&b", None, "word " * 99, *"efg"]})
    table = stepwell.write_table("facts.odd", rows)
    page = Cells(table._repr_html_())
    assert page.texts[0] == f"facts.odd, 7 rows, snapshot {table.snapshot_id}"
    assert page.texts[1:3] == ["n: int64", "text: string"]
    assert page.texts[3:9] == ["0", "<script>alert(1)</script>", "1", "a&b", "2", "None"]
    assert page.texts[10].endswith("word ...") and len(page.texts[10]) <= 80
    assert len(page.texts) == 3 + 2 * 5

"""The flows of the example of chapter 5, on real reviews."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from stepwell import Flow
from tests.support import run_flow

EXAMPLES = Path(__file__).parents[2] / "examples/reviews"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example in a folder of its own."""
    monkeypatch.setenv("STEPWELL_USER", "tester")
    return Path(shutil.copytree(EXAMPLES, tmp_path / "reviews"))


def test_the_skeleton_runs(folder: Path) -> None:
    """The flow to begin with groups all reviews of the package."""
    ended = run_flow(folder / "skeleton.py", folder / "home", "run")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    data = Flow("Skeleton", datastore=str(folder / "home")).latest_successful_run.data
    assert len(data.texts) == len(data.labels) == 979


def test_topics_are_found(folder: Path) -> None:
    """With the packages that it asks for, every number is tried in a task of its own; the best one's topics
    have all reviews, words that set them apart, and a report of the form that is shown; topics agree with
    what the reviews are about, which the model is not told."""
    words = ["run", "--most", "500", "--ks", "[4, 12, 900]"]
    cache = {"STEPWELL_CACHE": str(folder / "cache")}
    ended = run_flow(folder / "topics.py", folder / "home", *words, **cache)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    run = Flow("Topics", datastore=str(folder / "home")).latest_successful_run
    assert [judged["k"] for judged in run.data.tried] == [4, 12]
    best = max(run.data.tried, key=lambda judged: judged["silhouette"])
    assert run.data.k == best["k"] == len(run.data.topics) and best["conditions"] > 0.3
    assert sum(topic["size"] for topic in run.data.topics) == 500
    assert "500 reviews" in run.data.report and run.data.topics[0]["words"][0] in run.data.report
    head, shown = run.data.report.partition("<h1>")[0], (folder / "report.html").read_text()
    assert shown.startswith(f"{head}<h1>978 reviews, 25 topics</h1>")
    birth = next(topic for topic in run.data.topics if "pill" in topic["words"])
    assert birth["condition"] == "Birth Control" and birth["share"] > 0.5

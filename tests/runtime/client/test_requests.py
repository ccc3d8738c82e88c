"""How many requests the client sends to S3: bounded, however many runs there are."""

from __future__ import annotations

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from stepwell import Flow, Run
from stepwell.datastore import Datastore
from stepwell.store import keys
from stepwell.store.opening import open_store
from tests.runtime.client.support import claim, finish, finished_run
from tests.runtime.conftest import S3

RUNS = 10_000


@pytest.fixture(scope="module")
def many_runs(s3_server: S3) -> str:
    """A bucket with ten thousand runs of one flow, the newest finished and tagged."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", s3_server.url)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        bucket = s3_server.new_bucket()
        ada = Datastore(open_store(f"s3://{bucket}"), "user/ada")
        finished_run(ada, "newest")
        ada.add_tags("Train", "newest", ["best"])
    # into moto itself: by request it would take half a minute
    index, backend = keys.index_root("user/ada", "Train"), s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    for number in range(RUNS - 1):
        backend.put_object(bucket, f"{index}{99_000_000_000_000 + number}.old{number}", b"")
    return f"s3://{bucket}"


@pytest.fixture
def bucket(many_runs: str, s3: S3, monkeypatch: pytest.MonkeyPatch) -> S3:
    monkeypatch.setenv("STEPWELL_USER", "ada")
    monkeypatch.setenv("STEPWELL_DATASTORE", many_runs)
    s3.requests.clear()
    return s3


def test_the_newest_of_many_runs(bucket: S3) -> None:
    """The newest of 10,000 runs and an artifact of its end cost at most six requests."""
    assert Flow("Train").latest_successful_run.data.best == 1
    assert len(bucket.requests) <= 6


def test_all_of_many_runs(bucket: S3) -> None:
    """10,000 runs are listed with a request for each thousand, and two for looking whether there is one."""
    assert sum(1 for _ in Flow("Train")) == RUNS
    assert len(bucket.requests) <= RUNS // 1000 + 3


def test_a_tagged_run_of_many(bucket: S3) -> None:
    """A run is found by its tag without looking at those that haven't it."""
    assert next(Flow("Train").runs("best")).id == "newest"
    assert len(bucket.requests) <= 5


def test_a_run_is_listed_once(bucket: S3) -> None:
    """Walking through a finished run costs a listing, and each manifest once, however often it is done."""
    run = Run("Train/newest")
    bucket.requests.clear()
    for _ in range(3):
        assert [artifact.id for step in run for task in step for artifact in task][-1] == "best"
        assert len(run["fit"].task.child_tasks) == 1
        assert run._repr_html_()
    assert len(bucket.requests) == 5


def test_a_wide_run_is_shown_cheaply(bucket: S3) -> None:
    """Showing a run of 200 tasks reads one manifest a step."""
    ada = Datastore(open_store(f"s3://{bucket.new_bucket()}"), "user/ada")
    claim(ada, "wide")
    finish(ada, "wide", "start/0")
    for index in range(200):
        finish(ada, "wide", f"fit/0-{index}", minute=1, parents=["start/0"], index=[index])
    run = Run("Train/wide", datastore=ada.store.url)
    bucket.requests.clear()
    assert "<td>200</td><td>done</td>" in run._repr_html_()
    assert len(bucket.requests) == 3

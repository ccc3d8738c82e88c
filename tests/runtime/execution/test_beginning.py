"""The beginning of a production run, by its first task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stepwell.datastore import Datastore, RunInfo, utc_now
from stepwell.deployer.load import load_flow
from stepwell.errors import AlreadyExists
from stepwell.execution.beginning import begin
from stepwell.execution.job import Job
from stepwell.flow.graph import TaskId
from stepwell.store.opening import open_store
from tests.support import FLOWS


def job(attempt: int) -> Job:
    return Job(
        "memory://", "user/ada", "ada", "c0de", "Linear", "linear.py", "sfn-1", TaskId("start", "0"), attempt
    )


def test_a_run_is_listed_though_its_first_attempt_was_killed() -> None:
    """An attempt that was killed just after it had claimed the run left it unlisted: the next lists it."""
    datastore = Datastore(open_store("memory://"), "user/ada")
    info = RunInfo("Linear", "sfn-1", "user/ada", "ada", utc_now(), "step-functions")
    datastore.claim_run(info, listed=False)
    for attempt in (1, 2):
        begin(load_flow(FLOWS / "linear.py"), job(attempt), datastore)
        assert list(datastore.runs("Linear")) == ["sfn-1"]
    assert datastore.run_info("Linear", "sfn-1").started == info.started


class Deaf:
    """A store that asks again for a conditional put whose answer it did not get."""

    def __init__(self, folder: Path) -> None:
        self._store = open_store(str(folder))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> None:
        self._store.put(key, data, if_absent=if_absent)
        if if_absent:
            self._store.put(key, data, if_absent=True)


def test_an_answer_that_was_lost_is_no_other_run(tmp_path: Path) -> None:
    """Who finds what it has written itself has claimed the run; what another has written is another's."""
    datastore = Datastore(Deaf(tmp_path), "user/ada")
    info = RunInfo("Linear", "r1", "user/ada", "ada", utc_now(), "local")
    datastore.claim_run(info)
    assert list(datastore.runs("Linear")) == ["r1"]
    datastore.put_parameters("Linear", "r1", {"alpha": 1})
    with pytest.raises(AlreadyExists):
        datastore.claim_run(info._replace(user="bob"))
    with pytest.raises(AlreadyExists):
        datastore.put_parameters("Linear", "r1", {"alpha": 2})

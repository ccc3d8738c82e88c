"""AWS fails the calls that tasks make, and jobs are killed in each phase: nothing is lost, or done twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from stepwell import Run
from stepwell.deployer.flows import Deployer, TriggeredRun
from stepwell.execution.run import Resume
from stepwell.production.executions import Executions
from tests.runtime.production.conftest import Place
from tests.runtime.production.faults import Between, Killing, between, failing
from tests.runtime.production.flows import write

pytestmark = pytest.mark.xdist_group("quick")

FLOW = """
    @step
    def start(self):
        import random
        self.big = random.Random({seed!r}).randbytes(300_000)
        self.next(self.fetch)

    {retry}
    @step
    def fetch(self):
        self.read = len(self.big)  # the object of a large artifact
        self.also = self.big[::-1]
        self.attempt = current.retry_count
        print("attempt", self.attempt)
        self.next(self.end)

    @step
    def end(self):
        self.same = self.also[::-1] == self.big
"""
RETRY = "@retry(times=1, minutes_between_retries=0)"


@pytest.fixture
def faults(place: Place) -> Iterator[Between]:
    with between(place) as server:
        yield server


def deployed(place: Place, name: str, retry: str = "") -> Any:
    file = write(place.folder, FLOW.format(seed=name, retry=retry), name=name)
    return Deployer(file).step_functions().create()


def manifests(place: Place, run: Run) -> list[str]:
    """Which manifests of the step `fetch` there are."""
    prefix = f"ns/user/ada/flows/{run.pathspec.split('/')[0]}/runs/{run.id}/tasks/fetch/"
    found = (
        place.client("s3").list_objects_v2(Bucket=place.contract.bucket, Prefix=prefix).get("Contents", [])
    )
    return [one["Key"] for one in found if one["Key"].endswith("manifest.parquet")]


TABLE = """
    @step
    def start(self):
        import pyarrow as pa
        from stepwell import table, write_table
        write_table("fraud.{table}", pa.table({{"x": [1, 2, 3]}}))
        self.sum = sum(table("fraud.{table}").to_arrow()["x"].to_pylist())
        self.next(self.end)

    @step
    def end(self): pass
"""


@pytest.mark.parametrize(("kind", "status", "lost"), [("Slow", 503, False), ("Lost", 500, True)])
def test_each_call_of_a_task_is_tried_again(
    kind: str, status: int, lost: bool, place: Place, faults: Between
) -> None:
    """Every request of the tasks to S3, Glue and SSM is refused once, or its answer is lost: artifacts and
    tables are there, once."""
    from stepwell import table

    faults.rules.append(failing(status, "SlowDown", times=1, lost=lost))
    file = write(place.folder, TABLE.format(table=f"rows_{kind.lower()}"), name=f"Faulty{kind}Tasks")
    run = Deployer(file).step_functions().create().trigger()
    assert run.wait(timeout=180) == "SUCCEEDED", run.run and run.run.failures
    assert run.run is not None and run.run.data.sum == 6
    rows = table(f"fraud.rows_{kind.lower()}").to_arrow()["x"].to_pylist()
    assert sorted(rows) == [1, 2, 3]
    assert {name.split(".")[1] for name in faults.seen if "AWSGlue" in name} >= {"GetTable", "UpdateTable"}


def test_a_call_that_fails_for_good_fails_its_task(place: Place, faults: Between) -> None:
    """A manifest that S3 does not take fails the task with one line that says which call it was; once S3
    takes it, the run is resumed."""
    rule = failing(503, "SlowDown", times=1000, only=r"^PUT .*/tasks/fetch/0/manifest.parquet")
    faults.rules.append(rule)
    flow = deployed(place, "Refused")
    run = flow.trigger()
    assert run.wait(timeout=180) == "FAILED"
    assert run.run is not None
    (failure,) = run.run.failures
    assert failure.step == "fetch" and "\n" not in failure.reason
    assert failure.reason.startswith("s3://stepwell-prod-local: put 'ns/user/ada/flows/Refused/runs/")
    assert "SlowDown" in failure.reason and "503" in failure.reason
    assert manifests(place, run.run) == []
    faults.rules.clear()
    assert resumed(flow, run.id).data.same


def resumed(flow: Any, run: str) -> Run:
    """A run that goes on where another has stopped, once it has succeeded."""
    executions = Executions(flow._production)
    again = TriggeredRun(flow._production, executions.resume(Resume(run)))
    assert again.wait(timeout=180) == "SUCCEEDED"
    assert again.run is not None
    return again.run


PHASES = {
    "Unloaded": (r"^GET .*/code/[0-9a-f]+\.tar", False),
    "Begun": (r"^GET .*/tasks/start/0/manifest.parquet", False),
    "Working": (r"^GET .*/objects/", False),
    "Saved": (r"^PUT .*/tasks/fetch/0/manifest.parquet", False),
    "Committed": (r"^PUT .*/tasks/fetch/0/manifest.parquet", True),
}
"""With which request a job is killed, and whether S3 has carried it out by then."""


def killed(
    place: Place, faults: Between, attempts: int, phases: Iterable[str]
) -> dict[str, tuple[Any, TriggeredRun, Killing]]:
    """Of each phase a flow, a run of it that has begun, and what kills its jobs in that phase."""
    found = {}
    for phase in phases:
        when, after = PHASES[phase]
        name = f"{phase}{attempts}"
        killing = Killing(name, when, attempts, after)
        faults.rules.append(killing)
        flow = deployed(place, name, RETRY)
        found[phase] = (flow, flow.trigger(), killing)
    return found


def test_a_job_killed_in_any_phase_is_tried_again(place: Place, faults: Between) -> None:
    """Whenever a job is killed, its next attempt brings the run to its end: with the artifacts of the attempt
    that was done, which is the killed one where its manifest was there."""
    for phase, (_, run, killing) in killed(place, faults, 1, PHASES).items():
        assert run.wait(timeout=240) == "SUCCEEDED", phase
        assert len(killing.killed) == 1 and run.run is not None, phase
        task = run.run["fetch"].task
        assert task.data.attempt == (0 if phase == "Committed" else 1), phase
        assert (task.data.read, run.run.data.same) == (300_000, True), phase
        assert len(manifests(place, run.run)) == 1, phase


def test_a_job_killed_for_good_is_explained_and_resumed(place: Place, faults: Between) -> None:
    """Where all attempts are killed before they are done the run says so, and is resumed."""
    runs = killed(place, faults, 2, ["Unloaded", "Working", "Saved"])
    for phase, (_, run, killing) in runs.items():
        assert run.wait(timeout=240) == "FAILED", phase
        assert len(killing.killed) == 2 and run.run is not None, phase
        (failure,) = run.run.failures
        assert (failure.step, failure.attempt) == ("fetch", 1), phase
        assert (
            "the container was killed by SIGKILL (exit code 137), maybe for want of memory" in failure.reason
        )
        assert manifests(place, run.run) == [], phase
    faults.rules.clear()
    for phase, (flow, run, _) in runs.items():
        again = resumed(flow, run.id)
        assert (again.data.same, again["fetch"].task.data.attempt) == (True, 0), phase
        assert len(manifests(place, again)) == 1, phase


def test_a_job_killed_when_its_task_was_done_is_explained_and_resumed(place: Place, faults: Between) -> None:
    """Where nothing tries again what was killed behind its last word, the run says so; a resumed one takes
    the task over and goes on behind it."""
    faults.rules.append(Killing("Unheard", PHASES["Committed"][0], after=True))
    flow = deployed(place, "Unheard")
    run = flow.trigger()
    assert run.wait(timeout=240) == "FAILED" and run.run is not None
    (failure,) = run.run.failures
    assert failure.step == "fetch" and "the task was done by then" in failure.reason
    again = resumed(flow, run.id)
    assert again.data.same and again["fetch"].task.origin_pathspec == f"Unheard/{run.id}/fetch/0"

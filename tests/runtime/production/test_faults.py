"""Each call of AWS's control plane fails twice before it works: nothing is lost, nothing is done twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from stepwell import aws
from stepwell.deployer.flows import Deployer
from stepwell.errors import PlatformError
from stepwell.execution.run import Resume
from stepwell.production.executions import Executions
from tests.runtime.production.conftest import Place, until
from tests.runtime.production.flows import write

pytestmark = pytest.mark.xdist_group("quick")

FLOW = """
    @step
    def start(self):
        self.times = 1
        self.next(self.end)

    @step
    def end(self): pass
"""
ANSWERS = {
    "throttled": (400, "ThrottlingException"),
    "unavailable": (503, "ServiceUnavailable"),
    "lost": (500, "InternalServerError"),
}


class Body:
    """An answer's body, as botocore reads it."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self, **how: Any) -> Iterator[bytes]:
        yield self._data


class Faults:
    """Lets the first requests of each operation fail.

    Args:
        kind: `throttled` and `unavailable` are not carried out; `lost` is, but its answer does not come.
        times: how many requests of an operation fail.
    """

    def __init__(self, kind: str, times: int) -> None:
        self._kind, self._times = kind, times
        self.seen: Counter[str] = Counter()

    def on(self, client: Any) -> None:
        """Stand between a client and AWS."""
        status, code = ANSWERS[self._kind]

        def fault(request: Any, event_name: str, **more: Any) -> AWSResponse | None:
            operation = event_name.rpartition(".")[2]
            self.seen[operation] += 1
            if self.seen[operation] > self._times:
                return None
            if self._kind == "lost" and self.seen[operation] == 1:
                client._endpoint.http_session.send(request).content  # noqa: B018
            body = json.dumps({"__type": code, "code": code, "message": "injected"}).encode()
            headers = {"x-amzn-ErrorType": code, "Content-Type": "application/json"}
            return AWSResponse(request.url, status, headers, Body(body))

        client.meta.events.register("before-send", fault)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What botocore waits between two requests is not waited for."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)


def inject(monkeypatch: pytest.MonkeyPatch, faults: Faults) -> None:
    """Let all clients that this process makes from now on meet faults."""
    aws.forget()
    make, made = aws.client, set()

    def client(*of: Any, **how: Any) -> Any:
        found = make(*of, **how)
        if id(found) not in made:
            made.add(id(found))
            faults.on(found)
        return found

    client.cache_clear = make.cache_clear  # type: ignore[attr-defined]
    monkeypatch.setattr(aws, "client", client)


@pytest.mark.parametrize("kind", ANSWERS)
def test_each_call_is_tried_again(
    kind: str, place: Place, monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    """Deploying, starting, resuming, listing, ending and deleting are each done once, though every call
    failed before it worked."""
    name = f"Faulty{kind.title()}"
    file = write(place.folder, FLOW, name=name, decorators='@schedule(cron="0 6 1 1 ? 2199")')
    faults = Faults(kind, 2)
    inject(monkeypatch, faults)
    production = Deployer(file).step_functions()
    deployed = production.create()
    run = deployed.trigger()
    assert run.wait(timeout=90) == "SUCCEEDED"
    assert run.run is not None and run.run.data.times == 1
    executions = Executions(deployed._production)
    again = executions.resume(Resume(run.id))
    until(lambda: executions.get(again).status == "SUCCEEDED")
    assert [one.id for one in deployed.runs()] == [again, run.id]
    assert executions.terminate(run.id) == "SUCCEEDED"
    third = deployed.trigger()
    third.terminate()
    assert until(lambda: third.status != "RUNNING") and third.status in ("ABORTED", "SUCCEEDED")
    production.create()
    deployed.delete()
    assert {
        "CreateStateMachine", "UpdateStateMachine", "DescribeStateMachine", "DeleteStateMachine",
        "StartExecution", "DescribeExecution", "ListExecutions", "StopExecution", "GetParameter",
        "CreateSchedule", "UpdateSchedule", "GetSchedule", "DeleteSchedule", "ListRuleNamesByTarget",
    } <= faults.seen.keys()  # fmt: skip
    assert min(faults.seen.values()) > 2
    found = place.client("scheduler").list_schedules()["Schedules"]
    assert not [one for one in found if name in one["Name"]]


def test_what_does_not_end_is_said(place: Place, monkeypatch: pytest.MonkeyPatch, impatient: None) -> None:
    """A call that fails for good is one line with AWS's word, and nothing is deployed."""
    file = write(place.folder, FLOW, name="FaultyAlways")
    with monkeypatch.context() as patch:
        inject(patch, Faults("throttled", 1000))
        with pytest.raises(PlatformError, match=r"AWS answered ThrottlingException: injected$") as refused:
            Deployer(file).step_functions().create()
        assert "\n" not in str(refused.value)
    aws.forget()
    assert "FaultyAlways is not deployed" in place.refused(file, "step-functions", "list-runs")

"""What Step Functions knows of a run that its datastore does not: that it was ended from outside."""

from __future__ import annotations

from stepwell import aws
from stepwell.contract import Contract
from stepwell.datastore import RunInfo
from stepwell.errors import PlatformError
from stepwell.production.names import state_machine_name
from stepwell.production.target import deployments
from stepwell.store.keys import PRODUCTION_RUN

_WHY = {
    "ABORTED": "its execution was aborted",
    "TIMED_OUT": "its execution had no time left",
    "FAILED": "its execution has failed",
}


def why_it_is_over(info: RunInfo) -> str | None:
    """Why a run is over that runs as far as its datastore knows; None where it isn't.

    As `why_an_execution_is_over`.
    """
    return why_an_execution_is_over(
        info.namespace, info.flow, info.run, info.project.name if info.project else None
    )


def why_an_execution_is_over(namespace: str, flow: str, run: str, project: str | None = None) -> str | None:
    """Why a run on Step Functions is over; None where it isn't, or nothing is known of it there.

    With one request, to the environment that STEPWELL_ENVIRONMENT names. Where the project of a flow in a
    user's namespace is not known, and so the name of its state machine, those of the flow are looked for.
    """
    environment = aws.environment_name()
    if environment is None or not run.startswith(PRODUCTION_RUN):
        return None
    try:
        contract = aws.contract(environment)
        machine = state_machine_name(contract.state_machine_prefix, namespace, flow, project)
        status = _status(contract, machine, run)
        if status is None and project is None:
            others = [one.name for one in deployments(flow) if one.about.namespace == namespace]
            found = (_status(contract, other, run) for other in others if other != machine)
            status = next(filter(None, found), None)
    except PlatformError:  # the environment may be gone, or the right to ask
        return None
    return _WHY.get(status or "")


def _status(contract: Contract, machine: str, run: str) -> str | None:
    """The status of a run of a state machine; None where it has no such run, or may not be asked."""
    arn = contract.states_arn(f"execution:{machine}:{run.removeprefix(PRODUCTION_RUN)}")
    try:
        with aws.translated(f"run {run}"):
            found = aws.client("stepfunctions", contract.region).describe_execution(executionArn=arn)
    except PlatformError:
        return None
    status: str = found["status"]
    return status

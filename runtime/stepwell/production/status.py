"""What Step Functions knows of a run that its datastore does not: that it was ended from outside."""

from __future__ import annotations

from stepwell import aws
from stepwell.datastore import RunInfo
from stepwell.errors import PlatformError
from stepwell.production.names import state_machine_name
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

    With one request, to the environment that STEPWELL_ENVIRONMENT names.
    """
    environment = aws.environment_name()
    if environment is None or not run.startswith(PRODUCTION_RUN):
        return None
    try:
        contract = aws.contract(environment)
        name = state_machine_name(contract.state_machine_prefix, namespace, flow, project)
        arn = contract.states_arn(f"execution:{name}:{run.removeprefix(PRODUCTION_RUN)}")
        states = aws.client("stepfunctions", contract.region)
        with aws.translated(f"run {run}"):
            status = states.describe_execution(executionArn=arn)["status"]
    except PlatformError:  # the right to ask, or the execution, may be gone
        return None
    return _WHY.get(status)

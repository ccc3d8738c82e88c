"""What Step Functions knows of a run that its datastore does not: that it was ended from outside."""

from __future__ import annotations

from stepwell import aws
from stepwell.errors import PlatformError
from stepwell.production.asl import RUN_PREFIX
from stepwell.production.deploy import execution_arn, state_machine_arn

_WHY = {
    "ABORTED": "its execution was aborted",
    "TIMED_OUT": "its execution had no time left",
    "FAILED": "its execution has failed",
}


def why_it_is_over(namespace: str, flow: str, run: str) -> str | None:
    """Why a run on Step Functions is over; None where it isn't, or nothing is known of it there.

    With one request, to the environment that STEPWELL_ENVIRONMENT names.
    """
    environment = aws.environment_name()
    if environment is None or not run.startswith(RUN_PREFIX):
        return None
    try:
        contract = aws.contract(environment)
        machine = state_machine_arn(contract, namespace, flow)
        states = aws.client("stepfunctions", contract.region)
        with aws.translated(f"run {run}"):
            status = states.describe_execution(executionArn=execution_arn(machine, run))["status"]
    except PlatformError:  # the right to ask, or the execution, may be gone
        return None
    return _WHY.get(status)

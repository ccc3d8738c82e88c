"""``Deployer``: deploy a flow's file to Step Functions from Python, and start runs there."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from stepwell.client.objects import Flow, Run
from stepwell.deployer.load import load_flow
from stepwell.errors import NoSuchObject
from stepwell.flow.decorators.project import namespace_of
from stepwell.production.asl import MAX_WORKERS
from stepwell.production.deploy import Options, Production
from stepwell.production.executions import Executions
from stepwell.production.tokens import Given

_LOOK = 0.5
"""Seconds between two looks at an execution."""


class TriggeredRun:
    """A production run, as Step Functions and the client see it."""

    def __init__(self, production: Production, run: str) -> None:
        self._production, self.id = production, run
        self.pathspec = f"{production.flow}/{run}"

    @property
    def run(self) -> Run | None:
        """The run, as the client reads it; None until its first task has begun."""
        production = self._production
        where = f"s3://{production.contract.bucket}"
        try:
            return Flow(production.flow, namespace=production.namespace, datastore=where)[self.id]
        except NoSuchObject:
            return None

    @property
    def status(self) -> str:
        """RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""
        return Executions(self._production).get(self.id).status

    def wait(self, timeout: float | None = None) -> str:
        """Wait for the end; returns the status.

        Args:
            timeout: seconds to wait at most; None for as long as it takes.

        Raises:
            TimeoutError: it still runs after `timeout`; it goes on.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self.status) == "RUNNING":
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(f"run {self.pathspec} still runs after {timeout:g} s")
            time.sleep(_LOOK)
        return status

    def terminate(self) -> None:
        """Stop it with its jobs; nothing happens where it has ended."""
        Executions(self._production).terminate(self.id)

    def __repr__(self) -> str:
        return f"TriggeredRun('{self.pathspec}')"


class DeployedFlow:
    """A flow's deployment in the environment that STEPWELL_ENVIRONMENT names, in one's namespace."""

    def __init__(self, production: Production) -> None:
        self._production = production
        self.name, self.flow_name = production.name, production.flow

    def trigger(self, *, tags: Sequence[str] = (), **parameters: Any) -> TriggeredRun:
        """Start a run, with the flow's parameters.

        Args:
            tags: what it is tagged with.

        Raises:
            ParameterError: a parameter is wrong or missing.
            UsageError: what is given can't be a tag.
        """
        return TriggeredRun(self._production, Executions(self._production).trigger(parameters, tags))

    def runs(self, status: str | None = None) -> Iterator[TriggeredRun]:
        """Its runs, newest first.

        Args:
            status: RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED; None for all.
        """
        executions = Executions(self._production).list(status)
        return (TriggeredRun(self._production, one.run) for one in executions)

    def delete(self, authorize: str | None = None) -> None:
        """Take the deployment down, with what starts it; what its runs have done stays.

        Args:
            authorize: the production token, where this machine has it not yet.
        """
        self._production.delete(Given(authorize))

    def __repr__(self) -> str:
        return f"DeployedFlow('{self.name}')"


class StepFunctionsDeployer:
    """Deploys one flow to Step Functions."""

    def __init__(self, production: Production) -> None:
        self._production = production

    def create(
        self,
        max_workers: int = MAX_WORKERS,
        *,
        tags: Sequence[str] = (),
        workflow_timeout: int | None = None,
        log_execution_history: bool = False,
        authorize: str | None = None,
        generate_new_token: bool = False,
        new_token: str | None = None,
    ) -> DeployedFlow:
        """Deploy the flow, or renew its deployment.

        Args:
            max_workers: how many tasks of a foreach run at once.
            tags: what every run of the deployment is tagged with.
            workflow_timeout: seconds after which a run is ended.
            log_execution_history: whether the whole history of each run is logged.
            authorize, generate_new_token, new_token: as the options of ``step-functions create``.

        Raises:
            UsageError: what is given can't be a tag or a token, or the flow is beyond a limit of AWS.
            NotAllowed: IAM, or the production token, lets the caller not deploy there.
        """
        options = Options(max_workers, workflow_timeout, log_execution_history, tags=tags)
        self._production.create(options, Given(authorize, new_token, generate_new_token))
        return DeployedFlow(self._production)


class Deployer:
    """Deploys a flow's file: ``Deployer("train.py").step_functions().create().trigger(alpha=3)``.

    The names are Metaflow's. The file is imported into this process, whose environment variables
    say where the flow goes.

    Args:
        flow_file: the file of the flow.
        branch, production: of a flow with ``@project``, as ``--branch`` and ``--production`` take them.

    Raises:
        UsageError: it is no file with one flow, or a flow without a project is to go to a branch.
    """

    def __init__(self, flow_file: str | Path, *, branch: str | None = None, production: bool = False) -> None:
        self.flow_class = load_flow(Path(flow_file).absolute())
        self.flow_class.graph()  # mutators have a turn
        self._namespace = namespace_of(self.flow_class, branch, production)

    def step_functions(self) -> StepFunctionsDeployer:
        """Deploy to Step Functions.

        Raises:
            UsageError: no environment is named.
            ContractError: the environment, or one's namespace in it, is not deployed.
        """
        return StepFunctionsDeployer(Production(self.flow_class, self._namespace))

    def __repr__(self) -> str:
        return f"Deployer({self.flow_class.__name__})"

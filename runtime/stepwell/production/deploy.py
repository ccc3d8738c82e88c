"""Deploy a flow to Step Functions, start it, and see its runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stepwell import aws, config
from stepwell.compute.placement import Offer
from stepwell.compute.plan import step_plans
from stepwell.contract import ENVIRONMENT_TAG, TEAM_TAG, Contract, EnvironmentName, Queue, owner_tags
from stepwell.datastore import Datastore
from stepwell.environments.prepare import prepare_deployment
from stepwell.errors import UsageError
from stepwell.execution.origin import Origin
from stepwell.execution.package import CodePackage, pack_flow
from stepwell.execution.run import (
    Resume,
    find_origin,
    new_run_id,
    parameter_values,
    portable_parameters,
)
from stepwell.flow.spec import FlowSpec
from stepwell.production.asl import MAX_WORKERS, RUN_PREFIX, Deployment, compile_flow
from stepwell.production.names import fitted_name

_NOWHERE = Offer([Queue("fargate", "${job_queue}", "FARGATE", 16)], ["default"], "${job_definitions}")
"""Of no environment: what a machine on Fargate holds, under names to be filled in."""


@dataclass(frozen=True, slots=True)
class Execution:
    """A production run as Step Functions sees it; `stopped` is None while it runs."""

    run: str
    status: str
    started: datetime
    stopped: datetime | None


@dataclass(frozen=True, slots=True)
class Deployed:
    """What `create` made or renewed."""

    name: str
    arn: str
    created: bool
    package: CodePackage


def state_machine_name(prefix: str, namespace: str, flow: str) -> str:
    """The state machine of a flow in a namespace; IAM knows the namespace by the name's beginning."""
    return fitted_name(f"{prefix}{namespace.replace('/', '-')}-{flow}")


def state_machine_arn(contract: Contract, namespace: str, flow: str) -> str:
    """The ARN of the state machine of a flow in a namespace."""
    _, partition, _, region, account, _ = contract.queues[0].arn.split(":", 5)
    name = state_machine_name(contract.state_machine_prefix, namespace, flow)
    return f"arn:{partition}:states:{region}:{account}:stateMachine:{name}"


def execution_arn(state_machine: str, run: str) -> str:
    """The ARN of the execution that a run is."""
    return f"{state_machine.replace(':stateMachine:', ':execution:')}:{run.removeprefix(RUN_PREFIX)}"


def definition(
    flow_class: type[FlowSpec],
    max_workers: int = MAX_WORKERS,
    *,
    attached: Sequence[str] = (),
    tags: Sequence[str] = (),
) -> dict[str, Any]:
    """The state machine with ``${...}`` where an environment's names go; asks no service.

    The placeholders are those that ``DefinitionSubstitutions`` of AWS SAM and CloudFormation fill in.
    """
    graph, package = flow_class.graph(), pack_flow(flow_class, attached, tags)
    deployment = Deployment(
        namespace=config.namespace(), bucket="${bucket}", partition="${partition}", code=package.sha256,
        flow_file=package.flow_file, username=config.username(),
        plans=step_plans(flow_class.step_functions(), _NOWHERE), max_workers=max_workers,
    )  # fmt: skip
    return compile_flow(graph, deployment)


class Production:
    """A flow's deployment in an environment, in the caller's namespace.

    Raises:
        UsageError: no environment is named.
        ContractError: the environment, or the namespace in it, is not deployed.
    """

    def __init__(self, flow_class: type[FlowSpec]) -> None:
        self.environment: EnvironmentName = aws.required_environment("step-functions")
        self.contract: Contract = aws.contract(self.environment)
        self.namespace = config.namespace()
        self.flow_class = flow_class
        self.flow = flow_class.__name__
        self.name = state_machine_name(self.contract.state_machine_prefix, self.namespace, self.flow)
        self.partition = self.contract.queues[0].arn.split(":")[1]
        self.arn = state_machine_arn(self.contract, self.namespace, self.flow)
        self._states = aws.client("stepfunctions", self.contract.region)

    def create(
        self,
        max_workers: int = MAX_WORKERS,
        *,
        attached: Sequence[str] = (),
        tags: Sequence[str] = (),
    ) -> Deployed:
        """Package the code, compile the graph, and create the state machine or renew it.

        Runs that are under way go on with the code they started with.

        Args:
            max_workers: how many tasks of a foreach run at once.
            attached: the decorators that ``--with`` has hung on the flow's steps.
            tags: what every run of the deployment is tagged with.

        Raises:
            UsageError: what is given can't be a tag.
            PackagesError: the packages that steps ask for can't be had.
        """
        self._datastore().tag_keys(self.flow, "*", tags)  # else the first run would find out
        mine = aws.namespace_contract(self.environment, self.namespace)
        graph, environments = self.flow_class.graph(), prepare_deployment(self.flow_class, self._datastore())
        package = pack_flow(self.flow_class, attached, tags, environments)
        deployment = Deployment(
            namespace=self.namespace, bucket=self.contract.bucket, partition=self.partition,
            code=package.sha256, flow_file=package.flow_file, username=config.username(),
            plans=step_plans(self.flow_class.step_functions(), Offer.of(self.contract, mine)),
            max_workers=max_workers,
        )  # fmt: skip
        text = json.dumps(compile_flow(graph, deployment))
        self._datastore().put_code(package.sha256, package.data, package.revision)
        with aws.translated(f"state machine {self.name}"):
            created = self._describe() is None
            if created:
                self._states.create_state_machine(
                    name=self.name, definition=text, roleArn=mine.execution_role, type="STANDARD",
                    loggingConfiguration=self._logging(), tracingConfiguration=self._tracing(),
                    tags=self._tags(),
                )  # fmt: skip
            else:
                self._states.update_state_machine(
                    stateMachineArn=self.arn, definition=text, roleArn=mine.execution_role,
                    loggingConfiguration=self._logging(), tracingConfiguration=self._tracing(),
                )  # fmt: skip
        return Deployed(self.name, self.arn, created, package)

    def trigger(self, given: dict[str, Any], tags: Sequence[str] = ()) -> str:
        """Start a run with these parameters, by name, and with these tags; returns its id.

        Raises:
            ParameterError: a parameter is wrong or missing, or a file can't be read.
            UsageError: the flow is not deployed, or what is given can't be a tag.
        """
        parameter_values(self.flow_class, given)
        return self._start(portable_parameters(self.flow_class, given), tags=tags)

    def resume(self, resume: Resume) -> str:
        """Start a run of what is deployed that takes over what another run has done; returns its id.

        Raises:
            NoSuchObject: there is no such run.
            UsageError: the flow is not deployed, or has no such step.
        """
        datastore = self._datastore()
        origin = find_origin(datastore, self.flow_class.graph(), resume)
        return self._start(datastore.run_info(self.flow, origin.run).parameters, origin)

    def _start(
        self, portable: Mapping[str, Any], origin: Origin | None = None, tags: Sequence[str] = ()
    ) -> str:
        self._must_exist()
        execution = new_run_id()
        run = RUN_PREFIX + execution
        datastore = self._datastore()
        datastore.put_tags(self.flow, run, tags)
        datastore.put_parameters(self.flow, run, portable)
        if origin:
            datastore.put_origin(self.flow, run, origin.to_meta())
        with aws.translated(f"state machine {self.name}"):
            self._states.start_execution(stateMachineArn=self.arn, name=execution, input="{}")
        return run

    def runs(self, status: str | None = None) -> Iterator[Execution]:
        """The flow's production runs, newest first.

        Args:
            status: RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED; None for all.
        """
        self._must_exist()
        wanted = {"statusFilter": status} if status else {}
        with aws.translated(f"state machine {self.name}"):
            pages = self._states.get_paginator("list_executions")
            for page in pages.paginate(stateMachineArn=self.arn, **wanted):
                for one in page["executions"]:
                    yield Execution(
                        RUN_PREFIX + one["name"], one["status"], one["startDate"], one.get("stopDate")
                    )

    def execution(self, run: str) -> Execution:
        """One production run as it is now."""
        with aws.translated(f"run {run}"):
            one = self._states.describe_execution(executionArn=execution_arn(self.arn, run))
        return Execution(run, one["status"], one["startDate"], one.get("stopDate"))

    def terminate(self, run: str) -> None:
        """Stop a production run and its jobs; one that has ended stays as it is."""
        with aws.translated(f"run {run}"):
            self._states.stop_execution(executionArn=execution_arn(self.arn, run))

    def _datastore(self) -> Datastore:
        from stepwell.store.opening import open_store

        return Datastore(open_store(f"s3://{self.contract.bucket}"), self.namespace)

    def _describe(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._states.describe_state_machine(stateMachineArn=self.arn)
        except self._states.exceptions.StateMachineDoesNotExist:
            return None
        return found

    def _must_exist(self) -> None:
        with aws.translated(f"state machine {self.name}"):
            if self._describe() is None:
                raise UsageError(
                    f"flow {self.flow} is not deployed in namespace '{self.namespace}' of environment "
                    f"'{self.environment}'; deploy it first: step-functions create"
                )

    def _logging(self) -> dict[str, Any]:
        group = self.contract.log_group.removesuffix(":*") + ":*"
        return {
            "level": "ERROR",
            "includeExecutionData": False,
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}],
        }

    def _tracing(self) -> dict[str, Any]:
        return {"enabled": self.contract.tracing}

    def _tags(self) -> list[dict[str, str]]:
        tags = {
            TEAM_TAG: self.environment.team,
            ENVIRONMENT_TAG: str(self.environment),
            **owner_tags(self.namespace),
            "stepwell:flow": self.flow,
        }
        return [{"key": key, "value": value} for key, value in tags.items()]

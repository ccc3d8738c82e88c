"""Where a flow is deployed: its namespace, its state machine, and what of the environment it needs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

from stepwell import aws, config
from stepwell.contract import Contract, EnvironmentName, NamespaceContract
from stepwell.datastore import Datastore
from stepwell.errors import UsageError
from stepwell.flow.decorators.project import project_of
from stepwell.flow.spec import FlowSpec
from stepwell.production.about import About
from stepwell.production.names import MAX_NAME, state_machine_name


class Target:
    """A flow in a namespace of the environment that STEPWELL_ENVIRONMENT names.

    Args:
        namespace: by default the caller's (STEPWELL_NAMESPACE).

    Raises:
        FlowError: the flow is wrong.
        UsageError: no environment is named, or the namespace is another project's.
        ContractError: the environment is not deployed.
    """

    def __init__(self, flow_class: type[FlowSpec], namespace: str | None = None) -> None:
        self.graph = flow_class.graph()
        self.flow_class, self.flow = flow_class, flow_class.__name__
        self.environment: EnvironmentName = aws.required_environment("step-functions")
        self.contract: Contract = aws.contract(self.environment)
        self.namespace = config.checked_namespace(namespace) if namespace else config.namespace()
        self.project = project_of(flow_class, self.namespace)
        self.name = self.machine_name(self.namespace, self.flow, self.project_name)
        self.arn = self.arn_of(f"stateMachine:{self.name}")

    def __str__(self) -> str:
        return f"flow {self.flow} in '{self.namespace}' of environment '{self.environment}'"

    @property
    def project_name(self) -> str | None:
        return self.project.name if self.project else None

    def machine_name(self, namespace: str, flow: str, project: str | None) -> str:
        """The name of the state machine of a flow in a namespace."""
        return state_machine_name(self.contract.state_machine_prefix, namespace, flow, project)

    def arn_of(self, what: str) -> str:
        """The ARN of something of Step Functions."""
        return self.contract.states_arn(what)

    def execution_arn(self, execution: str) -> str:
        return self.arn_of(f"execution:{self.name}:{execution}")

    @property
    def partition(self) -> str:
        return self.arn.split(":")[1]

    @cached_property
    def mine(self) -> NamespaceContract:
        """What the namespace may use; raises `ContractError`."""
        return aws.namespace_contract(self.environment, self.namespace)

    @cached_property
    def datastore(self) -> Datastore:
        from stepwell.store.opening import open_store

        return Datastore(open_store(f"s3://{self.contract.bucket}"), self.namespace)

    def client(self, service: str) -> Any:
        """A boto3 client in the environment's region."""
        return aws.client(service, self.contract.region)

    @cached_property
    def states(self) -> Any:
        return self.client("stepfunctions")

    def machine(self) -> dict[str, Any] | None:
        """The state machine as Step Functions describes it; None where the flow is not deployed."""
        with aws.translated(f"state machine {self.name}"):
            try:
                found: dict[str, Any] = self.states.describe_state_machine(stateMachineArn=self.arn)
            except self.states.exceptions.StateMachineDoesNotExist:
                return None
        return found if found["status"] == "ACTIVE" else None

    def required_machine(self) -> dict[str, Any]:
        """The state machine; raises `UsageError` where the flow is not deployed."""
        found = self.machine()
        if found is None:
            raise UsageError(
                f"flow {self.flow} is not deployed in namespace '{self.namespace}' of environment "
                f"'{self.environment}'; deploy it first: step-functions create"
            )
        return found

    def deployer(self) -> str | None:
        """Who deployed last, as the state machine says; None where it is not deployed."""
        found = self.machine()
        about = About.from_definition(found["definition"]) if found else None
        return about.deployed_by if about else None


class Found(NamedTuple):
    """A deployment that was found: the name of its state machine, and what that says of itself."""

    name: str
    about: About


def deployments(flow: str) -> Iterator[Found]:
    """All deployments of a flow in the environment that STEPWELL_ENVIRONMENT names, by their names.

    Raises:
        UsageError: no environment is named.
        PlatformError: AWS refused, or can't be reached.
    """
    environment = aws.required_environment("step-functions")
    contract = aws.contract(environment)
    states = aws.client("stepfunctions", contract.region)
    with aws.translated("state machines"):
        for page in states.get_paginator("list_state_machines").paginate():
            for one in page["stateMachines"]:
                name = one["name"]
                # one that was cut does not end with the flow's name
                if not name.startswith(contract.state_machine_prefix) or (
                    len(name) < MAX_NAME and not name.endswith(f"-{flow}")
                ):
                    continue
                machine = states.describe_state_machine(stateMachineArn=one["stateMachineArn"])
                about = About.from_definition(machine["definition"])
                if about and about.flow == flow:
                    yield Found(name, about)

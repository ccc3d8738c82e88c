"""Orchestration: who may deploy, run and watch state machines, and what those may do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modules import aws
from modules.accepted import LOGS, accept
from modules.cdk import Construct
from modules.compute import READ_LOGS, Compute
from modules.datastore import Datastore
from modules.encryption import Encryption
from modules.policy import ANY, allow, trust_service
from modules.role import Role, RoleProps
from modules.site import Site
from stepwell.contract import NAMESPACES, folders, owner_tags, state_machines

MANAGE = [
    "states:CreateStateMachine",
    "states:DeleteStateMachine",
    "states:TagResource",
    "states:UpdateStateMachine",
]
RUN = ["states:RedriveExecution", "states:StartExecution", "states:StopExecution"]
OBSERVE = [
    "states:DescribeExecution",
    "states:DescribeMapRun",
    "states:DescribeStateMachine",
    "states:GetExecutionHistory",
    "states:ListExecutions",
    "states:ListMapRuns",
    "states:ListTagsForResource",
]
LIST_AND_VALIDATE = ["states:ListStateMachines", "states:ValidateStateMachineDefinition"]
# Step Functions Developer Guide, "Logging using CloudWatch Logs": what a role that logs must hold.
DELIVER_LOGS = [
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
]
# Step Functions Developer Guide, "Run Batch workloads": a task that waits for its job hears of it
# through this rule.
JOBS_RULE = "StepFunctionsGetEventsForBatchJobsRule"
# Step Functions Developer Guide, "Trace state machine data in AWS X-Ray".
TRACE = [
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
]
WATCH_JOBS = ["events:DescribeRule", "events:PutRule", "events:PutTargets"]


@dataclass(frozen=True, slots=True)
class OrchestrationProps:
    """What an environment's orchestration is.

    Attributes:
        site: where it stands.
        encryption: what its logs are encrypted with.
        datastore, compute: what state machines read their items from and send their jobs to.
        tracing: whether X-Ray traces executions. Default: no.
        log_retention_days: how long the logs of executions are kept. Default: 30.
    """

    site: Site
    encryption: Encryption
    datastore: Datastore
    compute: Compute
    tracing: bool = False
    log_retention_days: int = 30


class Orchestration(Construct):
    """The log group of executions, and a Step Functions role for each namespace.

    Attributes:
        log_group: ARN of the log group.
        tracing: whether X-Ray traces executions.
    """

    def __init__(self, scope: Construct, id: str, props: OrchestrationProps) -> None:
        super().__init__(scope, id)
        self._props = props
        self._site = props.site
        logs = aws.cloudwatch_log_group.CloudwatchLogGroup(
            self,
            "logs",
            name=props.site.names.state_log_group,
            retention_in_days=props.log_retention_days,
            kms_key_id=props.encryption.key,
        )
        accept(logs, **LOGS)
        self.log_group: str = logs.arn
        self.tracing = props.tracing

    def execution_role(self, scope: Construct, id: str, *, namespace: str) -> Role:
        """The role that state machines of `namespace` run under.

        It submits that namespace's jobs, reads the items of its foreach steps, and starts the children of
        its own distributed maps; nothing else.
        """
        role = Role(
            scope,
            id,
            RoleProps(
                self._site,
                name=self._site.names.execution_role(namespace),
                description=f"State machines of {namespace} run under it",
                trusted=[trust_service("states", self._site.account)],
                tags=owner_tags(namespace),
            ),
        )
        self._props.compute.grant_submit(role, namespace)
        items = [f"{NAMESPACES}{folder}*/splits/*" for folder in folders(namespace)]
        self._props.datastore.grant_get(role, *items)
        # What it says of a run that events start, and of tasks and runs that fail.
        said = [f"{name}.json" for name in ("event", "died", "ended")]
        self._props.datastore.grant_put(
            role, *(f"{NAMESPACES}{folder}*/runs/*/{name}" for folder in folders(namespace) for name in said)
        )
        role.grant(
            allow(["states:StartExecution"], self._arns(["stateMachine"], namespace)),
            allow(["states:DescribeExecution", "states:StopExecution"], self._arns(["execution"], namespace)),
            # Batch can't limit a description to a resource, nor CloudWatch Logs a delivery, nor X-Ray.
            allow(["batch:DescribeJobs", *DELIVER_LOGS, *(TRACE if self.tracing else ())], [ANY]),
            allow(WATCH_JOBS, [self._site.arn("events", f"rule/{JOBS_RULE}")]),
        )
        return role

    def grant_deploy(self, role: Role, namespace: str, execution_role: Role) -> None:
        """Create, change, delete and run the namespace's state machines under its execution role."""
        role.grant(
            allow([*MANAGE, *RUN], self._arns(["stateMachine", "execution"], namespace)),
            allow(
                ["iam:PassRole"],
                [execution_role.arn],
                {"StringEquals": {"iam:PassedToService": "states.amazonaws.com"}},
            ),
        )

    def grant_observe(self, role: Role) -> None:
        """See all state machines of the environment, their executions and their logs."""
        role.grant(
            allow(OBSERVE, self._arns(["stateMachine", "execution", "mapRun"], None)),
            # Step Functions can't limit these to a resource.
            allow(LIST_AND_VALIDATE, [ANY]),
            allow(READ_LOGS, [f"{self.log_group}:*"]),
        )

    def _arns(self, kinds: Sequence[str], namespace: str | None) -> list[str]:
        """Patterns of a namespace's own, or (`None`) all of the environment's; they differ in what follows
        the name: a flow, and for executions and map runs ``:<name>`` or ``/<label>:<id>``."""
        prefix = self._site.names.state_machine_prefix
        names = state_machines(namespace) if namespace else ["*"]
        return [self._site.arn("states", f"{kind}:{prefix}{name}") for kind in kinds for name in names]

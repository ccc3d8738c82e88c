"""Starting: what schedules and events start state machines with, and where starts that failed end up."""

from __future__ import annotations

from dataclasses import dataclass

from modules import aws
from modules.cdk import Construct
from modules.policy import ANY, Statement, allow, document, trust
from modules.role import Role, RoleProps
from modules.site import Site

SCHEDULE = [
    "scheduler:CreateSchedule",
    "scheduler:DeleteSchedule",
    "scheduler:GetSchedule",
    "scheduler:UpdateSchedule",
]
RULES = [
    "events:DeleteRule",
    "events:DescribeRule",
    "events:PutRule",
    "events:PutTargets",
    "events:RemoveTargets",
]
SEE = ["events:DescribeRule", "scheduler:GetSchedule"]
FIND_RULES = ["events:ListRuleNamesByTarget"]
PUBLISH = ["events:PutEvents"]
BURY = ["sqs:SendMessage"]
STARTERS = ["scheduler.amazonaws.com", "events.amazonaws.com"]


@dataclass(frozen=True, slots=True)
class StartingProps:
    """What starting is.

    Attributes:
        site: where it stands.
        boundary: ARN of the roles' permissions boundary.
        retention_days: how long a start that failed is kept. Default: 14, the most of SQS.
    """

    site: Site
    boundary: str
    retention_days: int = 14


class Starting(Construct):
    """The group of all schedules, the dead-letter queue, and a role for each namespace.

    Attributes:
        schedule_group: its name.
        dead_letters: ARN of the queue.
    """

    def __init__(self, scope: Construct, id: str, props: StartingProps) -> None:
        super().__init__(scope, id)
        self._props, self._site = props, props.site
        prefix = props.site.names.prefix
        self.schedule_group: str = aws.scheduler_schedule_group.SchedulerScheduleGroup(
            self, "schedules", name=prefix
        ).name
        name = f"{prefix}-dead-letters"
        self.dead_letters = props.site.arn("sqs", name)
        aws.sqs_queue.SqsQueue(
            self,
            "dead-letters",
            name=name,
            message_retention_seconds=props.retention_days * 24 * 3600,
            sqs_managed_sse_enabled=True,
            policy=document(self._who_buries()),
        )

    def _who_buries(self) -> list[Statement]:
        """Scheduler does it with the schedule's role, EventBridge with nobody's: the queue lets its rules."""
        rules = self._site.arn("events", f"rule/{self._site.names.prefix}-*")
        return [
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sqs:*",
                "Resource": self.dead_letters,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": BURY,
                "Resource": self.dead_letters,
                "Condition": {"ArnLike": {"aws:SourceArn": rules}},
            },
        ]

    def role(self, scope: Construct, id: str, *, namespace: str) -> Role:
        """The role that schedules and rules start the state machines of `namespace` with, and do nothing "
        "else."""
        site = self._site
        role = Role(
            scope,
            id,
            RoleProps(
                name=site.names.scheduler_role(namespace),
                description=f"Schedules and events start state machines of {namespace} with it",
                trusted=[trust({"Service": STARTERS}, {"StringEquals": {"aws:SourceAccount": site.account}})],
                boundary=self._props.boundary,
            ),
        )
        role.grant(
            allow(
                ["states:StartExecution"],
                [site.arn("states", f"stateMachine:{site.names.namespace(namespace)}-*")],
            ),
            allow(BURY, [self.dead_letters]),
        )
        return role

    def grant_deploy(self, role: Role, namespace: str, scheduler_role: Role) -> None:
        """Make, change and remove the schedules and rules of a namespace, which start with its role."""
        site, name = self._site, self._site.names.namespace(namespace)
        short = name.removeprefix(f"{site.names.prefix}-")
        role.grant(
            allow(
                [*SCHEDULE, *RULES],
                [
                    site.arn("scheduler", f"schedule/{site.names.prefix}/{short}-*"),
                    site.arn("events", f"rule/{name}-*"),
                ],
            ),
            allow(
                ["iam:PassRole"],
                [scheduler_role.arn],
                {"StringEquals": {"iam:PassedToService": STARTERS}},
            ),
        )

    def grant_observe(self, role: Role) -> None:
        """See all schedules and rules of the environment."""
        site, prefix = self._site, self._site.names.prefix
        role.grant(
            allow(
                SEE,
                [site.arn("scheduler", f"schedule/{prefix}/*"), site.arn("events", f"rule/{prefix}-*")],
            ),
            # EventBridge can't limit it to a resource.
            allow(FIND_RULES, [ANY]),
        )

    def grant_publish(self, role: Role) -> None:
        """Publish events of the environment, and of no other."""
        role.grant(self.publish(self._site))

    @staticmethod
    def publish(site: Site) -> Statement:
        """To publish events that say they come from the environment."""
        source = "events:source"  # of each event that is published at once; and none has no source
        return allow(
            PUBLISH,
            [site.arn("events", "event-bus/default")],
            {
                "ForAllValues:StringEquals": {source: site.names.environment.event_source},
                "Null": {source: "false"},
            },
        )

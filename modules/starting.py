"""What starts the flows of a namespace: its schedules, its rules for events, and the role of both."""

from __future__ import annotations

from dataclasses import dataclass

from modules import aws
from modules.cdk import Construct
from modules.policy import ANY, Statement, allow, trust
from modules.role import Role, RoleProps
from modules.site import Site
from modules.undelivered import Undelivered
from stepwell.contract import event_source, owner_tags, state_machines

SCHEDULE = [
    "scheduler:CreateSchedule",
    "scheduler:DeleteSchedule",
    "scheduler:GetSchedule",
    "scheduler:UpdateSchedule",
]
LIST = ["scheduler:ListSchedules"]
RULES = [
    "events:DeleteRule",
    "events:DescribeRule",
    "events:PutRule",
    "events:PutTargets",
    "events:RemoveTargets",
]
FIND_RULES = ["events:ListRuleNamesByTarget"]
SEE = ["events:DescribeRule", "scheduler:GetSchedule"]
PUBLISH = ["events:PutEvents"]
START = ["states:StartExecution"]
STARTERS = ["scheduler.amazonaws.com", "events.amazonaws.com"]


@dataclass(frozen=True, slots=True)
class StartingProps:
    """What starts flows.

    Attributes:
        site: where they stand.
        undelivered: where goes a start that failed.
        namespace: whose they are.
    """

    site: Site
    undelivered: Undelivered
    namespace: str


class Starting(Construct):
    """A group, in which the namespace's people make schedules as they like, and rules of the namespace's
    name, with a role that starts only the namespace's state machines.

    Attributes:
        group: name of the group of schedules.
        role: what EventBridge and its Scheduler start flows with.
    """

    def __init__(self, scope: Construct, id: str, props: StartingProps) -> None:
        super().__init__(scope, id)
        self._site = site = props.site
        namespace = props.namespace
        owned = [f"{site.names.state_machine_prefix}{name}" for name in state_machines(namespace)]
        self._rules = [site.arn("events", f"rule/{name}") for name in owned]
        self.group = site.names.namespace(namespace)
        aws.scheduler_schedule_group.SchedulerScheduleGroup(
            self, "group", name=self.group, tags=owner_tags(namespace)
        )
        self.role = Role(
            self,
            "role",
            RoleProps(
                site,
                name=site.names.scheduler_role(namespace),
                description=f"Schedules and events start flows of {namespace} with it",
                trusted=[
                    trust(
                        {"Service": service},
                        {
                            "StringEquals": {"aws:SourceAccount": site.account},
                            "ArnLike": {"aws:SourceArn": of},
                        },
                    )
                    for service, of in zip(
                        STARTERS,
                        ([site.arn("scheduler", f"schedule-group/{self.group}")], self._rules),
                        strict=True,
                    )
                ],
                tags=owner_tags(namespace),
            ),
        )
        self.role.grant(allow(START, [site.arn("states", f"stateMachine:{name}") for name in owned]))
        props.undelivered.grant_send(self.role)

    def grant_deploy(self, role: Role) -> None:
        """Make, change and delete schedules of the group and rules, which start flows with its role."""
        role.grant(
            allow(
                [*SCHEDULE, *RULES], [self._site.arn("scheduler", f"schedule/{self.group}/*"), *self._rules]
            ),
            allow(
                ["iam:PassRole"],
                [self.role.arn],
                {"StringEquals": {"iam:PassedToService": STARTERS}},
            ),
        )


def grant_observe(role: Role, site: Site) -> None:
    """See all schedules and rules of the environment."""
    prefix = site.names.prefix
    role.grant(
        allow(SEE, [site.arn("scheduler", f"schedule/{prefix}-*/*"), site.arn("events", f"rule/{prefix}-*")]),
        # EventBridge can't limit either to a resource of ours.
        allow([*LIST, *FIND_RULES], [ANY]),
    )


def publish(site: Site) -> Statement:
    """To publish events that say they come from the environment, and no others."""
    source = "events:source"  # of each event that is published at once; and none has no source
    return allow(
        PUBLISH,
        [site.arn("events", "event-bus/default")],
        {
            "ForAllValues:StringEquals": {source: event_source(site.names.environment)},
            "Null": {source: "false"},
        },
    )

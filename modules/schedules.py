"""Schedules of a namespace: the group they are in, and the role that starts its flows."""

from __future__ import annotations

from dataclasses import dataclass

from modules import aws
from modules.cdk import Construct
from modules.policy import ANY, allow, trust
from modules.role import Role, RoleProps
from modules.site import Site
from modules.undelivered import Undelivered
from stepwell.contract import owner_tags, state_machines

MANAGE = [
    "scheduler:CreateSchedule",
    "scheduler:DeleteSchedule",
    "scheduler:GetSchedule",
    "scheduler:UpdateSchedule",
]
LIST = ["scheduler:ListSchedules"]
START = ["states:StartExecution"]


@dataclass(frozen=True, slots=True)
class SchedulesProps:
    """What schedules are.

    Attributes:
        site: where they stand.
        undelivered: where goes a start that failed.
        namespace: whose they are.
    """

    site: Site
    undelivered: Undelivered
    namespace: str


class Schedules(Construct):
    """A group, in which the namespace's people make schedules as they like, with a role that starts only
    the namespace's state machines.

    Attributes:
        group: name of the group.
        role: what EventBridge Scheduler starts flows with.
    """

    def __init__(self, scope: Construct, id: str, props: SchedulesProps) -> None:
        super().__init__(scope, id)
        self._site = site = props.site
        namespace = props.namespace
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
                description=f"Schedules of {namespace} start its flows with it",
                trusted=[
                    trust(
                        {"Service": "scheduler.amazonaws.com"},
                        {
                            "StringEquals": {
                                "aws:SourceAccount": site.account,
                                "aws:SourceArn": site.arn("scheduler", f"schedule-group/{self.group}"),
                            }
                        },
                    )
                ],
                tags=owner_tags(namespace),
            ),
        )
        machines = [f"{site.names.state_machine_prefix}{name}" for name in state_machines(namespace)]
        self.role.grant(allow(START, [site.arn("states", f"stateMachine:{name}") for name in machines]))
        props.undelivered.grant_send(self.role)

    def grant_manage(self, role: Role) -> None:
        """Make, change and delete schedules of the group, which start flows with its role."""
        role.grant(
            allow(MANAGE, [self._site.arn("scheduler", f"schedule/{self.group}/*")]),
            # EventBridge Scheduler can't limit a listing to a group.
            allow(LIST, [ANY]),
            allow(
                ["iam:PassRole"],
                [self.role.arn],
                {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
            ),
        )

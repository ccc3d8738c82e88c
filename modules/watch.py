"""What waits in job queues, as metrics: Batch has none of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from modules import aws
from modules.accepted import accept
from modules.cdk import Construct
from modules.orchestration import DELIVER_LOGS, Orchestration
from modules.policy import ANY, allow, trust_service
from modules.role import Role, RoleProps
from modules.site import Site
from stepwell.contract import Queue

NAMESPACE = "Stepwell"
WAITING, OLDEST = "RunnableJobs", "OldestRunnableJob"
LOOK = ["batch:ListJobs"]
TELL = ["cloudwatch:PutMetricData"]
OURS = {"StringEquals": {"cloudwatch:namespace": NAMESPACE}}


@dataclass(frozen=True, slots=True)
class WatchProps:
    """What is watched.

    Attributes:
        site: where it is.
        orchestration: whose log group has the failures of the watch itself.
        queues: the job queues.
        minutes: how often. Default: 5.
    """

    site: Site
    orchestration: Orchestration
    queues: Sequence[Queue]
    minutes: int = 5


class Watch(Construct):
    """A state machine of service calls, with no code of ours, that a schedule starts.

    It lists the RUNNABLE jobs of each queue, a page of 100, and tells CloudWatch how many there are and how
    long the oldest has waited; of a queue in which nobody waits it tells nothing, so idle it costs nothing
    but the calls, about a cent a month.
    """

    def __init__(self, scope: Construct, id: str, props: WatchProps) -> None:
        super().__init__(scope, id)
        self._props = props
        site = props.site
        name = f"{site.names.prefix}-watch"
        role = Role(
            self,
            "role",
            RoleProps(
                site,
                name=name,
                description="Counts the jobs that wait",
                trusted=[trust_service("states", site.account)],
            ),
        )
        role.grant(
            # AWS can't limit these to a resource; metrics at least to a namespace.
            allow([*LOOK, *DELIVER_LOGS], [ANY]),
            allow(TELL, [ANY], OURS),
        )
        states = aws.sfn_state_machine
        machine = states.SfnStateMachine(
            self,
            "machine",
            name=name,
            type="EXPRESS",
            role_arn=role.arn,
            definition=json.dumps(self._definition()),
            logging_configuration=states.SfnStateMachineLoggingConfiguration(
                level="ERROR",
                include_execution_data=True,
                log_destination=f"{props.orchestration.log_group}:*",
            ),
        )
        starter = Role(
            self,
            "starter",
            RoleProps(
                site,
                name=f"{name}-starter",
                description="Starts the count of the jobs that wait",
                trusted=[trust_service("scheduler", site.account)],
            ),
        )
        starter.grant(allow(["states:StartExecution"], [site.arn("states", f"stateMachine:{name}")]))
        accept(machine, CKV_AWS_284="Two calls every few minutes, whose failures are logged, need no trace.")
        schedule = aws.scheduler_schedule
        made = schedule.SchedulerSchedule(
            self,
            "schedule",
            name=name,
            schedule_expression=f"rate({props.minutes} minutes)",
            flexible_time_window=schedule.SchedulerScheduleFlexibleTimeWindow(mode="OFF"),
            target=schedule.SchedulerScheduleTarget(
                arn=machine.arn,
                role_arn=starter.arn,
                # The next one comes soon enough.
                retry_policy=schedule.SchedulerScheduleTargetRetryPolicy(maximum_retry_attempts=0),
            ),
        )
        accept(made, CKV_AWS_297="It names a state machine and a role, and holds no data.")

    def _definition(self) -> dict[str, Any]:
        """The machine in Amazon States Language, with JSONata for the arithmetic."""
        jobs = "$states.result.JobSummaryList"
        seconds = f"$floor(($millis() - $min({jobs}.CreatedAt)) / 1000)"
        look = {
            "Type": "Task",
            "Resource": self._call("batch:listJobs"),
            "Arguments": {"JobQueue": "{% $states.input.arn %}", "JobStatus": "RUNNABLE"},
            "Output": {
                "queue": "{% $states.input.name %}",
                "waiting": f"{{% $count({jobs}) %}}",
                "oldest": f"{{% $count({jobs}) > 0 ? {seconds} : 0 %}}",
            },
            "Next": "Does anybody wait?",
        }
        tell = {
            "Type": "Task",
            "Resource": self._call("cloudwatch:putMetricData"),
            "Arguments": {
                "Namespace": NAMESPACE,
                "MetricData": [
                    self._datum(WAITING, "Count", "{% $states.input.waiting %}"),
                    self._datum(OLDEST, "Seconds", "{% $states.input.oldest %}"),
                ],
            },
            "End": True,
        }
        return {
            "QueryLanguage": "JSONata",
            "StartAt": "Each queue",
            "States": {
                "Each queue": {
                    "Type": "Map",
                    "Items": [{"name": queue.name, "arn": queue.arn} for queue in self._props.queues],
                    "ItemProcessor": {
                        "ProcessorConfig": {"Mode": "INLINE"},
                        "StartAt": "List the jobs that wait",
                        "States": {
                            "List the jobs that wait": look,
                            "Does anybody wait?": {
                                "Type": "Choice",
                                "Choices": [
                                    {
                                        "Condition": "{% $states.input.waiting > 0 %}",
                                        "Next": "Tell CloudWatch",
                                    }
                                ],
                                "Default": "Nobody",
                            },
                            "Nobody": {"Type": "Succeed"},
                            "Tell CloudWatch": tell,
                        },
                    },
                    "End": True,
                }
            },
        }

    def _call(self, what: str) -> str:
        return f"arn:{self._props.site.partition}:states:::aws-sdk:{what}"

    def _datum(self, name: str, unit: str, value: str) -> dict[str, Any]:
        dimensions = dimensions_of(self._props.site, "{% $states.input.queue %}")
        return {
            "MetricName": name,
            "Dimensions": [{"Name": one, "Value": it} for one, it in dimensions.items()],
            "Unit": unit,
            "Value": value,
        }


def dimensions_of(site: Site, queue: str) -> dict[str, str]:
    """The dimensions of a queue's metrics."""
    return {"Environment": site.names.environment, "Queue": queue}

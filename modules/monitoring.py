"""Monitoring: a dashboard, and alarms that tell who gets notifications."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modules import aws
from modules.cdk import Construct
from modules.datastore import Datastore
from modules.notifications import Notifications
from modules.site import Site
from modules.undelivered import Undelivered
from modules.watch import NAMESPACE, OLDEST, WAITING, dimensions_of
from stepwell.contract import Queue

GIB = 1024**3
DAY = 24 * 3600
# Amazon S3 User Guide, "Metrics and dimensions": what the datastore's rules let objects be in.
STORAGE = (
    "StandardStorage",
    "IntelligentTieringFAStorage",
    "IntelligentTieringIAStorage",
    "IntelligentTieringAIAStorage",
)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of CloudWatch."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str
    period: int

    def widget(self, **options: Any) -> list[Any]:
        """As a dashboard's widget has it."""
        dimensions = [part for pair in self.dimensions.items() for part in pair]
        return [
            self.namespace,
            self.name,
            *dimensions,
            {"stat": self.statistic, "period": self.period, **options},
        ]


@dataclass(frozen=True, slots=True)
class MonitoringProps:
    """What is looked at.

    Attributes:
        site, queues, datastore, undelivered: where it is measured.
        notifications: who hears of alarms.
        dashboard: whether there is a dashboard, $3 a month behind an account's third. Default: yes.
        alarms: whether there are alarms, $0.10 for each metric. Default: yes.
        every_minutes: how often the jobs that wait are counted. Default: 5.
        waiting_jobs: how many jobs have to wait for an alarm; of each queue 100 are counted. Default: 100.
        waiting_minutes: for how long a job has to have waited. Default: 60.
        failed_runs: how many runs have to fail within an hour. Default: 5.
        datastore_gib: how large the datastore has to be. Default: 1,024.
    """

    site: Site
    queues: Sequence[Queue]
    datastore: Datastore
    undelivered: Undelivered
    notifications: Notifications
    dashboard: bool = True
    alarms: bool = True
    every_minutes: int = 5
    waiting_jobs: int = 100
    waiting_minutes: int = 60
    failed_runs: int = 5
    datastore_gib: int = 1024


class Monitoring(Construct):
    """Of metrics that AWS has: of EventBridge's rules, S3 and SQS; and of the two that the watch makes."""

    def __init__(self, scope: Construct, id: str, props: MonitoringProps) -> None:
        super().__init__(scope, id)
        self._props = props
        if props.alarms:
            self._alarms()
        if props.dashboard:
            aws.cloudwatch_dashboard.CloudwatchDashboard(
                self,
                "dashboard",
                dashboard_name=props.site.names.prefix,
                dashboard_body=json.dumps({"widgets": self._widgets()}),
            )

    def _alarms(self) -> None:
        props = self._props
        waiting, oldest = self._of_queues(WAITING), self._of_queues(OLDEST)
        self._alarm(
            "waiting-jobs",
            f"{props.waiting_jobs} jobs or more wait for a machine",
            waiting,
            "SUM",
            props.waiting_jobs,
        )
        self._alarm(
            "oldest-job",
            f"A job has waited for a machine for {props.waiting_minutes} minutes or more",
            oldest,
            "MAX",
            props.waiting_minutes * 60,
        )
        self._alarm(
            "failed-runs",
            f"{props.failed_runs} runs or more have failed within an hour",
            [self._matched(props.notifications.failed_runs, 3600)],
            "SUM",
            props.failed_runs,
        )
        self._alarm(
            "datastore",
            f"The datastore holds {props.datastore_gib} GiB or more, old versions too",
            self._stored(),
            "SUM",
            props.datastore_gib * GIB,
            # The day's size is measured hours after the day.
            missing="REPEAT",
        )
        self._alarm(
            "undelivered",
            "A schedule could not start its run, or a notification could not be delivered",
            [self._undelivered()],
            "SUM",
            1,
        )

    def _alarm(
        self,
        id: str,
        says: str,
        metrics: Sequence[Metric],
        function: str,
        threshold: float,
        missing: str = "0",
    ) -> None:
        """An alarm on the sum, or the most, of metrics; what is not measured is nothing, or as before."""
        props = self._props
        alarm = aws.cloudwatch_metric_alarm
        query = alarm.CloudwatchMetricAlarmMetricQuery
        names = [f"m{number}" for number in range(len(metrics))]
        alarm.CloudwatchMetricAlarm(
            self,
            id,
            alarm_name=f"{props.site.names.prefix}-{id}",
            alarm_description=f"Stepwell {props.site.names.environment}: {says}",
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=threshold,
            evaluation_periods=1,
            treat_missing_data="notBreaching",
            alarm_actions=[props.notifications.topic],
            ok_actions=[props.notifications.topic],
            metric_query=[
                query(
                    id="total",
                    expression=f"{function}([{', '.join(f'FILL({name}, {missing})' for name in names)}])",
                    label=id,
                    return_data=True,
                ),
                *(
                    query(
                        id=name,
                        return_data=False,
                        metric=alarm.CloudwatchMetricAlarmMetricQueryMetric(
                            namespace=metric.namespace,
                            metric_name=metric.name,
                            dimensions=dict(metric.dimensions),
                            stat=metric.statistic,
                            period=metric.period,
                        ),
                    )
                    for name, metric in zip(names, metrics, strict=True)
                ),
            ],
        )

    def _widgets(self) -> list[dict[str, Any]]:
        props = self._props
        queues = [queue.name for queue in props.queues]
        failed = self._matched(props.notifications.failed_runs, 300)
        blocked = self._matched(props.notifications.blocked_queues, 300)
        machines = f"{{AWS/States,StateMachineArn}} {props.site.names.state_machine_prefix}"
        charts = [
            (
                "Jobs that wait",
                [m.widget(label=q) for m, q in zip(self._of_queues(WAITING), queues, strict=True)],
            ),
            (
                "Seconds that the oldest has waited",
                [m.widget(label=q) for m, q in zip(self._of_queues(OLDEST), queues, strict=True)],
            ),
            (
                "Runs that failed, and queues that were blocked",
                [failed.widget(label="failed runs"), blocked.widget(label="blocked queues")],
            ),
            (
                "Runs by flow",
                [
                    [{"expression": f"SEARCH('{machines} MetricName=\"{name}\"', 'Sum', 300)", "label": name}]
                    for name in ("ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed")
                ],
            ),
            ("Bytes in the datastore", [m.widget() for m in self._stored()]),
            ("Undelivered", [self._undelivered().widget()]),
        ]
        return [
            {
                "type": "metric",
                "x": 12 * (number % 2),
                "y": 6 * (number // 2),
                "width": 12,
                "height": 6,
                "properties": {
                    "title": title,
                    "region": props.site.region,
                    "view": "timeSeries",
                    "metrics": metrics,
                },
            }
            for number, (title, metrics) in enumerate(charts)
        ]

    def _of_queues(self, name: str) -> list[Metric]:
        """Each period has a count, though one comes late: no alarm ends between two counts."""
        site, period = self._props.site, 2 * 60 * self._props.every_minutes
        return [
            Metric(NAMESPACE, name, dimensions_of(site, queue.name), "Maximum", period)
            for queue in self._props.queues
        ]

    def _matched(self, rule: str, period: int) -> Metric:
        """How often a rule of EventBridge has matched."""
        return Metric("AWS/Events", "TriggeredRules", {"RuleName": rule}, "Sum", period)

    def _stored(self) -> list[Metric]:
        """S3 measures once a day."""
        return [
            Metric(
                "AWS/S3",
                "BucketSizeBytes",
                {"BucketName": self._props.datastore.bucket, "StorageType": kind},
                "Average",
                DAY,
            )
            for kind in STORAGE
        ]

    def _undelivered(self) -> Metric:
        dimensions = {"QueueName": self._props.undelivered.name}
        return Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", dimensions, "Maximum", 300)

"""What a run needs for its Batch jobs, checked before anything starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from stepwell import aws
from stepwell.compute.guardian import Guardian
from stepwell.compute.placement import Offer
from stepwell.compute.plan import step_plans
from stepwell.compute.service import Service
from stepwell.compute.submission import Jobs, JobTask, StepPlan, job_name, submission
from stepwell.contract import Contract
from stepwell.datastore import Datastore
from stepwell.errors import UsageError
from stepwell.execution.batch import BatchJobs
from stepwell.execution.growinglog import LogReader
from stepwell.execution.joboutcome import LAST_LINES, JobOutcomes
from stepwell.execution.origin import Origin, Reuse
from stepwell.execution.package import CodePackage, pack_flow
from stepwell.execution.queue import Attempt
from stepwell.execution.workers import Settled
from stepwell.flow import paths
from stepwell.flow.spec import FlowSpec


@dataclass(frozen=True, slots=True)
class BatchRun:
    """The means of a run's jobs: nothing of it is written yet."""

    contract: Contract
    service: Service
    jobs: Jobs
    plans: dict[str, StepPlan]
    package: CodePackage

    def begin(
        self, datastore: Datastore, run: str, parameters: Mapping[str, Any], origin: Origin | Reuse | None
    ) -> None:
        """Put where jobs find it what they need: the code, and what the run was given."""
        datastore.put_code(self.package.sha256, self.package.data, self.package.revision)
        datastore.put_parameters(self.jobs.flow, run, parameters)
        if origin:
            datastore.put_origin(self.jobs.flow, run, origin.to_meta())

    def workers(
        self, flow_class: type[FlowSpec], datastore: Datastore, run: str, settled: Settled
    ) -> BatchJobs:
        """What runs the tasks of a run that has begun."""
        graph = flow_class.graph()

        def arguments(attempt: Attempt) -> dict[str, Any]:
            step, path = attempt.task.step, attempt.task.path
            if attempt.nodes is not None:
                path = paths.outer(path)
            number = str(attempt.number) if attempt.number else None
            task = JobTask(run, step, path, number, attempt.nodes)
            return submission(self.jobs, task, job_name(graph.flow, step, path), self.plans[step])

        return BatchJobs(
            self.service,
            arguments,
            partial(LogReader, datastore, graph.flow, run),
            JobOutcomes(datastore, graph, run, settled, self._container_log),
            Guardian(self.contract.region),
        )

    def _container_log(self, stream: str) -> list[str]:
        with aws.translated(f"log stream {stream}"):
            found = aws.client("logs", self.contract.region).get_log_events(
                logGroupName=self.contract.job_log_group, logStreamName=stream, limit=LAST_LINES
            )
        return [event["message"] for event in found["events"]]


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run's jobs run: all that is checked before code is packed for them."""

    contract: Contract
    service: Service
    plans: dict[str, StepPlan]

    def pack(
        self,
        flow_class: type[FlowSpec],
        datastore: Datastore,
        url: str,
        username: str,
        *,
        attached: Sequence[str] = (),
        max_splits: int | None = None,
        environments: Mapping[str, Any] | None = None,
    ) -> BatchRun:
        """The means of a run's jobs, with its code.

        Args:
            url: where jobs find the datastore.
            environments: those of steps with packages of their own.
        """
        package = pack_flow(flow_class, attached, environments=environments)
        jobs = Jobs(
            datastore=url, namespace=datastore.namespace, username=username, code=package.sha256,
            flow=flow_class.__name__, flow_file=package.flow_file, max_splits=max_splits,
        )  # fmt: skip
        return BatchRun(self.contract, self.service, jobs, self.plans, package)


def find_places(
    flow_class: type[FlowSpec], steps: frozenset[str], datastore_url: str, namespace: str
) -> Places:
    """Check that the jobs of these steps can run.

    Raises:
        UsageError: jobs can't reach the datastore, or no environment is named.
        FlowError: a step asks for a machine that there is not.
        ContractError: the environment, or the namespace in it, is not deployed.
        PlatformError: a queue is out of order, or too small.
    """
    what = f"step '{min(steps)}' has @batch"
    if not datastore_url.startswith("s3://"):
        raise UsageError(
            f"{what}, but artifacts go to {datastore_url}, which Batch jobs can't reach; put --datastore=s3 "
            "before the command, or set STEPWELL_DATASTORE=s3"
        )
    functions = flow_class.step_functions()
    name = aws.required_environment(what)
    contract, mine = aws.contract(name), aws.namespace_contract(name, namespace)
    plans = step_plans({step: functions[step] for step in steps}, Offer.of(contract, mine))
    service = Service(aws.client("batch", contract.region))
    queues: dict[str, dict[str, StepPlan]] = {}
    for step, plan in plans.items():
        queues.setdefault(plan.queue, {})[step] = plan
    for queue, sent in queues.items():
        service.check(queue, sent)
    return Places(contract, service, plans)

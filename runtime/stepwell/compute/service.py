"""AWS Batch as runs use it: submit a job, describe many at once, end many, and see what ails a queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from stepwell.aws import translated
from stepwell.compute.queue import check, trouble
from stepwell.compute.submission import StepPlan
from stepwell.errors import PlatformError

MAX_DESCRIBED = 100
"""Jobs of one call (AWS Batch API reference, DescribeJobs)."""
OVER = frozenset({"SUCCEEDED", "FAILED"})
"""The states that a job stays in."""
_CONCURRENT = 8


class Client(Protocol):
    """What of boto3's client of Batch is used."""

    def submit_job(self, **arguments: Any) -> Any: ...

    def describe_jobs(self, *, jobs: list[str]) -> Any: ...

    def terminate_job(self, *, jobId: str, reason: str) -> Any: ...

    def describe_job_queues(self, *, jobQueues: list[str]) -> Any: ...

    def describe_compute_environments(self, *, computeEnvironments: list[str]) -> Any: ...


class Service:
    """Every method raises `PlatformError` where Batch refuses or can't be reached."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def submit(self, arguments: Mapping[str, Any]) -> str:
        """Submit a job; returns its id."""
        with translated(f"Batch job {arguments['jobName']}"):
            job: str = self._client.submit_job(**arguments)["jobId"]
        return job

    def describe(self, jobs: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What Batch says of jobs, by id; one that it does not know is left out."""
        found = {}
        for start in range(0, len(jobs), MAX_DESCRIBED):
            with translated("Batch jobs"):
                answer = self._client.describe_jobs(jobs=list(jobs[start : start + MAX_DESCRIBED]))
            found.update({detail["jobId"]: detail for detail in answer["jobs"]})
        return found

    def terminate(self, jobs: Sequence[str], reason: str) -> dict[str, PlatformError]:
        """End jobs, those that wait too; raises nothing, but returns those that could not be ended."""

        def end(job: str) -> PlatformError | None:
            try:
                with translated(f"Batch job {job}"):
                    self._client.terminate_job(jobId=job, reason=reason)
            except PlatformError as error:
                return error
            return None

        if not jobs:
            return {}
        with ThreadPoolExecutor(_CONCURRENT, thread_name_prefix="stepwell-ending") as pool:
            errors = zip(jobs, pool.map(end, jobs), strict=True)
            return {job: error for job, error in errors if error}

    def check(self, queue: str, plans: Mapping[str, StepPlan]) -> None:
        """Raise `PlatformError` where the jobs of these steps could never start in a queue."""
        found = self._queue(queue)
        if found is None:
            raise PlatformError(
                f"job queue {queue}: there is none in this account and region; leave queue out of @batch to "
                "use the environment's"
            )
        check(found, self._environments(found), plans)

    def ails(self, queue: str) -> str | None:
        """What keeps a queue from starting jobs, if anything is known to."""
        found = self._queue(queue)
        if found is None:
            return f"job queue {queue} is gone"
        said = [trouble(one) for one in (found, *self._environments(found))]
        return "; ".join(filter(None, said)) or None

    def _queue(self, queue: str) -> dict[str, Any] | None:
        with translated(f"job queue {queue}"):
            found: list[dict[str, Any]] = self._client.describe_job_queues(jobQueues=[queue])["jobQueues"]
        return found[0] if found else None

    def _environments(self, queue: dict[str, Any]) -> list[dict[str, Any]]:
        names = [one["computeEnvironment"] for one in queue.get("computeEnvironmentOrder", ())]
        if not names:
            return []
        with translated(f"job queue {queue['jobQueueName']}"):
            answer = self._client.describe_compute_environments(computeEnvironments=names)
        found: list[dict[str, Any]] = answer["computeEnvironments"]
        return found

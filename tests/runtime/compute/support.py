"""An AWS Batch that does what a test says."""

from __future__ import annotations

import threading
from typing import Any


class FakeBatch:
    """What of boto3's client of Batch is used; a test sets the states of jobs."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.submitted: list[dict[str, Any]] = []
        self.described: list[list[str]] = []
        self.terminated: dict[str, str] = {}
        self.refusals: list[Exception] = []
        """What the next submissions raise."""
        self.endless: set[str] = set()
        """Jobs that can't be terminated."""
        self.queue: dict[str, Any] = {
            "jobQueueName": "queue",
            "state": "ENABLED",
            "status": "VALID",
            "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "fargate"}],
        }
        self.environment: dict[str, Any] = {
            "computeEnvironmentName": "fargate",
            "state": "ENABLED",
            "status": "VALID",
            "computeResources": {"maxvCpus": 4},
        }
        self._lock = threading.Lock()

    def submit_job(self, **arguments: Any) -> Any:
        with self._lock:
            if self.refusals:
                raise self.refusals.pop(0)
            id = f"job-{len(self.submitted)}"
            self.submitted.append(arguments)
            self.jobs[id] = {"jobId": id, "jobQueue": "queue", "status": "SUBMITTED", "attempts": []}
        return {"jobId": id}

    def describe_jobs(self, *, jobs: list[str]) -> Any:
        self.described.append(jobs)
        return {"jobs": [dict(self.jobs[id]) for id in jobs if id in self.jobs]}

    def terminate_job(self, *, jobId: str, reason: str) -> Any:
        if jobId in self.endless:
            raise refusal("TerminateJob", "AccessDeniedException", "not yours")
        self.terminated[jobId] = reason

    def describe_job_queues(self, *, jobQueues: list[str]) -> Any:
        return {"jobQueues": [self.queue] if jobQueues == ["queue"] else []}

    def describe_compute_environments(self, *, computeEnvironments: list[str]) -> Any:
        assert computeEnvironments == ["fargate"]
        return {"computeEnvironments": [self.environment]}


def refusal(operation: str, code: str, message: str, status: int = 400) -> Exception:
    """What boto3 raises when AWS refuses; `status` is that of HTTP."""
    from botocore.exceptions import ClientError

    answer: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, operation)

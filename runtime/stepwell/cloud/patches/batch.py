"""AWS Batch."""

from __future__ import annotations

import json
import re
from typing import Any

from moto.batch import models
from moto.batch.exceptions import ClientException
from moto.batch.models import BatchBackend, JobDefinition, JobQueue
from moto.batch.responses import BatchResponse
from moto.iam.exceptions import NotFoundException

from stepwell.cloud import multinode
from stepwell.cloud.jobs import LocalJob, node_overrides_of_submission, retry_strategy_of_submission
from stepwell.cloud.patches.replacing import replaces


def jobs_are_local_processes() -> None:
    """moto runs each job in Docker, looks at it twice a second, tries it once and says not why it failed.

    AWS: API Reference, ``JobDetail`` (statusReason, attempts, container.exitCode) and ``LogConfiguration``.
    """
    vars(models)["Job"] = LocalJob


def submitted_retry_strategy_counts() -> None:
    """moto drops the ``retryStrategy`` of ``SubmitJob``.

    AWS: API Reference, ``SubmitJob``: it overrides the one of the job definition.
    """

    @replaces(BatchResponse, "submitjob")
    def submitjob(original: Any, self: Any) -> Any:
        token = retry_strategy_of_submission.set(self._get_param("retryStrategy"))
        try:
            return original(self)
        finally:
            retry_strategy_of_submission.reset(token)


def submitted_node_overrides_count() -> None:
    """moto drops the ``nodeOverrides`` of ``SubmitJob``.

    AWS: API Reference, ``NodeOverrides``: how many nodes there are, and what is overridden of their
    containers, by the node ranges of the job definition. User Guide, "Compute environment considerations for
    MNP with AWS Batch": neither on Fargate nor on Spot.
    """

    @replaces(BatchResponse, "submitjob")
    def submitjob(original: Any, self: Any) -> Any:
        queue = self.batch_backend.get_job_queue(self._get_param("jobQueue"))
        definition = self.batch_backend.get_job_definition(self._get_param("jobDefinition"))
        overrides = self._get_param("nodeOverrides") or {}
        if queue is not None and definition is not None:
            types = {one.compute_resources["type"] for one in queue.environments}
            said = multinode.mistake(definition.node_properties, overrides, types)
            if said:
                raise ClientException(said)
        token = node_overrides_of_submission.set(overrides)
        try:
            return original(self)
        finally:
            node_overrides_of_submission.reset(token)


def shares_are_asked_for() -> None:
    """moto doesn't look at ``shareIdentifier``: jobs that AWS refuses run.

    AWS: API Reference, ``SubmitJob``: it must be given for a queue with a fair-share scheduling policy, and
    must not for one without; there, the job or its definition needs a scheduling priority too.
    """

    @replaces(BatchResponse, "submitjob")
    def submitjob(original: Any, self: Any) -> Any:
        queue = self.batch_backend.get_job_queue(self._get_param("jobQueue"))
        definition = self.batch_backend.get_job_definition(self._get_param("jobDefinition"))
        if queue is not None and definition is not None:
            fair = bool(queue.schedule_policy)
            if fair != bool(self._get_param("shareIdentifier")):
                has = "has a" if fair else "has no"
                raise ClientException(f"shareIdentifier: the job queue {has} fair-share scheduling policy")
            priority = getattr(definition, "scheduling_priority", None)
            if fair and priority is None and self._get_param("schedulingPriorityOverride") is None:
                raise ClientException(
                    "Either schedulingPriority in job definition or schedulingPriorityOverride should be "
                    "specified."
                )
        return original(self)


def scheduling_priorities_are_kept() -> None:
    """moto forgets the ``schedulingPriority`` of a job definition: Terraform sees drift for ever.

    AWS: API Reference, ``RegisterJobDefinition``.
    """

    @replaces(BatchResponse, "registerjobdefinition")
    def registerjobdefinition(original: Any, self: Any) -> Any:
        answer = original(self)
        made = self.batch_backend.get_job_definition_by_arn(json.loads(answer)["jobDefinitionArn"])
        made.scheduling_priority = self._get_param("schedulingPriority")
        return answer

    @replaces(JobDefinition, "describe")
    def describe(original: Any, self: Any) -> dict[str, Any]:
        priority = getattr(self, "scheduling_priority", None)
        return {**original(self), **({} if priority is None else {"schedulingPriority": priority})}


def node_properties_are_told() -> None:
    """moto does not say what the ``nodeProperties`` of a job definition are: Terraform sees drift for ever.

    AWS: API Reference, ``JobDefinition.nodeProperties``.
    """

    @replaces(JobDefinition, "describe")
    def describe(original: Any, self: Any) -> dict[str, Any]:
        nodes = self.node_properties
        return {**original(self), **({} if nodes is None else {"nodeProperties": nodes})}


def job_names_may_have_one_character() -> None:
    """moto wants two characters at least.

    AWS: API Reference, ``SubmitJob``: up to 128 letters, digits, hyphens and underscores, the first
    of them a letter or a digit.
    """
    models.JOB_NAME_REGEX = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$")


def job_definitions_go_by_arn_without_revision() -> None:
    """moto finds no job definition by an ARN that names no revision, and by a name one that is gone.

    AWS: API Reference, ``SubmitJob``: the definition's name or ARN "with or without the revision";
    without it, the newest active revision.
    """

    @replaces(BatchBackend, "get_job_definition")
    def get_job_definition(original: Any, self: Any, identifier: str) -> Any:
        name = identifier.rpartition(":job-definition/")[2]
        if ":" in name:
            return original(self, identifier)
        named = [one for one in self._job_definitions.values() if one.name == name and one.status == "ACTIVE"]
        return max(named, key=lambda one: one.revision, default=None)


def service_role_is_optional() -> None:
    """moto refuses a compute environment without a service role.

    AWS: API Reference, ``CreateComputeEnvironment``: without one, the service-linked role
    AWSServiceRoleForBatch is used, and created when the account has none.
    """

    @replaces(BatchBackend, "create_compute_environment")
    def create_compute_environment(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        kwargs["service_role"] = kwargs.get("service_role") or _service_linked_role(self)
        return original(self, *args, **kwargs)


def _service_linked_role(backend: BatchBackend) -> str:
    path, name = "/aws-service-role/batch.amazonaws.com/", "AWSServiceRoleForBatch"
    arn = f"arn:{backend.partition}:iam::{backend.account_id}:role{path}{name}"
    try:
        backend.iam_backend.get_role_by_arn(arn)
    except NotFoundException:
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "batch.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        backend.iam_backend.create_role(name, json.dumps(trust), path, None, "", [], "3600")
    return arn


def update_policy_is_kept() -> None:
    """moto forgets ``updatePolicy`` of a compute environment: Terraform sees drift for ever.

    AWS: API Reference, ``ComputeEnvironmentDetail.updatePolicy``.
    """

    def keep(action: str) -> None:
        @replaces(BatchResponse, action)
        def patched(original: Any, self: Any) -> Any:
            answer = original(self)
            if policy := self._get_param("updatePolicy"):
                arn = json.loads(answer)["computeEnvironmentArn"]
                self.batch_backend._compute_environments[arn].update_policy = policy
            return answer

    keep("createcomputeenvironment")
    keep("updatecomputeenvironment")

    @replaces(BatchBackend, "describe_compute_environments")
    def describe_compute_environments(original: Any, self: Any, environments: Any = None) -> Any:
        details = original(self, environments)
        for detail in details:
            environment = self._compute_environments[detail["computeEnvironmentArn"]]
            if policy := getattr(environment, "update_policy", None):
                detail["updatePolicy"] = policy
        return details


def job_state_time_limits_are_kept() -> None:
    """moto forgets ``jobStateTimeLimitActions`` of a queue: Terraform sees drift for ever.

    It keeps and returns them; it doesn't act on them.
    AWS: API Reference, ``JobQueueDetail.jobStateTimeLimitActions``.
    """

    def keep(action: str) -> None:
        @replaces(BatchResponse, action)
        def patched(original: Any, self: Any) -> Any:
            answer = original(self)
            limits = self._get_param("jobStateTimeLimitActions")
            if limits is not None:
                self.batch_backend._job_queues[json.loads(answer)["jobQueueArn"]].time_limits = limits
            return answer

    keep("createjobqueue")
    keep("updatejobqueue")

    @replaces(JobQueue, "describe")
    def describe(original: Any, self: Any) -> dict[str, Any]:
        return {**original(self), "jobStateTimeLimitActions": getattr(self, "time_limits", [])}


PATCHES = (
    jobs_are_local_processes,
    submitted_retry_strategy_counts,
    submitted_node_overrides_count,
    shares_are_asked_for,
    scheduling_priorities_are_kept,
    node_properties_are_told,
    job_names_may_have_one_character,
    job_definitions_go_by_arn_without_revision,
    service_role_is_optional,
    update_policy_is_kept,
    job_state_time_limits_are_kept,
)

"""The permissions boundary: what no role of any environment can exceed, whatever it is granted."""

from __future__ import annotations

from dataclasses import dataclass

from modules import (
    aws,
    catalog,
    compute,
    datastore,
    encryption,
    facts,
    instances,
    lake,
    names,
    orchestration,
    parameters,
    queries,
    schedules,
    undelivered,
    watch,
)
from modules.cdk import Construct
from modules.policy import ANY, allow, document
from modules.site import Site


@dataclass(frozen=True, slots=True)
class BoundaryProps:
    """What the boundary is.

    Attributes:
        site: a site whose names are those of the role's own environment (`names.OF_PRINCIPAL`).
        key: ARN of the region's KMS key.
    """

    site: Site
    key: str


class Boundary(Construct):
    """One managed policy for all environments of a region, at most 6,144 characters (IAM's quota).

    It is made of the rights that constructs grant, on the resources of the environment that a role is
    tagged with: a role that someone widens by hand still reaches nothing outside its environment, and no
    role can change IAM. It belongs to the foundation, so that who deploys an environment can be let make
    roles with it and none without, and can't change it.
    """

    def __init__(self, scope: Construct, id: str, props: BoundaryProps) -> None:
        super().__init__(scope, id)
        site = props.site
        prefix = site.names.prefix
        states = ("stateMachine", "execution", "mapRun")
        statements = [
            allow([*datastore.GET, *datastore.WRITE], [site.bucket_arn("*")]),
            allow([*datastore.LIST, *datastore.LOCATE], [site.bucket_arn()]),
            allow(
                [*encryption.DECRYPT, *encryption.ENCRYPT],
                [props.key],
                {"StringLike": {"kms:ViaService": f"*.{site.region}.amazonaws.com"}},
            ),
            allow([*catalog.READ, *catalog.WRITE], catalog.resources(site, "*")),
            allow(
                compute.SUBMIT,
                [site.arn("batch", f"{kind}/{prefix}-*") for kind in ("job-definition", "job-queue")],
            ),
            # The ids of jobs say nothing of who submitted them; grants limit these by the job's tag.
            allow([*compute.STOP, *compute.TAG], [site.arn("batch", "job/*")]),
            # AWS can't limit any of these to a resource (Service Authorization Reference: Batch,
            # CloudWatch Logs, Step Functions, ECR, ECS, EC2, X-Ray, Lake Formation, Scheduler).
            allow(
                [
                    *compute.OBSERVE,
                    *orchestration.DELIVER_LOGS,
                    *orchestration.LIST_AND_VALIDATE,
                    *compute.LOG_IN,
                    *instances.FIND,
                    *orchestration.TRACE,
                    *lake.ACCESS,
                    *schedules.LIST,
                ],
                [ANY],
            ),
            allow(watch.TELL, [ANY], watch.OURS),
            allow([*instances.JOIN, *instances.REPORT], [instances.clusters(site, "cluster")]),
            allow(instances.LISTEN, [instances.clusters(site, "container-instance")]),
            # The image that settings name may be kept in any account.
            allow(compute.PULL, [f"arn:{site.partition}:ecr:*:*:repository/*"]),
            allow(
                [*compute.READ_LOGS, *compute.WRITE_LOGS],
                [
                    site.arn("logs", f"log-group:{group}:*")
                    for group in (site.names.job_log_group, site.names.state_log_group)
                ],
            ),
            allow(
                [*orchestration.MANAGE, *orchestration.RUN, *orchestration.OBSERVE],
                [site.arn("states", f"{kind}:{prefix}-*") for kind in states],
            ),
            allow(orchestration.WATCH_JOBS, [site.arn("events", f"rule/{orchestration.JOBS_RULE}")]),
            allow(parameters.READ, [site.arn("ssm", f"parameter{site.names.parameters}/*")]),
            allow(parameters.READ_SECRETS, site.secret_arns("*")),
            allow(schedules.MANAGE, [site.arn("scheduler", f"schedule/{prefix}-*/*")]),
            allow(queries.QUERY, [site.arn("athena", f"workgroup/{prefix}-*")]),
            allow(facts.LOG, [site.arn("logs", facts.LOG_GROUPS)]),
            allow(undelivered.SEND, [site.arn("sqs", f"{prefix}-*")]),
            *(
                allow(
                    ["iam:PassRole"],
                    [site.role_arn(f"{prefix}-*-{kind}")],
                    {"StringEquals": {"iam:PassedToService": f"{service}.amazonaws.com"}},
                )
                for kind, service in (("sfn", "states"), ("sch", "scheduler"))
            ),
            allow(["sts:AssumeRole"], [site.role_arn(f"{prefix}-project-*")]),
        ]
        aws.iam_policy.IamPolicy(
            self,
            "policy",
            name=names.boundary(site.region),
            description="What no role of a Stepwell environment can exceed",
            policy=document(statements),
        )

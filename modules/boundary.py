"""The permissions boundary: what no role of any environment can exceed, whatever it is granted."""

from __future__ import annotations

from collections.abc import Sequence
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
    starting,
    undelivered,
    watch,
)
from modules.cdk import Construct
from modules.policy import ANY, allow, document
from modules.site import Site

STATES = ("stateMachine", "execution", "mapRun")
BATCH = ("job-definition", "job-queue")


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
        # One statement, for IAM counts its characters: an action is allowed on none but its own service's.
        within: list[tuple[Sequence[str], Sequence[str]]] = [
            ([*datastore.GET, *datastore.WRITE], [site.bucket_arn("*")]),
            ([*datastore.LIST, *datastore.LOCATE], [site.bucket_arn()]),
            ([*catalog.READ, *catalog.WRITE], catalog.resources(site, "*")),
            (
                [*compute.SUBMIT, *compute.TAG],
                [site.arn("batch", f"{kind}/{prefix}-*") for kind in BATCH],
            ),
            # The ids of jobs say nothing of who submitted them; grants limit these by the job's tag.
            ([*compute.SUBMIT, *compute.STOP, *compute.TAG], [site.arn("batch", "job/*")]),
            ([*instances.JOIN, *instances.REPORT], [instances.clusters(site, "cluster")]),
            (instances.LISTEN, [instances.clusters(site, "container-instance")]),
            # The image that settings name may be kept in any account.
            (compute.PULL, [f"arn:{site.partition}:ecr:*:*:repository/*"]),
            (
                [*compute.READ_LOGS, *compute.WRITE_LOGS, *facts.LOG],
                [
                    *(site.arn("logs", f"log-group:{group}:*") for group in site.names.log_groups),
                    site.arn("logs", facts.LOG_GROUPS),
                ],
            ),
            (
                [*orchestration.MANAGE, *orchestration.RUN, *orchestration.OBSERVE],
                [site.arn("states", f"{kind}:{prefix}-*") for kind in STATES],
            ),
            (orchestration.WATCH_JOBS, [site.arn("events", f"rule/{orchestration.JOBS_RULE}")]),
            (parameters.READ, [site.arn("ssm", f"parameter{site.names.parameters}/*")]),
            (parameters.READ_SECRETS, site.secret_arns("*")),
            (starting.SCHEDULE, [site.arn("scheduler", f"schedule/{prefix}-*/*")]),
            (starting.RULES, [site.arn("events", f"rule/{prefix}-*")]),
            (queries.QUERY, [site.arn("athena", f"workgroup/{prefix}-*")]),
            (undelivered.SEND, [site.arn("sqs", f"{prefix}-*")]),
        ]
        # AWS can't limit any of these to a resource (Service Authorization Reference: Batch,
        # CloudWatch Logs, Step Functions, ECR, ECS, EC2, X-Ray, Lake Formation, Scheduler).
        anywhere = [
            *compute.OBSERVE,
            *orchestration.DELIVER_LOGS,
            *orchestration.LIST_AND_VALIDATE,
            *compute.LOG_IN,
            *instances.FIND,
            *orchestration.TRACE,
            *lake.ACCESS,
            *starting.LIST,
            *starting.FIND_RULES,
        ]
        statements = [
            allow(
                {action for actions, _ in within for action in actions},
                dict.fromkeys(resource for _, resources in within for resource in resources),
            ),
            allow(anywhere, [ANY]),
            allow(
                [*encryption.DECRYPT, *encryption.ENCRYPT],
                [props.key],
                {"StringLike": {"kms:ViaService": f"*.{site.region}.amazonaws.com"}},
            ),
            allow(watch.TELL, [ANY], watch.OURS),
            starting.publish(site),
            allow(["sts:AssumeRole"], [site.role_arn(f"{prefix}-{one}-*") for one in ("project", "branch")]),
            *(
                allow(
                    ["iam:PassRole"],
                    [site.role_arn(f"{prefix}-*-{kind}")],
                    {"StringEquals": {"iam:PassedToService": services}},
                )
                for kind, services in (("sfn", "states.amazonaws.com"), ("sch", starting.STARTERS))
            ),
        ]
        aws.iam_policy.IamPolicy(
            self,
            "policy",
            name=names.boundary(site.region),
            description="What no role of a Stepwell environment can exceed",
            policy=document(statements),
        )

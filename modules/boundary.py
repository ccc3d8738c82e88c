"""The permissions boundary: what no role of an environment can exceed, whatever it is granted."""

from __future__ import annotations

from dataclasses import dataclass

from modules import aws, catalog, compute, datastore, orchestration, starting
from modules.cdk import Construct
from modules.policy import ANY, allow, document
from modules.site import READ_SECRETS, Site


@dataclass(frozen=True, slots=True)
class BoundaryProps:
    """`site` is where the environment stands."""

    site: Site


class Boundary(Construct):
    """One managed policy, at most 6,144 characters (IAM's quota), made of the rights constructs grant.

    It names services' actions and the environment's own resources: a role that someone widens by hand
    still reaches nothing outside its environment, and no role can change IAM.

    Attributes:
        arn: what a role takes as its boundary.
    """

    def __init__(self, scope: Construct, id: str, props: BoundaryProps) -> None:
        super().__init__(scope, id)
        site = props.site
        prefix = site.names.prefix
        states = ("stateMachine", "execution", "mapRun")
        statements = [
            allow([*datastore.GET, *datastore.WRITE], [site.bucket_arn("*")]),
            allow(datastore.LIST, [site.bucket_arn()]),
            allow([*catalog.READ, *catalog.WRITE], catalog.resources(site, "*")),
            allow(
                compute.SUBMIT,
                [site.arn("batch", f"job-definition/{prefix}-*"), site.arn("batch", f"job-queue/{prefix}")],
            ),
            # The ids of jobs say nothing of who submitted them; grants limit these by the job's tag.
            allow([*compute.STOP, *compute.TAG], [site.arn("batch", "job/*")]),
            # AWS can't limit any of these to a resource (Service Authorization Reference: Batch,
            # CloudWatch Logs, Step Functions, ECR).
            allow(
                [
                    *compute.OBSERVE,
                    *orchestration.DELIVER_LOGS,
                    *orchestration.LIST_AND_VALIDATE,
                    *starting.FIND_RULES,
                    *compute.LOG_IN,
                ],
                [ANY],
            ),
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
            allow(starting.SCHEDULE, [site.arn("scheduler", f"schedule/{prefix}/*")]),
            allow(starting.RULES, [site.arn("events", f"rule/{prefix}-*")]),
            allow(starting.BURY, [site.arn("sqs", f"{prefix}-*")]),
            starting.Starting.publish(site),
            allow(
                ["iam:PassRole"],
                [site.role_arn(f"{prefix}-*-sch")],
                {"StringEquals": {"iam:PassedToService": starting.STARTERS}},
            ),
            allow(orchestration.WATCH_JOBS, [site.arn("events", f"rule/{orchestration.JOBS_RULE}")]),
            allow(["ssm:GetParameter"], [site.arn("ssm", f"parameter{site.names.parameters}/*")]),
            allow(READ_SECRETS, site.secret_arns("*")),
            allow(
                ["iam:PassRole"],
                [site.role_arn(f"{prefix}-*-sfn")],
                {"StringEquals": {"iam:PassedToService": "states.amazonaws.com"}},
            ),
            allow(["sts:AssumeRole"], [site.role_arn(f"{prefix}-project-*")]),
        ]
        policy = aws.iam_policy.IamPolicy(
            self,
            "policy",
            name=f"{prefix}-boundary",
            description="What no role of this Stepwell environment can exceed",
            policy=document(statements),
        )
        self.arn: str = policy.arn
